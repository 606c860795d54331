// SPDX-License-Identifier: MIT
// The compact serialization of JWS (RFC 7515 7.1): parse, verify, sign. The caller decides which algorithms
// are allowed (RFC 8725 3.1); the header's alg is only compared with these.
#pragma once

#include "../core/json.hpp"
#include "../core/result.hpp"
#include "jwk.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::jose {

// A parsed JWS. The header members jwk, jku, x5u and x5c are never read.
struct Jws {
    // The payload as a strict JSON object; nothing if it is none. It is read when it is asked for first.
    core::JsonView claims() const;
    // The same for the caller to keep: what claims() gave is gone then.
    std::optional<core::Json> take_claims() const;

    core::Json header;
    std::string alg; // canonical
    std::optional<std::string> kid;
    std::string typ;                // lower case, without "application/"; empty if absent
    std::string payload;            // decoded bytes
    std::string signature;          // decoded bytes
    std::string_view signing_input; // into the text that was parsed
    mutable std::optional<core::Json> read_claims = std::nullopt; // by claims()
};

// RFC 7515 5.2, without the signature. At most 64 KiB, exactly three segments; the header is a strict JSON
// object with a text alg and neither crit nor b64; the signature is not empty. The payload is only decoded
// and may be empty. The error is token_invalid, with a detail fit for a log.
core::Result<Jws> parse_compact(std::string_view text);

// RFC 9864 2.2 names the algorithm with its curve: "Ed25519" is what RFC 8037 calls "EdDSA", since no other
// curve of it is offered here. Gives "EdDSA" for both, and any other name as it is. Names that come from
// outside are compared in this form.
std::string_view canonical_algorithm(std::string_view name);

// True for the algorithms that are verified with a public key: RS/PS/ES 256, 384, 512 and EdDSA.
bool is_asymmetric_algorithm(std::string_view alg);

// RFC 7518 3, RFC 8037 3.1. True if the signature is right. The key's type, curve and own alg must fit
// jws.alg. An ECDSA signature is r || s of the exact size; the PSS salt is as long as the hash; HS256/384/512
// need an oct key that is at least as long as the hash.
bool verify(const Jws& jws, const Jwk& key);

// RFC 7515 5.1. header and payload are JSON text; the caller makes the header from `alg` and key.kid(). `alg`
// is one of key.algorithms(); empty: key.alg(). nullopt if it is none, or if OpenSSL fails.
std::optional<std::string> sign_compact(const SigningKey& key, std::string_view header,
                                        std::string_view payload, std::string_view alg = {});

} // namespace oauth::jose
