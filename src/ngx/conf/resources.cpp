// SPDX-License-Identifier: MIT
// See resources.hpp.
#include "resources.hpp"
#include "directives.hpp"
#include "table.hpp"
#include "../pool.hpp"

#include "../../core/bytes.hpp"
#include "../../core/url.hpp"

#include <algorithm>
#include <set>
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

void warn_at(ngx_conf_t* cf, const Place& place, const std::string& sentence) {
    ngx_log_error(NGX_LOG_WARN, cf->log, 0, "%s in %s:%ui", sentence.c_str(), place.file.c_str(), place.line);
}

bool is_mcp(const LocationConf& location) {
    return location.mcp != nullptr && location.mcp->is_on;
}

const Place& place_of_directive(const LocationConf& location) {
    return is_mcp(location) ? location.mcp->place : *location.bearer_place;
}

bool has_providers(const MainConf::Compiled& compiled, const LocationConf& location) {
    return std::any_of(location.offer->begin(), location.offer->end(), [&](std::size_t index) {
        return flow::issues_usable_tokens(compiled.providers[index]->settings);
    });
}

bool check_providers(ngx_conf_t* cf, const MainConf::Compiled& compiled, const LocationConf& location) {
    const bool is_of_mcp = is_mcp(location);
    if (has_providers(compiled, location) || (is_of_mcp && !location.mcp->authorization_servers.empty())) {
        return true;
    }
    refuse_at(
        cf, place_of_directive(location),
        std::string(is_of_mcp ? "\"oauth_mcp on\"" : "\"oauth_bearer on\"") +
            ": no provider of the location gives access tokens that can be verified here (those of GitHub, "
            "GitLab and Google cannot), accepted: an OpenID provider in oauth_providers, or one whose "
            "block has introspection_endpoint,");
    return false;
}

bool check_audience(ngx_conf_t* cf, const LocationConf& location) {
    if (is_mcp(location) || location.bearer_audience != nullptr) {
        return true;
    }
    refuse_at(
        cf, *location.bearer_place,
        "\"oauth_bearer on\": oauth_bearer_audience is missing, accepted: what the access tokens for this "
        "application have in \"aud\", such as https://app.example.org, so that no other application's "
        "token is taken,");
    return false;
}

bool is_plain_http(const ServerConf& server) {
    const auto url = core::parse_url(view(server.base_url));
    return url && url->scheme == "http" && !core::is_loopback_host(url->host);
}

bool has_no_tenant(const providers::Settings& entra) {
    const auto names = {"{", "/common/", "/organizations/", "/consumers/"};
    return std::any_of(names.begin(), names.end(),
                       [&](const char* name) { return entra.issuer.find(name) != std::string::npos; });
}

void warn_of_provider(ngx_conf_t* cf, const LocationConf& location, const providers::Settings& settings) {
    const std::string_view type = settings.type->name;
    const Place& place = place_of_directive(location);
    const std::string who = "provider \"" + settings.name + "\" (" + std::string(type) + ")";
    const bool is_entra = type == "azure-ad" || type == "azure-ad-hybrid";
    const bool is_untyped = is_entra || type == "keycloak" || type == "okta" || type == "aws-cognito";
    if (is_untyped && static_cast<oidc::AccessTokenExpectation::Type>(location.bearer_type) ==
                          oidc::AccessTokenExpectation::Type::at_jwt) {
        warn_at(
            cf, place,
            who + " gives access tokens whose typ is not at+jwt: they are refused until \"oauth_bearer_type "
                  "any;\" is set,");
    }
    if (is_entra && location.bearer_audience == nullptr) {
        warn_at(cf, place,
                who + " gives access tokens whose aud is the client id of the API: set it as "
                      "\"oauth_bearer_audience\",");
    }
    if (is_entra && has_no_tenant(settings)) {
        warn_at(cf, place,
                who +
                    " has no tenant of its own (common), whose issuer no client can use: set \"tenant\" to a "
                    "tenant id in its block,");
    }
}

bool is_pattern([[maybe_unused]] const LocationConf& location) {
#if (NGX_PCRE)
    return location.core->regex != nullptr;
#else
    return false;
#endif
}

void warn(ngx_conf_t* cf, const MainConf::Compiled& compiled, const LocationConf& location) {
    const McpSettings* mcp = is_mcp(location) ? location.mcp : nullptr;
    if (mcp != nullptr && mcp->path.size() > 1 && mcp->path.ends_with('/') &&
        location.core->exact_match == 0 && !is_pattern(location)) {
        const std::string bare = mcp->path.substr(0, mcp->path.size() - 1);
        warn_at(cf, mcp->place,
                "\"oauth_mcp on\" stands in location \"" + mcp->path + "\": nginx redirects \"" + bare +
                    "\" there before any check, and clients do not follow, accepted: location " + bare + ",");
    }
    if (mcp != nullptr && is_plain_http(*location.server)) {
        warn_at(
            cf, mcp->place,
            "\"oauth_mcp on\" with the base URL \"" + string(location.server->base_url) +
                "\": MCP clients ask for https, and tokens can be read on the way, accepted: an https URL "
                "in oauth_base_url,");
    }
    for (const std::size_t index : *location.offer) {
        warn_of_provider(cf, location, compiled.providers[index]->settings);
    }
}

