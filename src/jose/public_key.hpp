// SPDX-License-Identifier: MIT
// Between the numbers of a JWK and OpenSSL's keys, both ways, for public keys only. Used inside src/jose
// only.
#pragma once

#include "jwk.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oauth::jose {

// Each gives null for a key that is not valid or not sane; the rules are with parse_public_jwk.
KeyPointer make_rsa_key(std::string_view modulus, std::string_view exponent);
KeyPointer make_ec_key(Curve curve, std::string_view x, std::string_view y);
KeyPointer make_ed25519_key(std::string_view x);

// Are modulus and exponent within the bounds for RSA keys, whoever made the key?
bool is_sane_rsa_key(const EVP_PKEY* key);

// The members that make up the key, by RFC 7638: in lexicographic order, values as in a JWK. Empty on
// failure.
using Members = std::vector<std::pair<std::string_view, std::string>>;
Members public_members(const EVP_PKEY* key, KeyType type, Curve curve);

// RFC 7638 section 3, SHA-256, base64url.
std::string thumbprint_of(const Members& members);

} // namespace oauth::jose
