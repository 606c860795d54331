// SPDX-License-Identifier: MIT
// See cookie.hpp.
#include "cookie.hpp"
#include "directives.hpp"
#include "names.hpp"
#include "../pool.hpp"

#include "../../core/bytes.hpp"
#include "../../core/url.hpp"
#include "../../session/cookie_rules.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace oauth::ngx {

namespace {

// One word of oauth_cookie; a sentence if it is wrong.
std::string read_cookie_word(session::CookieSettings& cookie, std::string_view word) {
    using SameSite = session::CookieSettings::SameSite;
    using Secure = session::CookieSettings::Secure;
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const std::string value(equals == std::string_view::npos ? std::string_view() : word.substr(equals + 1));
    const bool bad_attribute =
        value.find_first_of("; ,") != std::string::npos || core::has_control_characters(value);
    if (name == "name" && is_token(value)) {
        cookie.name = value;
    } else if (name == "domain" && !value.empty() && !bad_attribute) {
        cookie.domain = value;
    } else if (name == "path" && value.starts_with('/') && !bad_attribute) {
        cookie.path = value;
    } else if (word == "samesite=lax") {
        cookie.same_site = SameSite::lax;
    } else if (word == "samesite=strict") {
        cookie.same_site = SameSite::strict;
    } else if (word == "samesite=none") {
        cookie.same_site = SameSite::none;
    } else if (word == "secure=auto") {
        cookie.secure = Secure::automatic;
    } else if (word == "secure=on") {
        cookie.secure = Secure::on;
    } else if (word == "secure=off") {
        cookie.secure = Secure::off;
    } else if (word == "partitioned") {
        cookie.partitioned = true;
    } else {
        return found_instead(word, "name=NAME, domain=DOMAIN, path=PATH, samesite=lax|strict|none, "
                                   "secure=auto|on|off, partitioned");
    }
    return "";
}

} // namespace

char* set_cookie(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto* server = static_cast<ServerConf*>(conf);
    if (server->cookie != nullptr) {
        return refuse_duplicate(cf);
    }
    server->cookie = pool_make<session::CookieSettings>(cf->pool);
    server->cookie_place = make_place(cf);
    std::set<std::string> given;
    for (ngx_uint_t i = 1; i < cf->args->nelts; ++i) {
        const std::string word = argument(cf, i);
        const std::string name = word.substr(0, word.find('='));
        std::string problem = read_cookie_word(*server->cookie, word);
        if (problem.empty() && !given.insert(name).second) {
            problem = "parameter \"" + name + "\" is duplicate, accepted: each once";
        }
        if (!problem.empty()) {
            return refuse(cf, problem);
        }
    }
    const std::string problem = session::why_refused(*server->cookie, session::Scheme::unknown);
    return problem.empty() ? NGX_CONF_OK : refuse(cf, problem);
}

