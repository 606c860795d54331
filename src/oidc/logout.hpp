// SPDX-License-Identifier: MIT
// OpenID Connect RP-Initiated Logout 1.0, section 2.
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

// Keeps a query of the endpoint and appends. Empty where the provider has no endpoint: then only the local
// session ends.
std::string build_end_session_url(const EndSessionRequest& request);

} // namespace oauth::oidc
