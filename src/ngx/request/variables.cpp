// SPDX-License-Identifier: MIT
// See variables.hpp. They show the decision about this request in its location, so they are empty if nobody
// is signed in or allowed. A refused request keeps them for the access log.
#include "variables.hpp"
#include "../boundary.hpp"
#include "admission.hpp"
#include "../conf/names.hpp"

#include "../../core/bytes.hpp"
#include "../../flow/exchange.hpp"

namespace oauth::ngx {

namespace {

using Value = ngx_http_variable_value_t;
using Read = std::string (*)(const session::Session& session);

void set_empty(Value* value) {
    value->len = 0;
    value->data = reinterpret_cast<u_char*>(const_cast<char*>(""));
    value->valid = 1;
    value->no_cacheable = 1;
    value->not_found = 0;
}

ngx_int_t set_value(ngx_http_request_t* r, Value* value, std::string_view text) {
    set_empty(value);
    if (text.empty()) {
        return NGX_OK;
    }
    const ngx_str_t stored = copy(r->pool, text);
    if (stored.data == nullptr) {
        return NGX_ERROR;
    }
    value->data = stored.data;
    value->len = static_cast<unsigned>(stored.len) & 0xfffffff; // 28 bits
    return NGX_OK;
}

// The session whose facts may be shown for this request; nullptr: none.
const session::Session* shown_session(ngx_http_request_t* r) {
    const flow::Admission* admission = foresee_admission(r);
    return admission != nullptr && may_be_named(r, *admission) ? &admission->session->session : nullptr;
}

std::string text_of(const std::optional<std::string>& text) {
    return text.value_or("");
}

std::string list_of(const std::optional<session::Strings>& list) {
    std::string text;
    for (const std::string& item : list.value_or(session::Strings())) {
        if (item.find(',') == std::string::npos) { // an item with a comma would look like two
            text.append(text.empty() ? "" : ",").append(item);
        }
    }
    return text;
}

std::string read_authenticated(const session::Session&) {
    return "1";
}
std::string read_provider(const session::Session& session) {
    return session.identity.provider;
}
std::string read_subject(const session::Session& session) {
    return session.identity.subject;
}
std::string read_user(const session::Session& session) {
    return session.identity.user;
}
std::string read_email(const session::Session& session) {
    return text_of(session.identity.email);
}
std::string read_email_verified(const session::Session& session) {
    return session.identity.email ? (session.identity.email_verified ? "1" : "0") : "";
}
std::string read_name(const session::Session& session) {
    return text_of(session.identity.name);
}
std::string read_picture(const session::Session& session) {
    return text_of(session.identity.picture);
}
std::string read_groups(const session::Session& session) {
    return list_of(session.identity.groups);
}
std::string read_access_token(const session::Session& session) {
    return session.access_token;
}
std::string read_id_token(const session::Session& session) {
    return session.id_token;
}
std::string read_session_id(const session::Session& session) {
    return session::log_id(session);
}

template <Read Reader>
ngx_int_t get_fact(ngx_http_request_t* r, Value* value, uintptr_t) {
    const session::Session* session = shown_session(r);
    const std::string text = session == nullptr ? "" : Reader(*session);
    // A text that could end a header line must not get into a header.
    return set_value(r, value,
                     core::has_control_characters(text) ? std::string_view() : std::string_view(text));
}

std::string scalar_text(core::JsonView claim) {
    if (const auto text = claim.as_string()) {
        return std::string(*text);
    }
    if (claim.is_array()) {
        session::Strings items;
        for (const core::JsonView item : claim.elements()) {
            if (const auto text = item.as_string()) {
                items.emplace_back(*text);
            }
        }
        return list_of(items);
    }
    return claim.is_null() || claim.is_object() ? "" : claim.dump();
}

ngx_int_t get_claim(ngx_http_request_t* r, Value* value, uintptr_t data) {
    constexpr std::size_t prefix = sizeof("oauth_claim_") - 1;
    const std::string_view name = view(*reinterpret_cast<ngx_str_t*>(data));
    const session::Session* session = shown_session(r);
    const std::string* json =
        session == nullptr ? nullptr : session->identity.find_claim(claim_path(name.substr(prefix)));
    const auto claim = json == nullptr ? std::nullopt : core::Json::parse(*json);
    const std::string text = claim ? scalar_text(claim->root()) : "";
    return set_value(r, value,
                     core::has_control_characters(text) ? std::string_view() : std::string_view(text));
}

ngx_int_t get_identity(ngx_http_request_t* r, Value* value, uintptr_t) {
    const flow::Admission* admission = foresee_admission(r);
    return set_value(r, value, admission != nullptr && admission->passes() ? identity_of(r, *admission) : "");
}

ngx_int_t get_rule(ngx_http_request_t* r, Value* value, uintptr_t) {
    const flow::Admission* admission = foresee_admission(r);
    if (admission == nullptr || admission->verdict.rule < 0) {
        return set_value(r, value, "");
    }
    return set_value(r, value, location_conf(r)->guard->rules->text(admission->verdict.rule));
}

ngx_int_t get_error(ngx_http_request_t* r, Value* value, uintptr_t) {
    const Context* context = find_context(r);
    return set_value(r, value, context != nullptr && context->error ? core::code_name(*context->error) : "");
}

// nginx's own $remote_user, for requests without a sign-in here.
ngx_http_get_variable_pt basic_remote_user = nullptr;

ngx_int_t get_remote_user(ngx_http_request_t* r, Value* value, uintptr_t data) {
    if (!server_conf(r)->in_use || location_conf(r)->mode == mode_off) {
        const ngx_str_t checked =
            r->headers_in.user; // reading it would make nginx trust a name that nobody has checked
        const ngx_int_t rc = basic_remote_user(r, value, data);
        r->headers_in.user = checked;
        return rc;
    }
    if (shown_session(r) != nullptr) {
        return get_fact<read_user>(r, value, data);
    }
    // Only a name that auth_basic has checked. nginx itself would take any name that the client sends.
    return r->headers_in.user.len != 0 ? basic_remote_user(r, value, data) : set_value(r, value, "");
}

struct Variable {
    std::string_view name;
    ngx_http_get_variable_pt get;
    ngx_uint_t flags = NGX_HTTP_VAR_NOCACHEABLE;
};

const Variable variables[] = {
    {"oauth_authenticated", guarded<get_fact<read_authenticated>>},
    {"oauth_provider", guarded<get_fact<read_provider>>},
    {"oauth_sub", guarded<get_fact<read_subject>>},
    {"oauth_user", guarded<get_fact<read_user>>},
    {"oauth_email", guarded<get_fact<read_email>>},
    {"oauth_email_verified", guarded<get_fact<read_email_verified>>},
    {"oauth_name", guarded<get_fact<read_name>>},
    {"oauth_picture", guarded<get_fact<read_picture>>},
    {"oauth_groups", guarded<get_fact<read_groups>>},
    {"oauth_access_token", guarded<get_fact<read_access_token>>},
    {"oauth_id_token", guarded<get_fact<read_id_token>>},
    {"oauth_session_id", guarded<get_fact<read_session_id>>},
    {"oauth_identity", guarded<get_identity>},
    {"oauth_rule", guarded<get_rule>},
    {"oauth_error", guarded<get_error>},
    {"oauth_claim_", guarded<get_claim>, NGX_HTTP_VAR_NOCACHEABLE | NGX_HTTP_VAR_PREFIX},
};

void take_over_remote_user(ngx_conf_t* cf) {
    const auto* core_main =
        static_cast<ngx_http_core_main_conf_t*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
    const auto* keys = static_cast<ngx_hash_key_t*>(core_main->variables_keys->keys.elts);
    for (ngx_uint_t i = 0; i < core_main->variables_keys->keys.nelts; ++i) {
        auto* variable = static_cast<ngx_http_variable_t*>(keys[i].value);
        if (view(keys[i].key) == "remote_user") {
            basic_remote_user = variable->get_handler;
            variable->get_handler = guarded<get_remote_user>;
            variable->flags |= NGX_HTTP_VAR_NOCACHEABLE;
        }
    }
}

} // namespace

ngx_int_t add_variables(ngx_conf_t* cf) {
    for (const Variable& each : variables) {
        ngx_str_t name = copy(cf->pool, each.name);
        ngx_http_variable_t* variable =
            name.data == nullptr ? nullptr : ngx_http_add_variable(cf, &name, each.flags);
        if (variable == nullptr) {
            return NGX_ERROR;
        }
        variable->get_handler = each.get;
    }
    take_over_remote_user(cf);
    return NGX_OK;
}

} // namespace oauth::ngx
