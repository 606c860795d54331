// SPDX-License-Identifier: MIT
// The table of signature algorithms (RFC 7518 section 3.1, RFC 8037 section 3.1): what a name asks of a key.
// Used inside src/jose only. What is not in the table, "none" among it, does not exist here.
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
    core::Hash hash; // of no use for EdDSA
};

// Null for a name that is not exactly one of the table.
const Algorithm* find_algorithm(std::string_view name);

// May a key of this type and curve, and of this own alg where it has one, be used with the algorithm?
bool fits(const Algorithm& algorithm, const Jwk& key);

} // namespace oauth::jose
