// SPDX-License-Identifier: MIT
// Validates ID tokens (OpenID Connect Core 3.1.3.7): issued by the provider, for this client, valid now, and
// made for this sign-in. Called by the flows with a parsed token. validate_id_token runs a list of checks in
// a fixed order, the signature first, and stops at the first complaint. The returned IdToken owns the claims.
#include "id_token.hpp"

#include "../core/bytes.hpp"
#include "../core/crypto.hpp"

#include <algorithm>
#include <utility>

namespace oauth::oidc {

namespace {

struct Token {
    const jose::Jws& jws;
    core::JsonView claims;
    const IdTokenExpectation& expected;
};

// What ID tokens have in common with others of the provider.
template <Complaint (*check)(core::JsonView claims, const TokenExpectation& expected)>
Complaint shared(const Token& token) {
    return check(token.claims, token.expected);
}

Complaint check_person(const Token& token) {
    return check_subject(token.claims);
}

// Back-Channel Logout 1.0 4: a logout token passes for no ID token, where no nonce is asked for either
Complaint check_kind(const Token& token) {
    return logout_event(token.claims).exists() ? "it is a logout token" : Complaint();
}

// RFC 7519 5.1, RFC 8725 3.11, 3.12: typ does not name another kind of token
Complaint check_type(const Token& token) {
    return token.jws.typ.empty() || token.jws.typ == "jwt" ? Complaint() : "its typ is another token's";
}

// OpenID Connect Core 3.1.3.7 (5): azp, if it is there, is this client
Complaint check_authorized_party(const Token& token) {
    const core::JsonView party = token.claims.get("azp");
    const bool right = !party.exists() || party.as_string() == token.expected.client_id;
    return right ? Complaint()
                 : "azp is not this client: found \"" + core::for_log(party.as_string().value_or("no text")) +
                       "\", expected \"" + core::for_log(token.expected.client_id) + "\" (client_id)";
}

// OpenID Connect Core 3.1.3.7 (11): nonce is exactly the one that was sent
Complaint check_nonce(const Token& token) {
    if (token.expected.nonce.empty()) {
        return {};
    }
    const core::JsonView claim = token.claims.get("nonce");
    if (!claim && token.expected.nonce_rule == IdTokenExpectation::NonceRule::if_present) {
        return {};
    }
    const auto nonce = claim.as_string();
    if (!nonce) {
        return "nonce is missing or not a string";
    }
    return core::equal_constant_time(*nonce, token.expected.nonce) ? Complaint()
                                                                   : "nonce is not this sign-in's";
}

// Unknown where it is absent, not a number, or 0, which some providers write for that.
std::optional<std::int64_t> authentication_time(core::JsonView claims) {
    const auto time = claims.get("auth_time").as_integer();
    return time && *time > 0 ? time : std::nullopt;
}

// OpenID Connect Core 3.1.3.7 (13): auth_time is there, not in the future and not older than max_age, if
// sent. Nothing rests on it otherwise.
Complaint check_authentication_time(const Token& token) {
    const std::optional<std::int64_t> max_age = token.expected.max_age;
    if (!max_age) {
        return {};
    }
    const core::JsonView claim = token.claims.get("auth_time");
    if (!claim.exists()) {
        return "auth_time is missing";
    }
    const auto authenticated_at = claim.as_integer();
    if (!authenticated_at) {
        return "auth_time is not a number";
    }
    const std::int64_t age = token.expected.now - *authenticated_at;
    if (age < -token.expected.clock_skew) {
        return "auth_time is in the future";
    }
    return age <= *max_age + token.expected.clock_skew ? Complaint() : "auth_time is too long ago";
}

// OpenID Connect Core 3.1.3.6, 3.3.2.11: the left half of alg's hash. Ed25519 has SHA-512 (RFC 8032 5.1).
std::string left_half_hash(std::string_view alg, std::string_view value) {
    core::Hash hash = core::Hash::sha512;
    if (alg.ends_with("256")) {
        hash = core::Hash::sha256;
    } else if (alg.ends_with("384")) {
        hash = core::Hash::sha384;
    }
    const std::string whole = core::digest(hash, value);
    return core::base64url_encode(std::string_view(whole).substr(0, whole.size() / 2));
}

bool hash_fits(const Token& token, std::string_view claim, std::string_view value) {
    const auto hash = token.claims.get(claim).as_string();
    return hash && core::equal_constant_time(*hash, left_half_hash(token.jws.alg, value));
}

// OpenID Connect Core 3.1.3.8: at_hash, if it is there, fits the access token
Complaint check_access_token_hash(const Token& token) {
    const std::string& access_token = token.expected.access_token;
    if (access_token.empty() || !token.claims.get("at_hash").exists()) {
        return {};
    }
    return hash_fits(token, "at_hash", access_token) ? Complaint() : "at_hash is not the access token's";
}

// OpenID Connect Core 3.3.2.10, 3.3.2.11: c_hash fits the code, and is required beside a code (hybrid)
Complaint check_code_hash(const Token& token) {
    const std::string& code = token.expected.code;
    const bool required = token.expected.code_hash == IdTokenExpectation::CodeHash::required;
    if (!required && (code.empty() || !token.claims.get("c_hash").exists())) {
        return {};
    }
    return !code.empty() && hash_fits(token, "c_hash", code) ? Complaint() : "c_hash is not the code's";
}

// FAPI 1.0 Part 2, 5.1.1: s_hash, if it is there, fits the state
Complaint check_state_hash(const Token& token) {
    const std::string& state = token.expected.state;
    if (state.empty() || !token.claims.get("s_hash").exists()) {
        return {};
    }
    return hash_fits(token, "s_hash", state) ? Complaint() : "s_hash is not the state's";
}

// Amazon Cognito: token_use tells its ID tokens and access tokens apart
Complaint check_use(const Token& token) {
    const core::JsonView use = token.claims.get("token_use");
    return !use.exists() || use.as_string() == "id" ? Complaint() : "token_use is not id";
}

constexpr Complaint (*claim_checks[])(const Token&) = {
    check_type,
    check_kind,
    shared<check_issuer>,
    shared<check_audience>,
    check_authorized_party,
    shared<check_expiry>,
    shared<check_issue_time>,
    shared<check_not_before>,
    check_nonce,
    check_person,
    check_authentication_time,
    check_access_token_hash,
    check_code_hash,
    check_state_hash,
    check_use,
};

} // namespace

core::Result<IdToken> validate_id_token(const jose::Jws& jws, const jose::JwkSet& keys,
                                        const IdTokenExpectation& expected) {
    if (const Complaint complaint = check_signature(jws, keys, expected); !complaint.empty()) {
        return refused_token(complaint);
    }
    auto claims = jws.take_claims();
    if (!claims) {
        return refused_token("its claims are not a strict JSON object");
    }
    const Token token{jws, claims->root(), expected};
    for (const auto check : claim_checks) {
        if (const Complaint complaint = check(token); !complaint.empty()) {
            return refused_token(complaint);
        }
    }
    IdToken result{std::move(*claims), "", 0, 0, std::nullopt};
    const core::JsonView root = result.claims.root();
    result.subject = std::string(root.get("sub").as_string().value_or(""));
    result.issued_at = root.get("iat").as_integer().value_or(0);
    result.expires_at = root.get("exp").as_integer().value_or(0);
    result.auth_time = authentication_time(root);
    return result;
}

} // namespace oauth::oidc
