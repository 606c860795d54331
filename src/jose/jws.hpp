// SPDX-License-Identifier: MIT
// RFC 7515 compact serialization: parse, verify, sign. The algorithm is the caller's decision (RFC 8725 3.1):
// what a header asks for is only ever compared with what is allowed.
#pragma once

#include "../core/json.hpp"
#include "../core/result.hpp"
#include "jwk.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::jose {

// A compact JWS taken apart. Header members jwk, jku, x5u and x5c are never looked at.
struct Jws {
    core::Json header;
    std::string alg;
    std::optional<std::string> kid;
    std::string typ;                // lower case, without "application/"; empty if absent
    std::string payload;            // decoded bytes
    std::string signature;          // decoded bytes
    std::string_view signing_input; // into the text that was parsed
};

// At most 64 KiB; exactly three segments; header a strict JSON object with a string alg; any crit is refused,
// and b64. The signature is not empty; the payload may be, and is not looked at here. Errors are
// token_invalid with a detail fit for a log.
core::Result<Jws> parse_compact(std::string_view text);

// True if the alg name is one this module verifies with a public key: RS/PS/ES 256-512, EdDSA.
bool is_asymmetric_algorithm(std::string_view alg);

// Does the signature fit? The key's type, curve and own alg must fit jws.alg; ECDSA signatures are raw r||s
// of the exact size; PSS salt length equals the hash length; HS256/384/512 only with an oct key of at least
// the hash's size.
bool verify(const Jws& jws, const Jwk& key);

// header and payload as JSON text; nothing on failure of the primitive. The header is made by the caller
// from key.alg() and key.kid().
std::optional<std::string> sign_compact(const SigningKey& key, std::string_view header,
                                        std::string_view payload);

} // namespace oauth::jose
