// SPDX-License-Identifier: MIT
// Signing out at the provider: OpenID Connect RP-Initiated Logout 1.0 2.
#pragma once

#include <string>

namespace oauth::oidc {

// What a provider takes where there is no ID token to give as a hint.
enum class HintRule {
    optional,   // client_id, redirect and state: it asks the user, if it must (Keycloak, Auth0, Entra ID)
    for_return, // client_id: a redirect or a state is an error (Authentik, Dex, Ory Hydra)
    required,   // nothing: without a hint there is no signing out (Okta)
};

struct EndSessionRequest {
    std::string end_session_endpoint;
    std::string client_id;
    std::string post_logout_redirect_uri; // empty: not sent
    std::string id_token_hint;            // empty: there is none
    std::string state;                    // empty: not sent
    HintRule hint_rule = HintRule::optional;
};

// A longer ID token is none for a hint: servers refuse the address that it makes.
constexpr std::size_t max_hint_size = 6000;

// RP-Initiated Logout 1.0 2. Appends to the endpoint's own query, if it has one. Empty if the provider has no
// such endpoint, or nothing that it takes can be sent: then only the local session ends.
std::string build_end_session_url(const EndSessionRequest& request);

} // namespace oauth::oidc
