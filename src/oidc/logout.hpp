// SPDX-License-Identifier: MIT
// Signing out at the provider: OpenID Connect RP-Initiated Logout 1.0 2.
#pragma once

#include <string>

namespace oauth::oidc {

struct EndSessionRequest {
    std::string end_session_endpoint;
    std::string client_id;
    std::string post_logout_redirect_uri; // empty: not sent
    std::string id_token_hint;            // empty: not sent
    std::string state;                    // empty: not sent
};

// RP-Initiated Logout 1.0 2. Appends to the endpoint's own query, if it has one. Empty if the provider has no
// such endpoint: then only the local session ends.
std::string build_end_session_url(const EndSessionRequest& request);

} // namespace oauth::oidc
