// SPDX-License-Identifier: MIT
// Validation of ID tokens: OpenID Connect Core 3.1.3.7, 3.1.3.8, 3.3.2.10.
#pragma once

#include "../core/json.hpp"
#include "../core/result.hpp"
#include "../jose/jwk.hpp"
#include "../jose/jws.hpp"
#include "signed_token.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::oidc {

struct IdTokenExpectation : TokenExpectation {
    std::string nonce; // empty: none was sent, and none is compared
    // OpenID Connect Core 12.2: a refreshed ID token should have none, and if it has one it is the same.
    enum class NonceRule { required, if_present } nonce_rule = NonceRule::required;
    std::optional<std::int64_t> max_age; // seconds, if it was sent: auth_time must be known and not older
    std::string access_token;            // checked against at_hash, if the token has it
    std::string code;                    // checked against c_hash, if the token has it
    enum class CodeHash { optional, required } code_hash = CodeHash::optional;
    std::string state; // checked against s_hash, if the token has it (FAPI 1.0 Part 2, 5.1.1)
};

struct IdToken {
    core::Json claims;
    std::string subject; // 1..255 bytes, no control characters
    std::int64_t issued_at = 0;
    std::int64_t expires_at = 0;
    std::optional<std::int64_t> auth_time; // nullopt: unknown, which is also what 0 or a text says
};

// OpenID Connect Core 3.1.3.7. The checks, in this order: signature, typ (absent or "jwt"), that it tells of
// no sign-out, iss, aud, azp, exp, iat, nbf (signed_token.hpp), nonce (constant time), sub, auth_time if
// max_age was sent, at_hash, c_hash, s_hash, token_use (absent or "id"). The error is token_invalid.
core::Result<IdToken> validate_id_token(const jose::Jws& jws, const jose::JwkSet& keys,
                                        const IdTokenExpectation& expected);

} // namespace oauth::oidc
