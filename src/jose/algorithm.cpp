// SPDX-License-Identifier: MIT
// The rows of the algorithm table, and whether a key fits a row. Called when keys are loaded and when
// signatures are checked or made. Owns nothing but constants.
#include "algorithm.hpp"
#include "jws.hpp"

namespace oauth::jose {
namespace {

using core::Hash;

constexpr Algorithm algorithms[] = {
    {"RS256", Family::rsa_pkcs1, KeyType::rsa, Curve::none, Hash::sha256},
    {"RS384", Family::rsa_pkcs1, KeyType::rsa, Curve::none, Hash::sha384},
    {"RS512", Family::rsa_pkcs1, KeyType::rsa, Curve::none, Hash::sha512},
    {"PS256", Family::rsa_pss, KeyType::rsa, Curve::none, Hash::sha256},
    {"PS384", Family::rsa_pss, KeyType::rsa, Curve::none, Hash::sha384},
    {"PS512", Family::rsa_pss, KeyType::rsa, Curve::none, Hash::sha512},
    {"ES256", Family::ecdsa, KeyType::ec, Curve::p256, Hash::sha256},
    {"ES384", Family::ecdsa, KeyType::ec, Curve::p384, Hash::sha384},
    {"ES512", Family::ecdsa, KeyType::ec, Curve::p521, Hash::sha512},
    {"EdDSA", Family::eddsa, KeyType::okp, Curve::ed25519, Hash::sha512},
    {"HS256", Family::hmac, KeyType::oct, Curve::none, Hash::sha256},
    {"HS384", Family::hmac, KeyType::oct, Curve::none, Hash::sha384},
    {"HS512", Family::hmac, KeyType::oct, Curve::none, Hash::sha512},
};

} // namespace

const Algorithm* find_algorithm(std::string_view name) {
    const std::string_view canonical = canonical_algorithm(name);
    for (const auto& algorithm : algorithms) {
        if (algorithm.name == canonical) {
            return &algorithm;
        }
    }
    return nullptr;
}

std::string_view canonical_algorithm(std::string_view name) {
    return name == "Ed25519" ? "EdDSA" : name;
}

// RFC 8725 3.1, RFC 7517 4.4: a key is used with the algorithm that it is meant for
bool fits(const Algorithm& algorithm, const Jwk& key) {
    return key.type == algorithm.type && key.curve == algorithm.curve &&
           (key.alg.empty() || key.alg == algorithm.name);
}

} // namespace oauth::jose
