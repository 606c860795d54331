// SPDX-License-Identifier: MIT
// Giving a token back to its provider: RFC 7009 2.
#pragma once

#include "../core/result.hpp"
#include "../net/http.hpp"
#include "client_auth.hpp"

#include <string>

namespace oauth::oidc {

enum class TokenKind { refresh, access };

struct RevocationRequest {
    std::string revocation_endpoint;
    std::string token;
    TokenKind kind = TokenKind::refresh; // the hint
    ClientCredentials credentials;       // as at the token endpoint
};

// RFC 7009 2.1: a POST with a form. For the background: nobody waits for it.
net::HttpRequest build_revocation_request(const RevocationRequest& request);

// RFC 7009 2.2, 2.2.1. Success is status 200, whatever the body says: also for a token that was unknown.
// Other statuses of 200 to 299 are taken for it. The error is provider_error; its detail has the status and
// the error code, if is_error_code holds (wire.hpp), and nothing else of the body.
core::Status process_revocation_response(const net::HttpResponse& response);

} // namespace oauth::oidc
