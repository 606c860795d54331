// SPDX-License-Identifier: MIT
// Validation of ID tokens: OpenID Connect Core 3.1.3.7, 3.1.3.8, 3.3.2.10.
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
    // iss must be one of these, byte for byte. "{tenantid}" in one stands for the tid claim, which must then
    // have 36 characters of [0-9a-f-].
    std::vector<std::string> issuers;
    std::string client_id;
    std::vector<std::string> trusted_audiences; // that aud may name beside the client
    // The allowed ones, canonical (jose/jws.hpp). HS256/384/512 need client_secret as well.
    std::vector<std::string> algorithms;
    std::string client_secret;           // for HS* only
    std::string nonce;                   // empty: none was sent, and none is compared
    std::int64_t now = 0;                // seconds since 1970, as all times here
    std::int64_t clock_skew = 60;        // seconds
    std::int64_t max_age_of_iat = 86400; // seconds; older tokens are refused
    std::optional<std::int64_t> max_age; // seconds, if it was sent: auth_time must be known and not older
    std::string access_token;            // checked against at_hash, if the token has it
    std::string code;                    // checked against c_hash, if the token has it
    enum class CodeHash { optional, required } code_hash = CodeHash::optional;
};

struct IdToken {
    core::Json claims;
    std::string subject; // 1..255 bytes, no control characters
    std::int64_t issued_at = 0;
    std::int64_t expires_at = 0;
    std::optional<std::int64_t> auth_time; // nullopt: unknown, which is also what 0 or a text says
};

// OpenID Connect Core 3.1.3.7 (7). The configured algorithms if there are any; else RS256 if the metadata has
// no list; else the asymmetric algorithms of that list. Canonical names.
std::vector<std::string> allowed_algorithms(const std::vector<std::string>& configured,
                                            const std::vector<std::string>& supported);

enum class KeyLookup { found, refetch_may_help };

// OpenID Connect Core 10.1.1. found if the set has a key that verifies the token. Otherwise the caller
// fetches the set again, once and throttled: also where a key of the token's kid does not verify it, because
// some servers replace their keys under the same kid.
KeyLookup look_for_key(const jose::Jws& jws, const jose::JwkSet& keys);

// OpenID Connect Core 3.1.3.7. The checks, in this order: signature (by any candidate key), typ (absent or
// "jwt"), iss, aud (a string or an array; any audience but the client and the trusted ones is refused), azp,
// exp, iat, nbf, nonce (constant time), sub, auth_time if max_age was sent, at_hash, c_hash, token_use
// (absent or "id"). The error is token_invalid. Times: now < exp + skew, iat <= now + skew, nbf <= now +
// skew, now <= iat + max_age_of_iat. A time is a JSON number, with or without a fraction; a string is
// refused; a huge number is cut to 2^53.
core::Result<IdToken> validate_id_token(const jose::Jws& jws, const jose::JwkSet& keys,
                                        const IdTokenExpectation& expected);

} // namespace oauth::oidc
