// SPDX-License-Identifier: MIT
// Validation of access tokens of API clients, where this server is the protected resource: RFC 9068 4 for
// signed ones, RFC 7662 for those that only their server can read.
#pragma once

#include "../core/json.hpp"
#include "../core/result.hpp"
#include "../jose/jwk.hpp"
#include "../jose/jws.hpp"
#include "../net/http.hpp"
#include "client_auth.hpp"
#include "signed_token.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::oidc {

// client_id is the provider's client here, algorithms are asymmetric ones.
struct AccessTokenExpectation : TokenExpectation {
    std::vector<std::string> audiences; // that stand for this resource: the token names one of them
    enum class Type {
        at_jwt, // RFC 9068 2.1
        any,    // or without a typ, or with JWT, as many servers have it
    } type = Type::at_jwt;
    // Of an introspected token, whose server has been asked by a client that it knows.
    enum class MissingAudience { refused, accepted } missing_audience = MissingAudience::refused;
};

struct AccessToken {
    core::Json claims;
    std::string subject;         // 1..255 bytes, no control characters
    std::int64_t issued_at = 0;  // seconds; 0: not told
    std::int64_t expires_at = 0; // seconds; 0: not told, which only introspection may leave out
    std::int64_t auth_time = 0;  // seconds; 0: not told
    std::string sid;             // the provider's session; empty: not told, or not usable
    std::vector<std::string> scopes;
};

// Of a provider: those that its block names, else every asymmetric one; the keys say which fit.
std::vector<std::string> access_token_algorithms(const std::vector<std::string>& configured);

// scope and scp, a text or a list.
std::vector<std::string> scopes_of(core::JsonView claims);

// RFC 9068 4. The checks, in this order: signature, typ, that it is of no other kind (ID token, logout token,
// refresh token), iss, aud (one of the audiences, in a text or a list; where it is absent, client_id, as
// Amazon Cognito has it), exp, iat, nbf, sub, and that it is bound to no key (cnf), since a bearer proves
// none. The error is token_invalid.
core::Result<AccessToken> validate_access_token(const jose::Jws& jws, const jose::JwkSet& keys,
                                                const AccessTokenExpectation& expected);

struct IntrospectionRequest {
    std::string introspection_endpoint;
    std::string token;
    ClientCredentials credentials; // as at the token endpoint
};

// RFC 7662 2.1: a POST with a form.
net::HttpRequest build_introspection_request(const IntrospectionRequest& request);

// RFC 7662 2.2 and 4. The answer must be 200 with a strict JSON object; `active` is true and nothing else.
// Then as above, as far as the answer says it. nullopt: not active, or the provider says that it is not for
// us. Errors: token_invalid, for one that is active and not to be used here; provider_error for an answer
// that is none.
core::Result<std::optional<AccessToken>>
process_introspection_response(const net::HttpResponse& response, const AccessTokenExpectation& expected);

} // namespace oauth::oidc
