// SPDX-License-Identifier: MIT
// See family.hpp. Where the callbacks come to is a warning and not an error: the base URL's server may be
// another nginx's, in front of this one or beside it, and the one of that name here only a redirect. What the
// servers that are here make of one another's cookies does not depend on it.
#include "family.hpp"
#include "directives.hpp"

#include "../../core/bytes.hpp"
#include "../../core/url.hpp"

#include <algorithm>
#include <map>
#include <tuple>

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

std::string cookie_name_of(const ServerConf& server) {
    return session::cookie_name(server.compiled->options.cookie, view(server.base_url));
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
    if (domain_of(other) != domain_of(server) || cookie_name_of(other) != cookie_name_of(server)) {
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

using Family = std::vector<const ServerConf*>;

// Servers that are sent one another's cookies, and take them for their own.
std::vector<Family> find_families(const MainConf::Compiled& compiled) {
    std::map<std::tuple<std::string, std::string, std::string>, Family> found;
    for (const ServerConf* server : compiled.servers) {
        if (server->in_use && server->base_url.len != 0 && !domain_of(*server).empty()) {
            found[{string(server->base_url), domain_of(*server), cookie_name_of(*server)}].push_back(server);
        }
    }
    std::vector<Family> families;
    for (auto& [key, servers] : found) {
        families.push_back(std::move(servers));
    }
    return families;
}

std::string describe(const session::StoreSettings& store) {
    using Kind = session::StoreSettings::Kind;
    if (store.kind != Kind::redis) {
        return store.kind == Kind::cookie ? "\"cookie\"" : "\"shared\"";
    }
    const std::string place = store.unix_path.empty()
                                  ? (store.tls ? "rediss://" : "redis://") + store.host + ":" +
                                        std::to_string(store.port) + "/" + std::to_string(store.database)
                                  : "redis+unix:" + store.unix_path;
    return "\"" + place + " prefix=" + store.prefix + "\"";
}

bool is_same_place(const session::StoreSettings& one, const session::StoreSettings& other) {
    const auto place = [](const session::StoreSettings& store) {
        return std::tie(store.kind, store.host, store.port, store.unix_path, store.database, store.prefix);
    };
    return place(one) == place(other);
}

// No key is ever shown.
std::string describe_keys(const ServerConf& server, const ServerConf& other) {
    if (server.compiled->session_keys.empty()) {
        return "none";
    }
    return other.compiled->session_keys.empty() ? "one" : "another one";
}

std::string describe(time_t refresh) {
    return refresh == 0 ? "\"off\"" : "\"" + std::to_string(refresh) + "s\"";
}

// "oauth_session": found X at server A, and Y at server B, ...
struct Difference {
    std::string directive;
    std::string found;
    std::string other;
    std::string consequence;
};

bool refuse_family(ngx_conf_t* cf, const ServerConf& server, const ServerConf& other,
                   const Difference& difference) {
    const std::string sentence = "\"" + difference.directive + "\": found " + difference.found +
                                 " at server \"" + names_of(server) + "\" and " + difference.other +
                                 " at server \"" + names_of(other) +
                                 "\", which share one sign-in (oauth_base_url, and \"oauth_cookie "
                                 "domain=" +
                                 domain_of(server) + "\"): " + difference.consequence +
                                 "; accepted: the same for all servers of the family, best written once "
                                 "beside oauth_base_url,";
    const auto& locations = main_conf(cf)->compiled->locations;
    const auto own = std::find_if(locations.begin(), locations.end(), [&server](const LocationConf* each) {
        return each->server == &server && each->is_server && each->place != nullptr;
    });
    refuse_at(cf, own == locations.end() ? *server.cookie_place : *(*own)->place, sentence);
    return false;
}

// False: an error has been logged.
bool check_pair(ngx_conf_t* cf, const ServerConf& server, const ServerConf& other) {
    const session::StoreSettings& store = server.compiled->options.store;
    const session::StoreSettings& other_store = other.compiled->options.store;
    if (!is_same_place(store, other_store)) {
        return refuse_family(cf, server, other,
                             {"oauth_session", describe(store), describe(other_store),
                              "neither knows the sessions of the other, so a visitor would be sent "
                              "to sign in without end"});
    }
    if (!share_keys(server, other)) {
        return refuse_family(cf, server, other,
                             {"oauth_session_key", describe_keys(server, other), describe_keys(other, server),
                              "neither opens the sessions of the other, so a visitor would be sent "
                              "to sign in without end"});
    }
    return true;
}

// Who signs in keeps what users are asked for again with, or does not.
bool check_refresh(ngx_conf_t* cf, const Family& family) {
    const auto refreshes = [](const ServerConf* server) { return server->refresh != 0; };
    const auto asks = std::find_if(family.begin(), family.end(), refreshes);
    const auto does_not = std::find_if_not(family.begin(), family.end(), refreshes);
    if (asks == family.end() || does_not == family.end()) {
        return true;
    }
    const auto base = core::parse_url(view(family.front()->base_url));
    Family signs_in;
    std::copy_if(family.begin(), family.end(), std::back_inserter(signs_in),
                 [&base](const ServerConf* server) { return base && has_name(*server, base->host); });
    if (std::any_of(signs_in.begin(), signs_in.end(), refreshes)) {
        return true; // where it is off nobody is asked for again, as it says
    }
    if (!signs_in.empty()) {
        return refuse_family(cf, *signs_in.front(), **asks,
                             {"oauth_refresh", describe(signs_in.front()->refresh),
                              describe((*asks)->refresh),
                              "the first finishes the sign-ins and keeps nothing that the provider could "
                              "be asked with, so the second would end each session at its first check"});
    }
    ngx_log_error(NGX_LOG_WARN, cf->log, 0,
                  "oauth: \"oauth_refresh\": found %s at server \"%s\" and %s at server \"%s\", which "
                  "share one sign-in that another nginx finishes, at %V: where it is off there, the "
                  "first ends each session at its first check; accepted: the same for all servers of the "
                  "family",
                  describe((*asks)->refresh).c_str(), names_of(**asks).c_str(),
                  describe((*does_not)->refresh).c_str(), names_of(**does_not).c_str(),
                  &family.front()->base_url);
    return true;
}

} // namespace

bool check_families(ngx_conf_t* cf, const MainConf::Compiled& compiled) {
    for (const Family& family : find_families(compiled)) {
        for (std::size_t i = 1; i < family.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                if (!check_pair(cf, *family[i], *family[j])) {
                    return false;
                }
            }
        }
        if (!check_refresh(cf, family)) {
            return false;
        }
    }
    return true;
}

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
