// SPDX-License-Identifier: MIT
// Exchanging the code for tokens: RFC 6749 4.1.3, 4.1.4 and 5, RFC 7636 4.5, OpenID Connect Core 3.1.3.
#pragma once

#include "../core/result.hpp"
#include "../net/http.hpp"
#include "authorization.hpp"
#include "client_auth.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace oauth::oidc {

struct TokenSet {
    std::string access_token;         // empty: none, where none is needed
    std::string id_token;             // empty: none
    std::string refresh_token;        // empty: none
    std::string token_type;           // "bearer" or "dpop"; empty: not answered, which is taken for bearer
    std::optional<std::string> scope; // as answered; empty: none was granted; absent: all that was asked
    std::optional<std::int64_t> expires_in; // seconds, 0..10 years; nullopt if absent or out of range
};

struct TokenRequest {
    std::string token_endpoint;
    std::string redirect_uri;
    std::string code_verifier; // empty: no PKCE
    ClientCredentials credentials;
};

// RFC 6749 4.1.3, RFC 7636 4.5, OpenID Connect Core 3.1.3.1: a POST with a form, Accept: application/json.
net::HttpRequest build_token_request(const TokenRequest& request, const ValidatedCallback& callback);

enum class IdTokenRule { required, optional };
enum class AccessTokenRule { required, optional }; // optional: nothing is asked with it
enum class TokenFormat { json, json_or_form };     // GitHub may answer with a form
enum class TokenType { bearer, dpop };             // dpop: the request had a proof (RFC 9449 5)

// RFC 6749 5.1 and 5.2, OpenID Connect Core 3.1.3.3. The answer must be 200 with a strict JSON object of at
// most 1 MiB (application/json or application/*+json), or with json_or_form a form. A token is at most 64 KiB
// of visible ASCII. token_type must be "bearer", in any case; where it is missing, which some providers are
// known for (LinkedIn), the token is taken for a bearer token. Of a request with a proof it must be "DPoP",
// in any case, and be there: else whoever has the token could use it. The error is provider_error, also for
// an `error` member in a 200 that is not empty. Its detail has the status and the error code, if
// is_error_code holds (wire.hpp), and nothing else of the body.
core::Result<TokenSet> process_token_response(const net::HttpResponse& response, IdTokenRule id_token,
                                              TokenFormat format = TokenFormat::json,
                                              AccessTokenRule access_token = AccessTokenRule::required,
                                              TokenType type = TokenType::bearer);

} // namespace oauth::oidc
