// SPDX-License-Identifier: MIT
// RFC 6749 4.1.3-5.2, OpenID Connect Core 3.1.3: the code for tokens.
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
    std::string access_token;
    std::string id_token;                   // empty: none
    std::string refresh_token;              // empty: none
    std::string token_type;                 // lower case
    std::string scope;                      // as answered; empty: as asked
    std::optional<std::int64_t> expires_in; // seconds, 0..10 years; absent if unknown or nonsense
};

struct TokenRequest {
    std::string token_endpoint;
    std::string redirect_uri;
    std::string code_verifier; // empty: no PKCE
    ClientCredentials credentials;
};

// POST, application/x-www-form-urlencoded, Accept: application/json.
net::HttpRequest build_token_request(const TokenRequest& request, const ValidatedCallback& callback);

enum class IdTokenRule { required, optional };
enum class TokenFormat { json, json_or_form }; // form: older GitHub

// 200 with a JSON body (media type application/json or application/*+json): a strict object, no duplicate
// names; access_token required (1..64 KiB of visible ASCII), token_type required and "bearer" in any case
// (with json_or_form a missing one too). An `error` member, whatever the status, or any status but 200:
// provider_error, whose detail has the status and the error code (token characters, 64 bytes) but nothing
// else of the body.
core::Result<TokenSet> process_token_response(const net::HttpResponse& response, IdTokenRule id_token,
                                              TokenFormat format = TokenFormat::json);

} // namespace oauth::oidc