void make_resource(ngx_conf_t* cf, const MainConf::Compiled& compiled, LocationConf& location) {
    auto& resource = *pool_make<flow::ProtectedResource>(cf->pool);
    resource.audiences = strings(location.bearer_audience);
    resource.type = static_cast<oidc::AccessTokenExpectation::Type>(location.bearer_type);
    resource.rules = location.rules == nullptr ? nullptr : location.rules->rules.get();
    if (is_mcp(location)) {
        resource.is_mcp = true;
        resource.path = location.mcp->path;
        resource.url = location.mcp->url;
        resource.scopes = location.mcp->scopes;
        resource.authorization_servers = location.mcp->authorization_servers;
    }
    if (location.offer->size() < compiled.providers.size()) {
        for (const std::size_t index : *location.offer) {
            resource.providers.push_back(compiled.providers[index]->settings.name);
        }
    }
    location.resource = &resource;
    ServerConf::Compiled& server = *location.server->compiled;
    server.has_mcp = server.has_mcp || resource.is_mcp;
    server.takes_tokens = true;
}

// What a client can name: neither `if` nor a named location.
bool is_place(const LocationConf& location) {
    return location.core->noname == 0 && location.core->named == 0;
}

bool is_own(const LocationConf& location) {
    return is_mcp(location) && location.mcp->location == &location;
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

// As nginx chooses among them, but for regular expressions: the longest name.
const LocationConf* location_of(const ServerConf& server, std::string_view path) {
    const LocationConf* best = nullptr;
    for (const LocationConf* each : server.compiled->places) {
        const std::string_view name = view(each->core->name);
        if (is_pattern(*each)) {
            continue;
        }
        if (each->core->exact_match != 0) {
            if (path == name) {
                return each;
            }
        } else if (path.starts_with(name) && (best == nullptr || name.size() > best->core->name.len)) {
            best = each;
        }
    }
    return best;
}

const flow::ProtectedResource* resource_of_path(const ServerConf& server, std::string_view path) {
    if (path.ends_with('/')) {
        path.remove_suffix(1);
    }
    for (const LocationConf* each : server.compiled->places) {
        if (each->resource == nullptr || !is_own(*each)) {
            continue;
        }
        const std::string_view name = each->mcp->path;
        if (name == path ||
            (name.size() == path.size() + 1 && name.starts_with(path) && name.ends_with('/'))) {
            return each->resource;
        }
    }
    const LocationConf* location = location_of(server, path);
    const bool serves = location != nullptr && location->resource != nullptr && location->resource->is_mcp;
    return serves ? location->resource : nullptr;
}

// A client that knows the origin alone: that of "/", else what the answers of plain oauth_bearer locations
// lead to, else the only MCP server.
const flow::ProtectedResource* resource_of_server(const ServerConf& server) {
    const LocationConf* root = location_of(server, "/");
    if (root != nullptr && root->resource != nullptr) {
        return root->resource;
    }
    const flow::ProtectedResource* only = nullptr;
    bool are_several = false;
    for (const LocationConf* each : server.compiled->places) {
        if (each->resource == nullptr) {
            continue;
        }
        if (!each->resource->is_mcp) {
            return each->resource;
        }
        if (is_own(*each)) {
            are_several = are_several || only != nullptr;
            only = each->resource;
        }
    }
    return are_several ? nullptr : only;
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

bool make_resources(ngx_conf_t* cf, MainConf::Compiled& compiled) {
    std::set<std::pair<std::string, ngx_uint_t>> told;
    for (LocationConf* location : compiled.locations) {
        if (is_place(*location) && !location->is_server) {
            location->server->compiled->places.push_back(location);
        }
        if (location->mode == mode_off && is_own(*location)) {
            refuse_at(
                cf, location->mcp->place,
                "\"oauth_mcp on\": \"oauth\" is off in this location, so that nobody would need a token, "
                "accepted: \"oauth on;\" with it,");
            return false;
        }
        if (location->mode == mode_off || (!is_mcp(*location) && location->bearer == 0)) {
            continue;
        }
        if (!check_audience(cf, *location) || !check_providers(cf, compiled, *location)) {
            return false;
        }
        make_resource(cf, compiled, *location);
        const Place& place = place_of_directive(*location);
        if (told.emplace(place.file, place.line).second) {
            warn(cf, compiled, *location);
        }
    }
    return true;
}

const flow::ProtectedResource* find_resource(const ServerConf& server, std::string_view path) {
    constexpr std::string_view well_known = flow::resource_metadata_path;
    if (!server.compiled->takes_tokens || !path.starts_with(well_known)) {
        return nullptr;
    }
    std::string_view rest = path.substr(well_known.size());
    if (!rest.empty() && rest.front() != '/') {
        return nullptr;
    }
    return rest.size() > 1 ? resource_of_path(server, rest) : resource_of_server(server);
}

} // namespace oauth::ngx
