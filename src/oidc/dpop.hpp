// SPDX-License-Identifier: MIT
// Proofs that a token is used by whom it was made for: DPoP, RFC 9449.
#pragma once

#include "../core/crypto.hpp"
#include "../jose/jwk.hpp"
#include "../net/http.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::oidc {

// RFC 9449 4.2. What one request is proved by.
struct DpopProof {
    std::string method;
    std::string url;          // its query is left out
    std::string access_token; // of a request with one (ath); empty: none
    std::string nonce;        // the server's; empty: none
    std::int64_t now = 0;     // seconds
};

// The value of the header DPoP, with an identifier that no other has. `key` signs by ES256. Throws
// std::bad_alloc, also where OpenSSL signs nothing or has no randomness, which is for lack of memory.
std::string make_dpop_proof(const jose::SigningKey& key, core::Random& random, const DpopProof& proof);

// RFC 9449 8, 9: the answer wants the same request with a nonce, in the words of a token endpoint (error in
// the body) or of a resource (a challenge of the scheme DPoP, in any case).
bool asks_for_nonce(const net::HttpResponse& response);

// RFC 9449 7.1: a resource refuses the proof, for its nonce or as a whole (the clock that made it may be
// wrong), and says nothing of the token.
bool is_about_proof(const net::HttpResponse& response);

// RFC 9449 8.1: what DPoP-Nonce says, at most 1,024 characters; nullopt: nothing that can be used.
std::optional<std::string> nonce_of(const net::HttpResponse& response);

// RFC 9449 8.2: each server has nonces of its own. Those of the last few are kept.
class Nonces {
public:
    std::string of(std::string_view url) const; // empty: none is known
    void learn(std::string_view url, const net::HttpResponse& response);

private:
    struct Known {
        std::string origin;
        std::string nonce;
    };
    std::vector<Known> known_; // the newest first
};

} // namespace oauth::oidc
