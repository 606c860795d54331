// SPDX-License-Identifier: MIT
// See intake.hpp.
#include "intake.hpp"
#include "../compat.hpp"
#include "../conf/names.hpp"
#include "base_url.hpp"
#include "headers.hpp"

#include "../../session/cookies.hpp"

#include <algorithm>

namespace oauth::ngx {

namespace {

// The names under which a server's cookies are known, whatever the scheme of the request: what is cut must
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

// The header's value without our cookies, in the pool.
ngx_str_t without_own(ngx_http_request_t* r, const OwnNames& own, std::string_view value) {
    std::string kept(value);
    for (std::size_t i = 0; i < own.count; ++i) {
        if (auto without = session::without_own_cookies(kept, own.names[i])) {
            kept = std::move(*without);
        }
    }
    const ngx_str_t text = copy(r->pool, kept);
    if (text.data == nullptr) {
        throw std::bad_alloc();
    }
    return text;
}

// A header with a single cookie, which is the usual case where the application sets none.
bool read_only_cookie(ngx_http_request_t* r, const OwnNames& own, ngx_table_elt_t& header) {
    session::Cookie cookie;
    if (!session::read_cookie(view(header.value), cookie) || !is_own(own, cookie.name)) {
        return false;
    }
    make_context(r).own_cookies.add(r->pool, cookie.name, cookie.value);
    return true;
}

// One Cookie header: what is ours is kept for us, the rest for the application. True: nothing is left of it.
bool read_cookie_header(ngx_http_request_t* r, const OwnNames& own, ngx_table_elt_t& header) {
    std::string_view rest = view(header.value);
    if (rest.find(';') == std::string_view::npos) {
        return read_only_cookie(r, own, header);
    }
    session::Cookie cookie;
    Context* context = nullptr;
    while (session::next_cookie(rest, cookie)) {
        if (is_own(own, cookie.name)) {
            context = context == nullptr ? &make_context(r) : context;
            context->own_cookies.add(r->pool, cookie.name, cookie.value);
        }
    }
    if (context == nullptr) {
        return false;
    }
    header.value = without_own(r, own, view(header.value));
    return header.value.len == 0;
}

// Reads and cuts; an emptied header is out of sight of $http_cookie at once, and of the list in one go with
// the forged ones. A single one stays for the identity to be written into.
void clean_headers(ngx_http_request_t* r, const ServerConf& server) {
    const OwnNames own = own_names(server.compiled->options);
    std::size_t emptied = 0;
    ngx_table_elt_t* last = nullptr;
    keep_cookie_headers(r, [&](ngx_table_elt_t& header) {
        if (!read_cookie_header(r, own, header)) {
            return true;
        }
        ++emptied;
        last = &header;
        mark_removed(header);
        return false;
    });
    const std::vector<std::string>& forgeable = server.compiled->identity_headers;
    if (emptied > 1 || has_header(r, forgeable)) {
        remove_headers(r, forgeable);
        return;
    }
    if (last != nullptr) {
        ngx_str_set(&last->value, "");
        make_context(r).spare_header = last;
    }
}

std::string_view session_cookie(ngx_http_request_t* r, const Context& context, const std::string& name) {
    if (context.own_cookies.size() == 1 && context.own_cookies.begin()->first == name) {
        return context.own_cookies.begin()->second;
    }
    session::CookieJoiner joiner(name);
    for (const auto& [cookie_name, value] : context.own_cookies) {
        joiner.see({cookie_name, value});
    }
    if (const auto single = joiner.single()) {
        return *single;
    }
    const auto joined = joiner.join();
    if (!joined) {
        return {};
    }
    const ngx_str_t text = copy(r->pool, *joined);
    if (text.data == nullptr) {
        throw std::bad_alloc();
    }
    return view(text);
}

// "GET /auth/oauth/op/callback?code=... HTTP/1.1" without its query.
void hide_query(ngx_http_request_t* r, Context& context) {
    context.hidden_arguments = std::make_unique<std::string>(view(r->args));
    r->args.len = 0;
    r->unparsed_uri.len = std::min(r->unparsed_uri.len, view(r->unparsed_uri).find('?'));
    const std::string line = string(r->request_line);
    const std::size_t query = line.find('?');
    if (query == std::string::npos) {
        return;
    }
    const std::size_t version = line.rfind(' ');
    const std::string rest = version != std::string::npos && version > query ? line.substr(version) : "";
    const ngx_str_t shown = copy(r->pool, line.substr(0, query) + rest);
    if (shown.data == nullptr) {
        throw std::bad_alloc();
    }
    r->request_line = shown;
}

} // namespace

namespace {

void enter(ngx_http_request_t* r, Context& context, const flow::Route& route) {
    context.route = route;
    if (flow::has_secret_query(route) && r->args.len != 0) {
        hide_query(r, context);
    }
}

} // namespace

void find_route_again(ngx_http_request_t* r, const ServerConf& server) {
    const flow::Route route = flow::find_route(view(r->uri), view(server.path));
    Context* context = route ? &make_context(r) : find_context(r);
    if (context != nullptr) {
        enter(r, *context, route);
    }
}

void take_in(ngx_http_request_t* r, const ServerConf& server) {
    clean_headers(r, server);
    if (const flow::Route route = flow::find_route(view(r->uri), view(server.path))) {
        enter(r, make_context(r), route);
    }
}

flow::Visitor& visitor_of(ngx_http_request_t* r) {
    Context& context = make_context(r->main);
    if (!context.visitor) {
        const ServerConf& server = *server_conf(r->main);
        const std::string_view base_url = find_base_url(r->main, server);
        std::string_view cookie;
        if (!context.own_cookies.empty() && !base_url.empty()) {
            const std::string name = session::cookie_name(server.compiled->options.cookie, base_url);
            cookie = session_cookie(r->main, context, name);
        }
        context.visitor.emplace(*site_of(r), cookie, base_url);
    }
    return *context.visitor;
}

flow::Visitor* find_visitor(ngx_http_request_t* r) {
    return find_context(r->main) == nullptr || site_of(r) == nullptr ? nullptr : &visitor_of(r);
}

bool is_own_cookie(const ServerConf& server, std::string_view name) {
    return is_own(own_names(server.compiled->options), name);
}

} // namespace oauth::ngx
