// SPDX-License-Identifier: MIT
// See context.hpp. This is the warm path: a request with a known session passes decide() without a system
// call, a lock or an allocation beyond the request's pool.
#include "context.hpp"
#include "../compat.hpp"
#include "headers.hpp"
#include "../pool.hpp"
#include "../conf/rules.hpp"

#include "../../session/cookies.hpp"

#include <stdexcept>

namespace oauth::ngx {

Context* find_context(ngx_http_request_t* r) {
    auto* context = static_cast<Context*>(ngx_http_get_module_ctx(r, ngx_http_oauth_module));
    if (context == nullptr && (r->internal || r != r->main)) { // nginx forgets r->ctx on an internal redirect
        context = pool_find<Context>(r->pool, [r](const Context& each) { return each.request() == r; });
        if (context != nullptr) {
            ngx_http_set_ctx(r, context, ngx_http_oauth_module);
        }
    }
    return context;
}

Context& make_context(ngx_http_request_t* r) {
    Context* context = find_context(r);
    if (context == nullptr) {
        context = pool_make<Context>(r->pool, r);
        ngx_http_set_ctx(r, context, ngx_http_oauth_module);
    }
    return *context;
}

namespace {

// The name under which this server's cookies are known, whatever the scheme of the request: what is cut must
// not depend on it.
struct OwnNames {
    std::string_view names[2];
    std::size_t count = 0;
};

OwnNames own_names(const flow::SiteOptions& options) {
    if (!options.cookie.name.empty()) {
        return {{options.cookie.name, {}}, 1};
    }
    return {{"__Host-oauth", "oauth"}, 2};
}

bool is_own(const OwnNames& own, std::string_view name) {
    for (std::size_t i = 0; i < own.count; ++i) {
        if (session::is_own_cookie(name, own.names[i])) {
            return true;
        }
    }
    return false;
}

// One header: remembers what is ours and leaves what is not.
void read_cookie_header(ngx_http_request_t* r, Context& context, const OwnNames& own,
                        ngx_table_elt_t& header) {
    std::string_view rest = view(header.value);
    session::Cookie cookie;
    std::size_t ours = 0;
    std::size_t all = 0;
    while (session::next_cookie(rest, cookie)) {
        ++all;
        if (is_own(own, cookie.name)) {
            ++ours;
            context.own_cookies.add(r->pool, cookie.name, cookie.value);
        }
    }
    if (ours == 0) {
        return;
    }
    std::string kept;
    if (ours < all || view(header.value).find(';') != std::string_view::npos) {
        kept = string(header.value);
        for (std::size_t i = 0; i < own.count; ++i) {
            if (auto without = session::without_own_cookies(kept, own.names[i])) {
                kept = std::move(*without);
            }
        }
    }
    if (kept.empty()) {
        header.value.len = 0;
        if (context.spare_header == nullptr) {
            context.spare_header = &header;
        }
        return;
    }
    const ngx_str_t value = copy(r->pool, kept);
    if (value.data == nullptr) {
        throw std::bad_alloc();
    }
    header.value = value;
}

void remove_empty_cookie_headers(ngx_http_request_t* r, const Context& context) {
    for (;;) {
        ngx_table_elt_t* header = nullptr;
        for_each_cookie_header(r,
                               [&](ngx_table_elt_t& each) { header = each.value.len == 0 ? &each : header; });
        if (header == nullptr) {
            return;
        }
        forget_cookie_header(r, header);
        if (header != context.spare_header && !remove_header(r, header)) {
            throw std::bad_alloc();
        }
    }
}

bool has_own_cookie(ngx_http_request_t* r, const OwnNames& own) {
    bool found = false;
    for_each_cookie_header(r, [&](const ngx_table_elt_t& header) {
        std::string_view rest = view(header.value);
        session::Cookie cookie;
        while (!found && session::next_cookie(rest, cookie)) {
            found = is_own(own, cookie.name);
        }
    });
    return found;
}

void find_session_cookie(ngx_http_request_t* r, Context& context, const std::string& name) {
    session::CookieJoiner joiner(name);
    for (const auto& [cookie_name, value] : context.own_cookies) {
        joiner.see({cookie_name, value});
    }
    if (const auto single = joiner.single()) {
        context.session_cookie = *single;
    } else if (const auto joined = joiner.join()) {
        const ngx_str_t text = copy(r->pool, *joined);
        context.session_cookie = text.data == nullptr ? std::string_view() : view(text);
    }
}

bool is_offered(const MainConf& main, const LocationConf& location, std::string_view provider) {
    for (const std::size_t index : *location.offer) {
        if (main.compiled->providers[index]->settings.name == provider) {
            return true;
        }
    }
    return false;
}

} // namespace

void read_cookies(ngx_http_request_t* r, Context& context) {
    if (context.cookies_read) {
        return;
    }
    context.cookies_read = true;
    const OwnNames own = own_names(server_conf(r)->compiled->options);
    for_each_cookie_header(r, [&](ngx_table_elt_t& header) { read_cookie_header(r, context, own, header); });
    if (context.spare_header != nullptr) {
        remove_empty_cookie_headers(r, context);
    }
}

const session::OpenedSessionPointer& find_session(ngx_http_request_t* r, Context& context) {
    if (context.session_looked_up) {
        return context.session;
    }
    context.session_looked_up = true;
    const ServerConf& server = *server_conf(r);
    read_cookies(r, context);
    context.base_url = find_base_url(r, server);
    if (context.own_cookies.empty() || context.base_url.empty()) {
        return context.session;
    }
    find_session_cookie(r, context, session::cookie_name(server.compiled->options.cookie, context.base_url));
    if (!context.session_cookie.empty()) {
        context.session = flow::find_session(runtime_of(*main_conf(r)).site(server), context.session_cookie,
                                             context.base_url);
    }
    return context.session;
}

namespace {

// The main request's session: a subrequest has its parent's headers, from which the cookies have been cut.
const session::OpenedSessionPointer& session_of(ngx_http_request_t* r, Context& context) {
    if (r != r->main && !std::exchange(context.session_looked_up, true)) {
        Context& main_context = make_context(r->main);
        context.session = find_session(r->main, main_context);
        context.base_url = main_context.base_url;
    }
    return find_session(r, context);
}

bool is_allowed(ngx_http_request_t* r, const LocationConf& location, Context& context) {
    const session::OpenedSessionPointer& session = session_of(r, context);
    context.signed_in = session && is_offered(*main_conf(r), location, session->session.identity.provider);
    if (!context.signed_in) {
        return false;
    }
    if (location.rules == nullptr) {
        return true; // "optional" needs no rule to tell who is signed in; "on" cannot be without one
    }
    const RequestVariables variables(r);
    context.deciding = true;
    context.verdict = flow::decide(*session, *location.rules->rules, variables);
    context.deciding = false;
    context.shadowed = !context.verdict.allowed && location.policy_mode == policy_shadow;
    return context.verdict.allowed || context.shadowed;
}

} // namespace

std::string_view identity_of(ngx_http_request_t* r, Context& context) {
    const LocationConf& location = *location_conf(r);
    std::string_view audience = context.base_url;
    ngx_str_t evaluated = ngx_null_string;
    if (location.audience != nullptr) {
        if (ngx_http_complex_value(r, location.audience, &evaluated) != NGX_OK) {
            return {};
        }
        audience = view(evaluated);
    }
    const flow::Site& site = runtime_of(*main_conf(r)).site(*server_conf(r));
    return flow::identity_token(site, *context.session, *location.identity_settings, audience);
}

Decision decide(ngx_http_request_t* r) {
    const ServerConf& server = *server_conf(r);
    const LocationConf& location = *location_conf(r);
    if (!server.in_use) {
        return {};
    }
    Context* context = find_context(r);
    if (context != nullptr && context->decided_for == &location) {
        return {context, context->allowed};
    }
    const bool needs_context =
        location.mode != mode_off || (r == r->main && has_own_cookie(r, own_names(server.compiled->options)));
    if (context == nullptr && needs_context) {
        context = &make_context(r);
    }
    ngx_table_elt_t* spare = nullptr;
    if (context != nullptr && r == r->main) {
        read_cookies(r, *context);
        spare = context->spare_header;
    }
    if (r != r->main && !detach_headers(r)) {
        throw std::bad_alloc();
    }
    if (!strip_headers(r, server.compiled->identity_headers, spare)) {
        throw std::bad_alloc();
    }
    if (context == nullptr) {
        return {};
    }
    context->spare_header = spare;
    context->decided_for = &location;
    context->verdict = {};
    context->allowed = false; // what a rule's or the audience's variables see meanwhile
    context->signed_in = false;
    context->shadowed = false;
    context->allowed = location.mode != mode_off && is_allowed(r, location, *context);
    if (context->allowed && location.identity) {
        const std::string_view token = identity_of(r, *context);
        ngx_table_elt_t* reuse = std::exchange(context->spare_header, nullptr);
        if (token.empty() || !add_identity_header(r, location, token, reuse)) {
            throw std::runtime_error("the identity cannot be signed");
        }
    }
    if (context->spare_header != nullptr) {
        if (!remove_header(r, std::exchange(context->spare_header, nullptr))) {
            throw std::bad_alloc();
        }
    }
    return {context, context->allowed};
}

} // namespace oauth::ngx
