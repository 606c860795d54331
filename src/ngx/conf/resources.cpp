// SPDX-License-Identifier: MIT
// See resources.hpp.
#include "resources.hpp"
#include "directives.hpp"
#include "table.hpp"
#include "../pool.hpp"

#include "../../core/url.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace oauth::ngx {

namespace {

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

// What it is compared by: its name, or, of a regular expression, the path of its resource. Empty: nothing.
std::string_view address_of(const LocationConf& location) {
    if (!is_pattern(location)) {
        return view(location.core->name);
    }
    return location.resource != nullptr && is_own(location) ? std::string_view(location.mcp->path) : "";
}

bool is_under(std::string_view path, const LocationConf& location) {
    const std::string_view address = address_of(location);
    if (address.empty() || !path.starts_with(address)) {
        return false;
    }
    return !is_pattern(location) || address.ends_with('/') || path.size() == address.size() ||
           path[address.size()] == '/';
}

// As nginx chooses among them: the longest, and a regular expression before what is as long.
const LocationConf* location_of(const ServerConf& server, std::string_view path) {
    const LocationConf* best = nullptr;
    for (const LocationConf* each : server.compiled->places) {
        if (each->core->exact_match != 0) {
            if (path == address_of(*each)) {
                return each;
            }
            continue;
        }
        const std::size_t best_so_far = best == nullptr ? 0 : address_of(*best).size();
        const std::size_t size = address_of(*each).size();
        if (is_under(path, *each) && (size > best_so_far || (size == best_so_far && is_pattern(*each)))) {
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
