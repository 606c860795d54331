// SPDX-License-Identifier: MIT
// Validation of logout tokens: OpenID Connect Back-Channel Logout 1.0 2.4 and 2.6, without what needs a
// memory: that a token comes once is for the caller to see to.
#pragma once

#include "../core/result.hpp"
#include "../jose/jwk.hpp"
#include "../jose/jws.hpp"
#include "signed_token.hpp"

#include <cstdint>
#include <string>

namespace oauth::oidc {

struct LogoutToken {
    std::string subject;             // empty: the session alone
    std::string sid;                 // empty: all sessions of the subject
    std::string jti;                 // that it is remembered by
    std::int64_t remember_until = 0; // from then on it is refused by its times
};

constexpr std::size_t max_sid_size = 255;
// A token without exp, which Ory Hydra and Authentik send, is taken for so long after its iat. Seconds.
constexpr std::int64_t max_age_without_expiry = 120;

// Back-Channel Logout 1.0 2.6. The checks, in this order: signature, typ ("logout+jwt", "jwt" or absent),
// iss, aud, exp (or how old it is, where that is absent), iat, nbf (signed_token.hpp), events (an object
// whose member for this event is an object; others are none of our business), no nonce, sub and sid (at least
// one; 1 to 255 bytes without control characters), jti (1 to 1024 bytes). The error is token_invalid.
core::Result<LogoutToken> validate_logout_token(const jose::Jws& jws, const jose::JwkSet& keys,
                                                const TokenExpectation& expected);

// 1 to 255 bytes without control characters: a session's id at its provider.
bool is_usable_sid(std::string_view sid);

} // namespace oauth::oidc
