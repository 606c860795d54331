// SPDX-License-Identifier: MIT
// See intake.hpp.
#include "intake.hpp"
#include "../compat.hpp"
#include "../conf/names.hpp"
#include "../conf/resources.hpp"
#include "base_url.hpp"
#include "headers.hpp"

#include "../../session/cookies.hpp"

#include <algorithm>
#include <new>
#include <span>

namespace oauth::ngx {

namespace {

using Names = std::vector<std::string>; // base names of cookies

bool is_one_of(const Names& names, std::string_view cookie) {
    for (const std::string& name : names) {
        if (cookie.starts_with(name.front()) && session::is_own_cookie(cookie, name)) {
            return true;
        }
    }
    return false;
}

// Whose cookies are cut out, and which of them are this server's.
struct OwnNames {
    explicit OwnNames(ngx_http_request_t* r)
        : all(main_conf(r)->compiled->cookie_names), mine(server_conf(r)->compiled->cookie_names) {}

    const Names& all;
    const Names& mine;
};

// The header's value without our cookies, in the pool.
ngx_str_t without_own(ngx_http_request_t* r, const OwnNames& own, std::string_view value) {
    std::string kept(value);
    for (const std::string& name : own.all) {
        if (auto without = session::without_own_cookies(kept, name)) {
            kept = std::move(*without);
        }
    }
    const ngx_str_t text = copy(r->pool, kept);
    if (text.data == nullptr) {
        throw std::bad_alloc();
    }
    return text;
}

// True: it is a cookie of this module, and if it is this server's, it is kept.
bool take_cookie(ngx_http_request_t* r, const OwnNames& own, const session::Cookie& cookie) {
    if (!is_one_of(own.mine, cookie.name)) {
        return is_one_of(own.all, cookie.name);
    }
    Context& context = make_context(r);
    context.intake_broke_off = true; // until it is through
    context.own_cookies.add(r->pool, cookie.name, cookie.value);
    return true;
}

// One Cookie header: what is ours is kept for us, the rest for the application. True: nothing is left of it.
bool read_cookie_header(ngx_http_request_t* r, const OwnNames& own, ngx_table_elt_t& header) {
    std::string_view rest = view(header.value);
    std::size_t pairs = 0;
    std::size_t cut = 0;
    session::Cookie cookie;
    while (!rest.empty()) {
        ++pairs;
        cut += session::read_cookie(session::next_pair(rest), cookie) && take_cookie(r, own, cookie) ? 1 : 0;
    }
    if (cut == 0 || cut == pairs) { // a session, and perhaps a sign-in
        return cut != 0;
    }
    header.value = without_own(r, own, view(header.value));
    return header.value.len == 0;
}

// Reads and cuts; an emptied header is out of sight of $http_cookie at once, and of the list in one go with
// the forged ones. A single one stays for the identity to be written into.
void clean_headers(ngx_http_request_t* r, const ServerConf& server) {
    const OwnNames own(r);
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
    const Sighting seen = look_for(r, forgeable);
    const bool is_nominated = seen.nominated && clean_connection_headers(r, forgeable);
    if (emptied > 1 || seen.header || is_nominated) {
        remove_headers(r, forgeable);
        return;
    }
    if (last != nullptr) {
        ngx_str_set(&last->value, "");
        make_context(r).spare_header = last;
    }
}

// What may be the session's cookie. Almost always there is one, and it is not copied.
std::span<const std::string_view> session_cookies(ngx_http_request_t* r, const OwnCookies& own,
                                                  std::string_view name) {
    const OwnCookies::Pair* found = nullptr;
    std::size_t count = 0;
    for (const OwnCookies::Pair& cookie : own) {
        if (session::is_session_cookie(cookie.first, name)) {
            found = &cookie;
            ++count;
        }
    }
    if (count == 0) {
        return {};
    }
    if (count == 1 && found->first.size() == name.size()) {
        return {&found->second, 1};
    }
    const std::vector<std::string> values = session::session_values({own.begin(), own.size()}, name);
    auto* views =
        static_cast<std::string_view*>(ngx_palloc(r->pool, values.size() * sizeof(std::string_view)));
    for (std::size_t i = 0; i < values.size(); ++i) {
        const ngx_str_t text = copy(r->pool, values[i]);
        if (views == nullptr || text.data == nullptr) {
            throw std::bad_alloc();
        }
        new (views + i) std::string_view(view(text));
    }
    return {views, values.size()};
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

// Of a path that is under oauth_path, or that of a protected resource's metadata.
struct Way {
    flow::Route route;
    const flow::ProtectedResource* resource;
};

Way way_of(ngx_http_request_t* r, const ServerConf& server) {
    const std::string_view path = view(r->uri);
    if (const flow::Route route = flow::find_route(path, view(server.path))) {
        return {route, nullptr};
    }
    const flow::ProtectedResource* resource = find_resource(server, path);
    return {resource != nullptr ? flow::resource_metadata_route() : flow::Route(), resource};
}

void enter(ngx_http_request_t* r, Context& context, const Way& way) {
    const flow::Route& route = way.route;
    context.route = route;
    context.resource = way.resource;
    context.hidden_arguments.reset();
    if (flow::has_secret_query(route) && r->args.len != 0) {
        hide_query(r, context);
    }
}

} // namespace

void find_route_again(ngx_http_request_t* r, const ServerConf& server) {
    const Way way = way_of(r, server);
    Context* context = way.route ? &make_context(r) : find_context(r);
    if (context != nullptr) {
        enter(r, *context, way);
    }
}

void take_in(ngx_http_request_t* r, const ServerConf& server) {
    clean_headers(r, server);
    if (const Way way = way_of(r, server); way.route) {
        enter(r, make_context(r), way);
    }
    if (Context* context = find_context(r)) {
        context->intake_broke_off = false;
    }
}

namespace {

// A page of another site, as far as the browser tells.
bool has_foreign_origin(ngx_http_request_t* r, std::string_view base_url) {
    const ngx_table_elt_t* origin = find_header(r, "origin");
    return origin != nullptr && view(origin->value) != base_url &&
           view(origin->value) != own_origin(r, *server_conf(r));
}

void bring_credentials(ngx_http_request_t* r, flow::Visitor& visitor) {
    flow::Credentials credentials;
    if (const ngx_table_elt_t* header = r->headers_in.authorization) {
        credentials = flow::read_credentials(view(header->value), view(r->args));
    }
    if (server_conf(r)->compiled->has_mcp) {
        credentials.has_foreign_origin = has_foreign_origin(r, visitor.base_url());
    }
    visitor.bring(credentials, credentials.decide() ? client_of(r) : std::string());
}

} // namespace

flow::Visitor* visitor_of(ngx_http_request_t* r) {
    Context& context = make_context(r->main);
    if (!context.visitor) {
        flow::Site* site = site_of(r);
        if (site == nullptr) {
            return nullptr;
        }
        const ServerConf& server = *server_conf(r->main);
        const std::string_view base_url = find_base_url(r->main, server);
        std::span<const std::string_view> cookies;
        if (!context.own_cookies.empty() && !base_url.empty()) {
            cookies = session_cookies(r->main, context.own_cookies,
                                      session::cookie_name_view(server.compiled->options.cookie, base_url));
        }
        context.visitor.emplace(*site, cookies, base_url);
        if (server.compiled->takes_tokens) {
            bring_credentials(r->main, *context.visitor);
        }
    }
    return &*context.visitor;
}

bool is_own_cookie(ngx_http_request_t* r, std::string_view name) {
    return is_one_of(main_conf(r)->compiled->cookie_names, name);
}

} // namespace oauth::ngx
