// SPDX-License-Identifier: MIT
// What the tokens that a provider signs have in common, ID tokens, logout tokens and access tokens: whose
// they are, for whom, and when. One list of expectations and one check for each claim, so that a token of one
// kind is never held to less than one of another.
#pragma once

#include "../core/json.hpp"
#include "../core/result.hpp"
#include "../jose/jwk.hpp"
#include "../jose/jws.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::oidc {

struct TokenExpectation {
    // iss must be one of these, byte for byte. "{tenantid}" in one stands for the tid claim, which must then
    // have 36 characters of [0-9a-f-].
    std::vector<std::string> issuers;
    std::string client_id;
    std::vector<std::string> trusted_audiences; // that aud may name beside the client
    // The allowed ones, canonical (jose/jws.hpp). HS256/384/512 need client_secret as well.
    std::vector<std::string> algorithms;
    std::string client_secret;           // for HS* only
    std::int64_t now = 0;                // seconds since 1970, as all times here
    std::int64_t clock_skew = 60;        // seconds
    std::int64_t max_age_of_iat = 86400; // seconds; older tokens are refused
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

using Complaint = std::string; // what is wrong with a token; empty: nothing

// Each of these looks at one thing. The signature by any candidate key; iss; aud (a string or an array; any
// audience but the client and the trusted ones is refused); now < exp + skew; iat <= now + skew, and
// now <= iat + max_age_of_iat; nbf, if it is there, <= now + skew. A time is a JSON number, with or without a
// fraction; a string is refused; a huge number is cut to 2^53.
Complaint check_signature(const jose::Jws& jws, const jose::JwkSet& keys, const TokenExpectation& expected);
Complaint check_issuer(core::JsonView claims, const TokenExpectation& expected);
Complaint check_audience(core::JsonView claims, const TokenExpectation& expected);
Complaint check_expiry(core::JsonView claims, const TokenExpectation& expected);
Complaint check_issued(core::JsonView claims, const TokenExpectation& expected); // iat, but not its age
Complaint check_issue_time(core::JsonView claims, const TokenExpectation& expected);
Complaint check_not_before(core::JsonView claims, const TokenExpectation& expected);

constexpr std::size_t max_subject_size = 255; // OpenID Connect Core 2

// Core 2: sub has 1 to 255 bytes without control characters.
Complaint check_subject(core::JsonView claims);

// Back-Channel Logout 1.0 2.4: the member of events that makes a logout token. A token that has one is none
// of another kind (4).
core::JsonView logout_event(core::JsonView claims);

core::Error refused_token(Complaint complaint); // token_invalid

} // namespace oauth::oidc
