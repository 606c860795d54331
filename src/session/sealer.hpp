// SPDX-License-Identifier: MIT
// Sealing what a browser keeps for us: AES-256-GCM under keys derived per purpose (HKDF), bound to the
// cookie's name and the server's base URL, so that nothing sealed for one use can be opened in another. The
// first secret seals, all open. One object per purpose, server and worker.
#pragma once

#include "../core/crypto.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::session {

// What a sealed value is bound to; an unambiguous encoding of both.
std::string binding(std::string_view cookie_name, std::string_view base_url);

class Sealer {
public:
    // 32 random bytes are made of each secret by HKDF with the purpose. Nothing if there is no secret or
    // OpenSSL fails.
    static std::optional<Sealer> create(const std::vector<std::string>& secrets, std::string_view purpose);

    // base64url(version || key mark || nonce || ciphertext || tag). Nothing if the randomness or OpenSSL
    // fails.
    std::optional<std::string> seal(core::Random& random, std::string_view binding,
                                    std::string_view plaintext);
    // Nothing, whatever is wrong with it: who sends a bad value learns nothing from how it is bad.
    std::optional<std::string> open(std::string_view binding, std::string_view sealed);

    static constexpr std::size_t max_sealed = 16 * 1024; // longer values are not looked at

private:
    struct Key {
        unsigned char mark = 0; // which key sealed, to try that one first and only
        core::Aead aead;
    };
    std::vector<Key> keys_;
};

} // namespace oauth::session
