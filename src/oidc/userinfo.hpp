// SPDX-License-Identifier: MIT
// The userinfo endpoint: OpenID Connect Core 5.3.
#pragma once

#include "../core/json.hpp"
#include "../core/result.hpp"
#include "../net/http.hpp"
#include "token.hpp"

#include <string>
#include <string_view>

namespace oauth::oidc {

// OpenID Connect Core 5.3.1, RFC 6750 2.1, RFC 9449 7.1: a GET with "Authorization: Bearer" (or "DPoP", whose
// proof is the caller's) and Accept: application/json.
net::HttpRequest build_userinfo_request(std::string_view userinfo_endpoint, std::string_view access_token,
                                        TokenType type = TokenType::bearer);

// OpenID Connect Core 5.3.2 and 5.3.4. The answer must be 200 with a strict JSON object of at most 1 MiB. Its
// sub member must equal `expected_subject`; where that is empty (plain OAuth 2.0), no sub is required.
// Errors: token_invalid for another sub; provider_error for the rest, signed answers (application/jwt) among
// them.
core::Result<core::Json> process_userinfo_response(const net::HttpResponse& response,
                                                   std::string_view expected_subject);

} // namespace oauth::oidc
