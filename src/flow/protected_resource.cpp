// SPDX-License-Identifier: MIT
// See protected_resource.hpp.
#include "protected_resource.hpp"

#include "../core/bytes.hpp"
#include "../core/json.hpp"
#include "../core/url.hpp"

#include <algorithm>
#include <utility>

namespace oauth::flow {

namespace {

// RFC 6749 3.3: what can stand in a list of scopes, and in quotes.
bool is_scope_token(std::string_view scope) {
    return !scope.empty() && std::all_of(scope.begin(), scope.end(),
                                         [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; });
}

std::string joined_scopes(const std::vector<std::string>& scopes) {
    std::string text;
    for (const std::string& scope : scopes) {
        if (is_scope_token(scope)) {
            text.append(text.empty() ? "" : " ").append(scope);
        }
    }
    return text;
}

// RFC 9110 5.6.4. Nothing that comes here has a control character.
void add_parameter(std::string& value, std::string_view name, std::string_view text) {
    if (text.empty()) {
        return;
    }
    value.append(value.ends_with(' ') ? "" : ", ").append(name).append("=\"");
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            value += '\\';
        }
        value += c;
    }
    value += '"';
}

// RFC 3986 3.3: a path that nginx matches, as it stands in a URL.
std::string encoded_path(std::string_view path) {
    constexpr std::string_view plain = "/!$&'()*+,;=:@";
    std::string encoded;
    for (const char c : path) {
        encoded +=
            plain.find(c) == std::string_view::npos ? core::percent_encode({&c, 1}) : std::string(1, c);
    }
    return encoded;
}

bool is_template(std::string_view issuer) {
    return issuer.find('{') != std::string_view::npos;
}

// Verbatim as the provider's metadata have it; empty: it cannot be told.
core::Task<std::string> issuer_of(Site& site, Provider& provider) {
    const providers::Settings& settings = provider.settings();
    if (settings.type->issuer_rule == providers::IssuerRule::from_metadata) {
        auto metadata = co_await provider.metadata(site.http);
        if (metadata && !(*metadata.value()).issuer.empty()) {
            const std::string& issuer = (*metadata.value()).issuer;
            co_return is_template(issuer) ? std::string() : issuer;
        }
    }
    co_return is_template(settings.issuer) ? std::string() : settings.issuer;
}

core::Task<std::vector<std::string>> authorization_servers(Site& site, const ProtectedResource& resource) {
    if (!resource.authorization_servers.empty()) {
        co_return resource.authorization_servers;
    }
    std::vector<std::string> issuers;
    for (Provider* provider : site.providers) {
        const auto& names = resource.providers;
        const bool is_ours =
            names.empty() || std::find(names.begin(), names.end(), provider->settings().name) != names.end();
        if (!is_ours || !issues_usable_tokens(provider->settings())) {
            continue;
        }
        std::string issuer = co_await issuer_of(site, *provider);
        if (!issuer.empty() && std::find(issuers.begin(), issuers.end(), issuer) == issuers.end()) {
            issuers.push_back(std::move(issuer));
        }
    }
    co_return issuers;
}

std::vector<std::string> supported_scopes(const ProtectedResource& resource) {
    std::vector<std::string> scopes =
        resource.scopes
            ? *resource.scopes
            : (resource.rules == nullptr ? std::vector<std::string>() : resource.rules->all_scopes());
    std::erase_if(scopes, [](const std::string& scope) { return !is_scope_token(scope); });
    return scopes;
}

} // namespace

std::string resource_url(const ProtectedResource& resource, std::string_view base_url) {
    if (!resource.url.empty()) {
        return resource.url;
    }
    return std::string(base_url) + (resource.path == "/" ? "" : encoded_path(resource.path));
}

std::vector<std::string> accepted_audiences(const ProtectedResource& resource, std::string_view base_url) {
    if (!resource.audiences.empty()) {
        return resource.audiences;
    }
    std::vector<std::string> audiences = {resource_url(resource, base_url)};
    if (resource.url.empty() && resource.path == "/") { // clients write the origin either way
        audiences.push_back(audiences.front() + "/");
    }
    return audiences;
}

std::string resource_metadata_url(const ProtectedResource& resource, std::string_view base_url) {
    return std::string(base_url) + std::string(resource_metadata_path) +
           (resource.path == "/" ? "" : encoded_path(resource.path));
}

std::vector<std::string> announced_scopes(const ProtectedResource& resource) {
    if (resource.scopes) {
        return *resource.scopes;
    }
    return resource.rules == nullptr ? std::vector<std::string>() : resource.rules->first_scopes();
}

std::string challenge_value(const ProtectedResource& resource, std::string_view base_url,
                            const Challenge& challenge) {
    std::string value = "Bearer ";
    add_parameter(value, "realm", base_url);
    add_parameter(value, "error", challenge.error);
    add_parameter(value, "error_description", challenge.description);
    add_parameter(value, "scope", joined_scopes(challenge.scopes));
    add_parameter(value, "acr_values", challenge.acr_values);
    if (challenge.max_age) {
        add_parameter(value, "max_age", std::to_string(*challenge.max_age));
    }
    add_parameter(value, "resource_metadata", resource_metadata_url(resource, base_url));
    return value;
}

bool issues_usable_tokens(const providers::Settings& settings) {
    return !settings.introspection_endpoint.empty() || (settings.is_openid() && !settings.has_opaque_tokens);
}

core::Task<web::Answer> serve_resource_metadata(Site& site, const Request& request,
                                                const ProtectedResource& resource) {
    if (!is_get(request)) {
        web::Audience to = audience(site, request, "/");
        to.prefers_json = true;
        co_return web::not_allowed("GET, HEAD", to);
    }
    const std::vector<std::string> servers = co_await authorization_servers(site, resource);
    core::JsonObjectWriter document;
    document.add("resource", resource_url(resource, request.base_url));
    if (!servers.empty()) {
        document.add_json("authorization_servers", core::json_string_array(servers));
    }
    document.add_json("bearer_methods_supported", R"(["header"])");
    if (const auto scopes = supported_scopes(resource); !scopes.empty()) {
        document.add_json("scopes_supported", core::json_string_array(scopes));
    }
    if (!site.options.look.title.empty()) {
        document.add("resource_name", site.options.look.title);
    }
    web::Answer answer = web::json(200, std::move(document).finish());
    answer.headers.emplace_back("Access-Control-Allow-Origin", "*");
    co_return answer;
}

} // namespace oauth::flow
