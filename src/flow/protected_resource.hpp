// SPDX-License-Identifier: MIT
// A location as a protected resource of API clients (oauth_bearer, oauth_mcp): what it is called, which
// tokens it takes, and how it tells a client where to get one. RFC 6750 3, RFC 8707, RFC 9728.
#pragma once

#include "../core/result.hpp"
#include "../core/task.hpp"
#include "../oidc/access_token.hpp"
#include "../policy/policy.hpp"
#include "../web/answer.hpp"
#include "site.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::flow {

// Made when the configuration is read, and lives as long; its address is its identity.
struct ProtectedResource {
    // Where it is, as it was written: "/mcp". "/": the base URL itself.
    std::string path = "/";
    std::string url;                    // resource=; empty: by the base URL and the path
    std::vector<std::string> audiences; // oauth_bearer_audience; empty: its own URL
    oidc::AccessTokenExpectation::Type type = oidc::AccessTokenExpectation::Type::at_jwt;
    bool is_mcp = false;
    std::optional<std::vector<std::string>> scopes; // scope=; absent: by the rules
    std::vector<std::string> authorization_servers; // of authorization_server=; empty: by the providers
    std::vector<std::string> providers;             // whose tokens count; empty: all
    const policy::RuleSet* rules = nullptr;         // null: whoever has a token
};

// Absolute, without a slash at the end where it is the base URL.
std::string resource_url(const ProtectedResource& resource, std::string_view base_url);

// What `aud` may be.
std::vector<std::string> accepted_audiences(const ProtectedResource& resource, std::string_view base_url);

// RFC 9728 3.1: the well-known path is put between the host and the resource's path.
inline constexpr std::string_view resource_metadata_path = "/.well-known/oauth-protected-resource";
std::string resource_metadata_url(const ProtectedResource& resource, std::string_view base_url);

// What the location announces: of scope=, else of the first rule that names some.
std::vector<std::string> announced_scopes(const ProtectedResource& resource);

// RFC 6750 3, RFC 9728 5.1, RFC 9470 3. The value of WWW-Authenticate; the same for the same question.
struct Challenge {
    std::string_view error = {};          // empty: no token came
    std::string_view description = {};    // of ours: fit for a quoted string
    std::vector<std::string> scopes = {}; // that it takes
    std::string acr_values = {};          // of insufficient_user_authentication
    std::optional<std::int64_t> max_age = std::nullopt;
};
std::string challenge_value(const ProtectedResource& resource, std::string_view base_url,
                            const Challenge& challenge);

// Could this provider's tokens be used here at all? Its type may give none that others can read.
bool issues_usable_tokens(const providers::Settings& settings);

// RFC 9728 2: the document, or 405 for another method than GET and HEAD. Providers whose metadata are not to
// be had at the moment are named as they are configured. All references outlive it.
core::Task<web::Answer> serve_resource_metadata(Site& site, const Request& request,
                                                const ProtectedResource& resource);

} // namespace oauth::flow
