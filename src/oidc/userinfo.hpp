// SPDX-License-Identifier: MIT
// The userinfo endpoint: OpenID Connect Core 5.3.
#pragma once

#include "../core/json.hpp"
#include "../core/result.hpp"
#include "../jose/jwk.hpp"
#include "../jose/jws.hpp"
#include "../net/http.hpp"
#include "signed_token.hpp"
#include "token.hpp"

#include <string>
#include <string_view>

namespace oauth::oidc {

// What may come back. Plain OAuth 2.0 has no keys that a signed answer could be verified with.
enum class UserinfoForm { json, json_or_signed };

// OpenID Connect Core 5.3.1, RFC 6750 2.1, RFC 9449 7.1: a GET with "Authorization: Bearer" (or "DPoP", whose
// proof is the caller's). Accept names JSON first, and the signed form behind it where that is taken.
net::HttpRequest build_userinfo_request(std::string_view userinfo_endpoint, std::string_view access_token,
                                        UserinfoForm form = UserinfoForm::json,
                                        TokenType type = TokenType::bearer);

// OpenID Connect Core 5.3.2: a JWT, by its media type (application/jwt) and status 200.
bool is_signed_userinfo(const net::HttpResponse& response);

// OpenID Connect Core 5.3.2 and 5.3.4. The answer must be 200 with a strict JSON object of at most 1 MiB. Its
// sub member must equal `expected_subject`; where that is empty (plain OAuth 2.0), no sub is required.
// Errors: token_invalid for another sub; provider_error for the rest.
core::Result<core::Json> process_userinfo_response(const net::HttpResponse& response,
                                                   std::string_view expected_subject);

// OpenID Connect Core 5.3.2: the claims of a signed answer. The checks, in this order: signature, typ (absent
// or "jwt"), that it tells of no sign-out, iss, aud; exp, iat and nbf where they are there
// (signed_token.hpp); sub as above. The error is token_invalid, and provider_error where sub is missing.
core::Result<core::Json> validate_signed_userinfo(const jose::Jws& jws, const jose::JwkSet& keys,
                                                  const TokenExpectation& expected,
                                                  std::string_view expected_subject);

} // namespace oauth::oidc
