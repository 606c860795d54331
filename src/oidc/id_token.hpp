// SPDX-License-Identifier: MIT
// OpenID Connect Core 3.1.3.7: is this ID token the provider's, for us, now, and of this very sign-in?
#pragma once

#include "../core/json.hpp"
#include "../core/result.hpp"
#include "../jose/jwk.hpp"
#include "../jose/jws.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::oidc {

struct IdTokenExpectation {
    std::vector<std::string>
        issuers; // any of them, byte for byte; "{tenantid}" in one stands for the tid claim (36 of [0-9a-f-])
    std::string client_id;
    std::vector<std::string>
        algorithms;            // allowed; HS* only if the caller put it there and gives client_secret
    std::string client_secret; // for HS* only
    std::string nonce;         // empty: none was sent, and none is compared
    std::int64_t now = 0;
    std::int64_t clock_skew = 60;        // seconds
    std::int64_t max_age_of_iat = 86400; // seconds; older tokens are refused
    std::optional<std::int64_t> max_age; // asked for: auth_time must be there and not older (plus skew)
    std::string access_token;            // for at_hash, if the token has one
    std::string code;                    // for c_hash, if the token has one
    enum class CodeHash { optional, required } code_hash = CodeHash::optional;
};

struct IdToken {
    core::Json claims;
    std::string subject; // 1..255 bytes, no control characters
    std::int64_t issued_at = 0;
    std::int64_t expires_at = 0;
    std::optional<std::int64_t> auth_time;
};

// The algorithms that are allowed: those configured, else RS256 where the metadata lists nothing, else the
// asymmetric ones of the metadata.
std::vector<std::string> allowed_algorithms(const std::vector<std::string>& configured,
                                            const std::vector<std::string>& supported);

enum class KeyLookup { found, refetch_may_help };

// Does the set hold a key that could verify this token? Where no kid names it, only one that does verify
// counts. If not, the caller fetches the set again (throttled) once.
KeyLookup look_for_key(const jose::Jws& jws, const jose::JwkSet& keys);

// Signature first (any candidate key), then typ (absent, "jwt"), iss, aud (string or array; every other
// audience is refused), azp, exp, iat, nbf, nonce (constant time), sub, auth_time, at_hash, c_hash, token_use
// if present must be "id". Errors: token_invalid. Times: now < exp + skew, iat <= now + skew, nbf <= now +
// skew, now <= iat + max_age_of_iat. Numbers are integers or floats; strings are refused; huge saturates.
core::Result<IdToken> validate_id_token(const jose::Jws& jws, const jose::JwkSet& keys,
                                        const IdTokenExpectation& expected);

} // namespace oauth::oidc
