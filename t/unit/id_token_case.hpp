// SPDX-License-Identifier: MIT
// Shared by the tests of signed tokens: a provider with one key of each kind, an ID token's valid claims, the
// expectation that fits them, and assertions on the result. Keys are made once per program.
#pragma once

#include "../../src/oidc/id_token.hpp"
#include "outcomes.hpp"
#include "tokens.hpp"

#include <string>
#include <vector>

#include "unit.hpp"

namespace oauth::unit {

using tokens::Key;
using tokens::Object;
using tokens::quote;

inline constexpr std::int64_t now = 1760000000;
inline constexpr std::int64_t skew = 60;
inline constexpr const char* access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
inline constexpr const char* state = "af0ifjsldkj";
inline constexpr const char* code = "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk";
inline constexpr const char* client_secret =
    "a-client-secret-of-sixty-four-bytes-so-that-it-is-enough-for-hs512";

// The claim of a time, in seconds from now.
inline std::string at(std::int64_t seconds) {
    return std::to_string(now + seconds);
}

struct Provider {
    Key rsa = Key::rsa("rsa-1");
    Key p256 = Key::ec("p256-1", "P-256");
    Key p384 = Key::ec("p384-1", "P-384");
    Key p521 = Key::ec("p521-1", "P-521");
    Key ed25519 = Key::ed25519("ed-1");

    jose::JwkSet keys() const {
        return parse_set({rsa.jwk(), p256.jwk(), p384.jwk(), p521.jwk(), ed25519.jwk()});
    }
    const Key& key_for(std::string_view alg) const {
        return alg == "ES256"   ? p256
               : alg == "ES384" ? p384
               : alg == "ES512" ? p521
               : alg == "EdDSA" ? ed25519
                                : rsa;
    }
    static jose::JwkSet parse_set(const std::vector<Object>& keys) {
        auto set = jose::JwkSet::parse(tokens::jwk_set(keys));
        assert_true(set.ok());
        return std::move(set.value());
    }
};

inline const Provider& provider() {
    static const Provider the_provider;
    return the_provider;
}

inline Object claims() {
    return {{"iss", "\"https://op.example/\""}, {"aud", "\"client\""},        {"sub", "\"user-1\""},
            {"exp", std::to_string(now + 300)}, {"iat", std::to_string(now)}, {"nonce", "\"nonce-1\""}};
}

inline oidc::IdTokenExpectation expectation() {
    oidc::IdTokenExpectation expected;
    expected.issuers = {"https://op.example/"};
    expected.client_id = "client";
    expected.algorithms = {"RS256"};
    expected.nonce = "nonce-1";
    expected.now = now;
    expected.clock_skew = skew;
    expected.access_token = access_token;
    expected.code = code;
    expected.state = state;
    return expected;
}

template <class Token, class Expectation>
using Validation = core::Result<Token> (*)(const jose::Jws&, const jose::JwkSet&, const Expectation&);

// A token that cannot be parsed counts as refused, too.
template <class Token, class Expectation>
core::Result<Token> validate(Validation<Token, Expectation> validation, const std::string& token,
                             const Expectation& expected, const jose::JwkSet& keys = provider().keys()) {
    const auto jws = jose::parse_compact(token);
    if (!jws) {
        return jws.error();
    }
    return validation(jws.value(), keys, expected);
}

inline std::string rs256(const Object& claims) {
    return tokens::sign(provider().rsa, "RS256", claims.text());
}

inline oidc::IdToken accept(const std::string& token,
                            const oidc::IdTokenExpectation& expected = expectation(),
                            const jose::JwkSet& keys = provider().keys()) {
    return expect_accepted(validate(oidc::validate_id_token, token, expected, keys));
}

inline void refuse(const std::string& token, std::string_view part,
                   const oidc::IdTokenExpectation& expected = expectation(),
                   const jose::JwkSet& keys = provider().keys()) {
    expect_refused(validate(oidc::validate_id_token, token, expected, keys), part);
}

} // namespace oauth::unit
