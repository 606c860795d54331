// SPDX-License-Identifier: MIT
// Reads oauth_mcp and oauth_bearer_audience.
#include "directives.hpp"
#include "table.hpp"
#include "../pool.hpp"

#include "../../core/bytes.hpp"
#include "../../core/url.hpp"

#include <algorithm>
#include <utility>

namespace oauth::ngx {

namespace {

constexpr std::string_view accepted =
    "on, off, and after \"on\" resource=URL, scope=\"a b\", authorization_server=URL";

bool is_absolute(const std::string& url) {
    const auto parsed = core::parse_url(url);
    return parsed && url.find('#') == std::string::npos &&
           (parsed->scheme == "https" || core::is_loopback_host(parsed->host));
}

// A sentence if it is not accepted.
std::string read_parameter(const std::string& word, McpSettings& mcp) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (equals == std::string::npos || value.empty()) {
        return found_instead(word, accepted);
    }
    if (name == "resource") {
        if (!mcp.url.empty()) {
            return "\"resource\" is duplicate";
        }
        if (!is_absolute(value)) {
            return found_instead(word,
                                 "resource=URL with https (http for this machine only), without a fragment");
        }
        mcp.url = value;
        return "";
    }
    if (name == "authorization_server") {
        if (!is_absolute(value)) {
            return found_instead(word, "authorization_server=URL, an issuer with https");
        }
        mcp.authorization_servers.push_back(value);
        return "";
    }
    if (name != "scope") {
        return found_instead(word, accepted);
    }
    if (mcp.scopes) {
        return "\"scope\" is duplicate";
    }
    mcp.scopes.emplace();
    for (const std::string_view scope : core::split(value, ' ')) {
        const bool is_plain = std::all_of(
            scope.begin(), scope.end(), [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; });
        if (!is_plain) {
            return found_instead(word, "scope=\"a b\", scopes with blanks between them");
        }
        if (scope == "offline_access") {
            return "\"offline_access\" is nothing that a resource can ask for: clients ask for it by "
                   "themselves";
        }
        if (!scope.empty()) {
            mcp.scopes->emplace_back(scope);
        }
    }
    if (mcp.scopes->empty()) {
        return found_instead(word, "scope=\"a b\", a scope at least, or no such parameter");
    }
    return "";
}

// nginx takes a quote for one only where a word begins: scope="a b" comes as two words, with the quotes.
std::vector<std::string> read_words(ngx_conf_t* cf, ngx_uint_t first) {
    std::vector<std::string> words;
    bool is_open = false;
    for (ngx_uint_t i = first; i < cf->args->nelts; ++i) {
        std::string word = argument(cf, i);
        if (is_open) {
            words.back().append(" ").append(word);
        } else {
            words.push_back(std::move(word));
        }
        std::string& last = words.back();
        const std::size_t quote = last.find("=\"");
        is_open = quote != std::string::npos && (last.size() == quote + 2 || !last.ends_with('"'));
        if (quote != std::string::npos && !is_open) {
            last.pop_back();
            last.erase(quote + 1, 1);
        }
    }
    return words;
}

// Of a URL, as nginx matches it: decoded.
std::string path_of(const std::string& url) {
    const auto parsed = core::parse_url(url);
    std::string encoded;
    for (const char c : parsed ? parsed->path : "/") { // in a path "+" is no space
        c == '+' ? encoded.append("%2B") : encoded.append(1, c);
    }
    return core::form_decode(encoded).value_or(encoded);
}

} // namespace

char* set_mcp(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto& location = *static_cast<LocationConf*>(conf);
    if (location.mcp != nullptr) {
        return refuse_duplicate(cf);
    }
    auto& mcp = *pool_make<McpSettings>(cf->pool);
    const std::string first = argument(cf, 1);
    if (first != "on" && first != "off") {
        return refuse_value(cf, first, accepted);
    }
    mcp.is_on = first == "on";
    mcp.place = place_of(cf);
    mcp.location = &location;
    location.mcp = &mcp;
    for (const std::string& word : read_words(cf, 2)) {
        if (const std::string sentence =
                mcp.is_on ? read_parameter(word, mcp) : found_instead(word, "off alone");
            !sentence.empty()) {
            return refuse(cf, sentence);
        }
    }
    const auto* core =
        static_cast<ngx_http_core_loc_conf_t*>(ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    mcp.path = string(core->name);
    if (mcp.is_on && mcp.url.empty() && mcp.path.empty()) {
        return refuse(cf, "the location has no path that clients could call it by, accepted: resource=URL");
    }
#if (NGX_PCRE)
    if (mcp.is_on && core->regex != nullptr) {
        if (mcp.url.empty()) {
            return refuse(cf, "the location is a regular expression, which is no address, accepted: "
                              "resource=URL, such as resource=https://app.example.org/mcp");
        }
        mcp.path = path_of(mcp.url);
    }
#endif
    if (mcp.is_on && core->named != 0) {
        return refuse(
            cf, "a named location is nothing that clients could call, accepted: a location with a path");
    }
    return NGX_CONF_OK;
}

char* set_bearer_audience(ngx_conf_t* cf, ngx_command_t* cmd, void* conf) {
    for (ngx_uint_t i = 1; i < cf->args->nelts; ++i) {
        const std::string audience = argument(cf, i);
        if (audience.empty() || audience.find('$') != std::string::npos) {
            return refuse_value(cf, audience,
                                "what access tokens have in \"aud\", such as https://api.example.org; no "
                                "variables");
        }
    }
    return set_value(cf, cmd, conf);
}

} // namespace oauth::ngx
