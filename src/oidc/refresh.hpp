// SPDX-License-Identifier: MIT
// Refreshing tokens: RFC 6749 6, OpenID Connect Core 12. The answer is that of the token endpoint
// (token.hpp), without a duty to send an ID token.
#pragma once

#include "../net/http.hpp"
#include "client_auth.hpp"
#include "token.hpp"

#include <string>

namespace oauth::oidc {

struct RefreshRequest {
    std::string token_endpoint;
    std::string refresh_token;
    std::string scope; // what was granted, or less; empty: not sent
    ClientCredentials credentials;
};

net::HttpRequest build_refresh_request(const RefreshRequest& request);

// What an answer without tokens means for the session.
enum class Refusal {
    none,  // it says nothing of the user: the provider is away, or this client is wrong
    ended, // the provider has ended it, or wants to see the person: who comes has to sign in again
};

// The words that providers have for it, whatever status they come with: invalid_grant (RFC 6749 5.2),
// bad_refresh_token (GitHub, with status 200), access_denied (Okta), invalid_request about the refresh token
// (Dex), interaction_required and its like (OpenID Connect Core 3.1.2.6).
Refusal refusal_of(const net::HttpResponse& response);

} // namespace oauth::oidc
