// SPDX-License-Identifier: MIT
// What a provider is to the flows: Settings, compiled when the configuration is read, immutable afterwards, owned by the
// http-level configuration. A Type is a row of data (one file each in this folder, listed in registry.cpp) that gives Settings
// its defaults, and a function only where an API differs.
#pragma once

#include "../src/core/json.hpp"
#include "../src/core/result.hpp"
#include "../src/oidc/client_auth.hpp"
#include "../src/oidc/token.hpp"
#include "../src/policy/policy.hpp"
#include "../src/session/session.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oauth::providers {

struct Settings;

// What the provider said of the user. Both are optional: plain OAuth 2.0 has no ID token, OpenID Connect may have no userinfo.
struct UserData {
    std::optional<core::Json> id_token;
    std::optional<core::Json> userinfo;

    core::JsonView id_token_view() const { return id_token ? id_token->root() : core::JsonView(); }
    core::JsonView userinfo_view() const { return userinfo ? userinfo->root() : core::JsonView(); }
    // From the ID token, else from the userinfo answer; null and "" count as absent (OpenID Connect Core 5.3.2).
    core::JsonView claim(std::string_view path) const;
};

enum class Protocol { oidc, oauth2 };

struct Type {
    std::string_view name;  // as in `oauth_provider NAME TYPE` and in the callback path
    std::string_view label; // on the sign-in page
    Protocol protocol;
    std::vector<std::string> scopes;
    std::vector<std::string> user_claims; // the first that is there is the user name
};

enum class UserinfoUse { automatic, on, off };

struct Settings {
    const Type* type = nullptr;
    std::string name;
    std::string label;
    std::string client_id;
    std::string client_secret;
    std::optional<oidc::ClientAuth> client_auth; // nothing: by metadata
    std::string issuer;                          // oidc: required
    std::string authorization_endpoint;          // these win over the metadata's
    std::string token_endpoint;
    std::string userinfo_endpoint;
    std::string jwks_uri;
    std::string end_session_endpoint;
    std::vector<std::string> scopes;
    bool pkce = true;
    bool nonce = true;
    std::string response_mode; // empty, "query" or "form_post"
    std::vector<std::pair<std::string, std::string>> authorize_parameters;
    std::string prompt;
    std::string user_claim; // empty: the type's
    std::vector<std::string> signing_algorithms;
    UserinfoUse userinfo = UserinfoUse::automatic;

    bool is_openid() const { return type->protocol == Protocol::oidc; }
    bool uses_form_post() const { return response_mode == "form_post"; }
};

// A sentence for nginx -t that names what is missing or contradicts; empty if complete.
std::string check(const Settings& settings);

// All types, in the order that pages list providers.
const std::vector<const Type*>& types();
const Type* find_type(std::string_view name);

// Settings with the type's defaults.
Settings make_settings(const Type& type, std::string name);

// Names of authentication that the configuration's rules and variables need, beyond the standard ones.
using Needs = policy::Needs;

// provider_error where there is no stable subject.
core::Result<session::Identity> map_identity(const Settings& settings, const UserData& data, const Needs& needs);

} // namespace oauth::providers