namespace {

session::Scheme scheme_of(const ServerConf& server) {
    if (server.base_url.len == 0) {
        return session::Scheme::unknown; // each request's own
    }
    return view(server.base_url).starts_with("https:") ? session::Scheme::https : session::Scheme::http;
}

// Could a host that this name stands for take the domain's cookies?
bool may_be_within(const ServerName& name, std::string_view domain) {
    if (name.name.empty()) { // a regular expression, or ""
        return !name.is_plain;
    }
    const std::string_view text = name.name;
    if (text.ends_with(".*")) {
        return true;
    }
    if (!text.starts_with("*.") && !text.starts_with('.')) {
        return session::domain_covers(domain, text);
    }
    const std::string_view parent = text.substr(text.front() == '*' ? 2 : 1);
    return session::domain_covers(domain, parent) || session::domain_covers(parent, domain);
}

// A sentence if browsers take no cookie of that domain from this server.
std::string check_domain(const ServerConf& server, const std::string& domain) {
    const std::string found = "found \"domain=" + domain + "\"";
    const std::string_view plain = std::string_view(domain).substr(domain.starts_with('.') ? 1 : 0);
    const std::vector<ServerName>& names = server.compiled->names;
    const auto url = core::parse_url(view(server.base_url));
    std::string hosts;
    bool is_within = false;
    bool is_whole = false;
    if (url) {
        hosts = "the base URL's host " + url->host + " is not";
        is_within = session::domain_covers(domain, url->host);
        is_whole = core::equal_ignoring_case(plain, url->host);
    } else {
        hosts = "no name of the server is";
        is_within = std::any_of(names.begin(), names.end(),
                                [&](const ServerName& name) { return may_be_within(name, plain); });
        is_whole = std::any_of(names.begin(), names.end(), [&](const ServerName& name) {
            return core::equal_ignoring_case(plain, name.name);
        });
    }
    if (!is_within) {
        return found + ", which " + hosts +
               " within: browsers refuse the cookie, accepted: a domain of server_name or oauth_base_url,";
    }
    if (!is_whole && plain.find('.') == std::string_view::npos) {
        return found + ", a top-level domain: browsers refuse the cookie, accepted: a domain such as "
                       "example.org";
    }
    return "";
}

// A sentence if a cookie that can be set does not come back to the callback.
std::string check_path(const ServerConf& server, const std::string& path) {
    const std::string endpoints = string(server.path);
    if (session::path_covers(path, endpoints + "/callback")) {
        return "";
    }
    return "found \"path=" + path + "\", which does not cover oauth_path (" + endpoints +
           "): browsers would not send the cookie to the callback, accepted: a path that oauth_path is under";
}

std::string check_cookie(const ServerConf& server) {
    const session::CookieSettings& cookie = server.compiled->options.cookie;
    const std::string problem = session::why_refused(cookie, scheme_of(server));
    return problem.empty() ? check_path(server, cookie.path) : problem;
}

// A domain that a server inherits is wrong only if it is for no server that has it: beside the sites that it
// is meant for there is often one that only catches what is for no other.
bool check_domains(ngx_conf_t* cf, const MainConf::Compiled& compiled) {
    std::map<const Place*, std::string> problems; // of inherited ones; empty: some server can take it
    for (const ServerConf* server : compiled.servers) {
        const std::string& domain = server->compiled->options.cookie.domain;
        if (!server->in_use || server->cookie == nullptr || domain.empty()) {
            continue;
        }
        const std::string problem = check_domain(*server, domain);
        if (!problem.empty() && server->has_own_cookie) {
            refuse_at(cf, *server->cookie_place, "\"oauth_cookie\": " + problem);
            return false;
        }
        const auto [known, is_new] = problems.try_emplace(server->cookie_place, problem);
        if (!is_new && problem.empty()) {
            known->second.clear();
        }
    }
    for (const auto& [place, problem] : problems) {
        if (!problem.empty()) {
            refuse_at(cf, *place, "\"oauth_cookie\": " + problem);
            return false;
        }
    }
    return true;
}

// A form that comes from another site brings only cookies with SameSite=None, which need Secure.
const ProviderEntry* find_form_post(const MainConf::Compiled& compiled, const ServerConf& server) {
    for (const LocationConf* location : compiled.locations) {
        if (location->server != &server || location->mode == mode_off) {
            continue;
        }
        for (const std::size_t index : *location->offer) {
            if (compiled.providers[index]->settings.uses_form_post()) {
                return compiled.providers[index].get();
            }
        }
    }
    return nullptr;
}

bool check_form_post(ngx_conf_t* cf, const MainConf::Compiled& compiled, const ServerConf& server) {
    const bool insecure = server.compiled->options.cookie.secure == session::CookieSettings::Secure::off;
    if (!insecure && scheme_of(server) != session::Scheme::http) {
        return true;
    }
    const ProviderEntry* entry = find_form_post(compiled, server);
    if (entry == nullptr) {
        return true;
    }
    const std::string sentence = "\"response_mode\": provider \"" + entry->settings.name +
                                 "\" answers by form_post, for which browsers need Secure cookies, " +
                                 (insecure ? "found \"oauth_cookie secure=off\""
                                           : "found the base URL \"" + string(server.base_url) + "\"") +
                                 ", accepted: an https base URL, or response_mode " +
                                 (entry->settings.wants_signed_response() ? "query.jwt," : "query,");
    if (entry->place.line == 0) { // of the environment
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "%s", sentence.c_str());
    } else {
        refuse_at(cf, entry->place, sentence);
    }
    return false;
}

} // namespace

bool check_cookies(ngx_conf_t* cf, const MainConf::Compiled& compiled) {
    for (const ServerConf* server : compiled.servers) {
        if (!server->in_use) {
            continue;
        }
        const std::string problem = server->cookie == nullptr ? "" : check_cookie(*server);
        if (!problem.empty()) {
            refuse_at(cf, *server->cookie_place, "\"oauth_cookie\": " + problem);
            return false;
        }
        if (!check_form_post(cf, compiled, *server)) {
            return false;
        }
    }
    return check_domains(cf, compiled);
}

} // namespace oauth::ngx
