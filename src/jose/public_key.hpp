// SPDX-License-Identifier: MIT
// Public keys between the numbers of a JWK and OpenSSL's own form. Used in src/jose only.
#pragma once

#include "jwk.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oauth::jose {

// RFC 7518 6.3.1, 6.2.1, RFC 8037 2. Each gives null for a key that must not be used; the rules are listed at
// parse_public_jwk. Numbers are big-endian bytes.
KeyPointer make_rsa_key(std::string_view modulus, std::string_view exponent);
KeyPointer make_ec_key(Curve curve, std::string_view x, std::string_view y);
KeyPointer make_ed25519_key(std::string_view x);

// True if modulus and exponent follow the rules of parse_public_jwk. For keys that OpenSSL has read.
bool is_sane_rsa_key(const EVP_PKEY* key);

// RFC 7638 3.2. The members that make up the key, in lexicographic order, with the values of a JWK. Empty on
// failure.
using Members = std::vector<std::pair<std::string_view, std::string>>;
Members public_members(const EVP_PKEY* key, KeyType type, Curve curve);

// RFC 7638 3: SHA-256, base64url.
std::string thumbprint_of(const Members& members);

} // namespace oauth::jose
