// SPDX-License-Identifier: MIT
// The table of signature algorithms (RFC 7518 3.1, RFC 8037 3.1) and the key that each needs. An algorithm
// that is not in the table is refused, "none" among them. Used in src/jose only.
#pragma once

#include "../core/crypto.hpp"
#include "jwk.hpp"

namespace oauth::jose {

enum class Family { hmac, rsa_pkcs1, rsa_pss, ecdsa, eddsa };

struct Algorithm {
    std::string_view name;
    Family family;
    KeyType type;
    Curve curve;     // none where the key type has no curves
    core::Hash hash; // not used for EdDSA
};

// Null if the table has no row with exactly this name. "Ed25519" is the row EdDSA.
const Algorithm* find_algorithm(std::string_view name);

// True if the key's type and curve are the algorithm's, and so is its own alg where it has one.
bool fits(const Algorithm& algorithm, const Jwk& key);

} // namespace oauth::jose
