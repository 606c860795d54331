// SPDX-License-Identifier: MIT
// See variables.hpp. They show the decision about this request in its location, so they are empty if nobody
// is signed in or allowed. A refused request keeps them for the access log.
#include "variables.hpp"
#include "../boundary.hpp"
#include "admission.hpp"
#include "../conf/names.hpp"

#include "../../core/bytes.hpp"
#include "../../session/facts.hpp"

namespace oauth::ngx {

namespace {

using Value = ngx_http_variable_value_t;
using Read = std::string (*)(session::Store& store, session::OpenedSession& opened);

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

// The admission of whoever may be shown for this request; nullptr: nobody.
const flow::Admission* shown(ngx_http_request_t* r) {
    const flow::Admission* admission = foresee_admission(r);
    return admission != nullptr && may_be_named(r, *admission) ? admission : nullptr;
}

// A text that could end a header line must not get into a header.
ngx_int_t set_fact(ngx_http_request_t* r, Value* value, const std::string& text) {
    return set_value(r, value,
                     core::has_control_characters(text) ? std::string_view() : std::string_view(text));
}

// `data` is the fact's row.
ngx_int_t get_fact(ngx_http_request_t* r, Value* value, uintptr_t data) {
    const flow::Admission* admission = shown(r);
    return set_fact(r, value,
                    admission == nullptr ? ""
                                         : session::shown_text(*admission->identity, session::facts[data]));
}

ngx_int_t get_authenticated(ngx_http_request_t* r, Value* value, uintptr_t) {
    return set_value(r, value, shown(r) == nullptr ? "" : "1");
}

// One that has ended is nobody's any more: while the provider is away, or where there was no refresh token,
// the application is to see that there is none.
std::string read_access_token(session::Store&, session::OpenedSession& opened) {
    const session::Session& session = opened.session;
    const bool has_ended = session.access_expires_at != 0 && ngx_time() >= session.access_expires_at;
    return has_ended ? std::string() : std::string(session.access_token);
}
std::string read_id_token(session::Store& store, session::OpenedSession& opened) {
    store.read_id_token(opened);
    return opened.session.id_token;
}
std::string read_session_id(session::Store&, session::OpenedSession& opened) {
    return session::log_id(opened.session);
}

template <Read Reader>
ngx_int_t get_of_session(ngx_http_request_t* r, Value* value, uintptr_t) {
    const flow::Admission* admission = shown(r);
    const bool has_session = admission != nullptr && admission->session != nullptr;
    return set_fact(r, value, has_session ? Reader(*site_of(r)->store, *admission->session) : "");
}

// A session may hold tokens of a time when oauth_tokens was on.
template <Read Reader>
ngx_int_t get_token(ngx_http_request_t* r, Value* value, uintptr_t data) {
    return server_conf(r)->tokens == 1 ? get_of_session<Reader>(r, value, data) : set_value(r, value, "");
}

std::string scalar_text(core::JsonView claim) {
    if (const auto text = claim.as_string()) {
        return std::string(*text);
    }
    if (claim.is_array()) {
        session::Strings items;
        for (const core::JsonView item : claim.elements()) {
            const auto text = item.as_string();
            if (const auto shown = text ? text : item.number_text()) {
                items.emplace_back(*shown);
            }
        }
        return session::joined(items);
    }
    return claim.is_null() || claim.is_object() ? "" : claim.dump();
}

ngx_int_t get_claim(ngx_http_request_t* r, Value* value, uintptr_t data) {
    constexpr std::size_t prefix = sizeof("oauth_claim_") - 1;
    const std::string_view name = view(*reinterpret_cast<ngx_str_t*>(data));
    const flow::Admission* admission = shown(r);
    const std::string* json =
        admission == nullptr ? nullptr : admission->identity->find_claim(claim_path(name.substr(prefix)));
    const auto claim = json == nullptr ? std::nullopt : core::Json::parse(*json);
    return set_fact(r, value, claim ? scalar_text(claim->root()) : "");
}

ngx_int_t get_identity(ngx_http_request_t* r, Value* value, uintptr_t) {
    const flow::Admission* admission = foresee_admission(r);
    const auto identity = admission != nullptr && admission->passes() ? identity_of(r, *admission) : nullptr;
    return set_value(r, value, identity == nullptr ? std::string_view() : std::string_view(*identity));
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
    if (const flow::Admission* admission = shown(r)) {
        return set_fact(r, value, admission->identity->user);
    }
    // Only a name that auth_basic has checked. nginx itself would take any name that the client sends.
    return r->headers_in.user.len != 0 ? basic_remote_user(r, value, data) : set_value(r, value, "");
}

struct Variable {
    std::string_view name;
    ngx_http_get_variable_pt get;
    ngx_uint_t flags = NGX_HTTP_VAR_NOCACHEABLE;
};

// Beside them, one for each fact that is shown: session/facts.hpp.
const Variable variables[] = {
    {"oauth_authenticated", guarded<get_authenticated>},
    {"oauth_access_token", guarded<get_token<read_access_token>>},
    {"oauth_id_token", guarded<get_token<read_id_token>>},
    {"oauth_session_id", guarded<get_of_session<read_session_id>>},
    {"oauth_identity", guarded<get_identity>},
    {"oauth_rule", guarded<get_rule>},
    {"oauth_error", guarded<get_error>},
    {"oauth_claim_", guarded<get_claim>, NGX_HTTP_VAR_NOCACHEABLE | NGX_HTTP_VAR_PREFIX},
};

bool add(ngx_conf_t* cf, const Variable& each, uintptr_t data) {
    ngx_str_t name = copy(cf->pool, each.name);
    ngx_http_variable_t* variable =
        name.data == nullptr ? nullptr : ngx_http_add_variable(cf, &name, each.flags);
    if (variable == nullptr) {
        return false;
    }
    variable->get_handler = each.get;
    variable->data = data;
    return true;
}

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
        if (!add(cf, each, 0)) {
            return NGX_ERROR;
        }
    }
    for (const session::FactRow& row : session::facts) {
        const std::string name = "oauth_" + std::string(row.shown_as);
        if (!row.shown_as.empty() && !add(cf, {name, guarded<get_fact>}, session::Fact::of(row).index())) {
            return NGX_ERROR;
        }
    }
    take_over_remote_user(cf);
    return NGX_OK;
}

} // namespace oauth::ngx
