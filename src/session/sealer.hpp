// SPDX-License-Identifier: MIT
// Seals what a browser keeps for us: AES-256-GCM with a key per purpose (HKDF), bound to the cookie's name
// and the server's base URL, so that a value that was sealed for one use cannot be opened in another. The
// first secret seals, all open. One object per purpose, server and worker.
#pragma once

#include "../core/crypto.hpp"

#include <bitset>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::session {

// What a sealed value is bound to: an unambiguous encoding of all arguments. `attached`: what stands beside
// the value in the same cookie; empty: nothing.
std::string binding(std::string_view cookie_name, std::string_view base_url, std::string_view attached = {});

// What a value looks like, before it is opened: for the log, and for no decision.
class SealMarks {
public:
    enum class Look { no_seal, other_key, own_key };
    Look look_at(std::string_view value) const;

private:
    friend class Sealer;
    std::bitset<256> marks_; // of the keys: one key in 256 passes for another
};

// What an administrator reads of a value of another key.
inline constexpr std::string_view of_other_key = "is sealed with a key that is not known here: is "
                                                 "oauth_session_key set, and the same on every machine?";

class Sealer {
public:
    // RFC 5869: derives a key of 32 bytes from each secret, for the purpose. nullopt if there is no secret or
    // OpenSSL fails.
    static std::optional<Sealer> create(const std::vector<std::string>& secrets, std::string_view purpose);

    // base64url(version || key mark || nonce || ciphertext || tag). nullopt if the random generator or
    // OpenSSL fails.
    std::optional<std::string> seal(core::Random& random, std::string_view binding,
                                    std::string_view plaintext);
    // nullopt for any fault, without a reason: an attacker must not learn why a value was refused. `memory`:
    // where the plaintext may go.
    std::optional<std::string> open(std::string_view binding, std::string_view sealed,
                                    std::string memory = {});

    static constexpr std::size_t max_sealed = 16 * 1024; // longer values are refused

    // The same without base64url, for what a store keeps.
    std::optional<std::string> seal_bytes(core::Random& random, std::string_view binding,
                                          std::string_view plaintext);
    std::optional<std::string> open_bytes(std::string_view binding, std::string sealed);

    static constexpr std::size_t max_sealed_bytes = 65 * 1024;

    SealMarks marks() const;

private:
    struct Key {
        unsigned char mark = 0; // tells which key sealed a value: only keys with its mark are tried
        core::Aead aead;
    };
    std::vector<Key> keys_;
};

} // namespace oauth::session
