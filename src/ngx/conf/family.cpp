// SPDX-License-Identifier: MIT
// See family.hpp. A warning and not an error: the base URL's server may be another nginx's, in front of this
// one or beside it, and the one of that name here only a redirect.
#include "family.hpp"

#include "../../core/bytes.hpp"
#include "../../core/url.hpp"

#include <algorithm>

namespace oauth::ngx {

namespace {

bool has_name(const ServerConf& server, std::string_view host) {
    const auto& names = server.compiled->names;
    return std::any_of(names.begin(), names.end(),
                       [host](const ServerName& name) { return name.is_plain && name.name == host; });
}

std::string domain_of(const ServerConf& server) { // as browsers read it
    const std::string domain = core::to_lower_ascii(server.compiled->options.cookie.domain);
    return domain.starts_with('.') ? domain.substr(1) : domain;
}

// What the first key of one has sealed the other must open. Without keys both have the zone's.
bool share_keys(const ServerConf& one, const ServerConf& other) {
    const auto& keys = one.compiled->session_keys;
    const auto& others = other.compiled->session_keys;
    if (keys.empty() || others.empty()) {
        return keys.empty() && others.empty();
    }
    const auto has = [](const std::vector<std::string>& all, const std::string& key) {
        return std::find(all.begin(), all.end(), key) != all.end();
    };
    return has(others, keys.front()) && has(keys, others.front());
}

// What keeps `other` from finishing the sign-ins of `server`; empty: nothing.
std::string_view difference(const ServerConf& server, const ServerConf& other) {
    if (!other.in_use) {
        return "\"oauth off\" everywhere, so that it has no callback";
    }
    if (view(other.base_url) != view(server.base_url)) {
        return "another oauth_base_url";
    }
    if (view(other.path) != view(server.path)) {
        return "another oauth_path";
    }
    const auto name = [](const ServerConf& each) {
        return session::cookie_name(each.compiled->options.cookie, view(each.base_url));
    };
    if (domain_of(other) != domain_of(server) || name(other) != name(server)) {
        return "another domain or name in oauth_cookie";
    }
    return share_keys(server, other) ? "" : "another oauth_session_key";
}

// The server of the base URL's host, where none of that name can finish its sign-ins; and why not.
std::string_view find_difference(const MainConf::Compiled& compiled, const ServerConf& server,
                                 std::string_view host) {
    std::string_view found;
    for (const ServerConf* other : compiled.servers) {
        if (!has_name(*other, host)) {
            continue;
        }
        found = difference(server, *other);
        if (found.empty()) {
            return found;
        }
    }
    return found;
}

} // namespace

void warn_of_broken_families(ngx_conf_t* cf, const MainConf::Compiled& compiled) {
    for (const ServerConf* server : compiled.servers) {
        const auto base = core::parse_url(view(server->base_url));
        if (!server->in_use || !base || domain_of(*server).empty()) {
            continue;
        }
        const std::string why(find_difference(compiled, *server, base->host));
        if (!why.empty()) {
            ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                          "oauth: the callbacks of server \"%s\" come to %s (oauth_base_url), whose server "
                          "here has %s: no sign-in can be finished there, unless another nginx answers for "
                          "that name; accepted: the same oauth_base_url, oauth_path, oauth_cookie and "
                          "oauth_session_key in all servers of the family",
                          names_of(*server).c_str(), base->host.c_str(), why.c_str());
        }
    }
}

} // namespace oauth::ngx
