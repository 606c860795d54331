// SPDX-License-Identifier: MIT
// The primitives, from OpenSSL 3 (EVP), in the few forms used here. Contexts and keys are kept, not made per
// call.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace oauth::core {

// The seam for randomness: everything random is drawn through it, and a failure fails the request.
class Random {
public:
    virtual ~Random() = default;
    // False if the generator fails; the buffer is then not to be used.
    [[nodiscard]] virtual bool fill(void* buffer, std::size_t size) noexcept = 0;
};

// RAND_bytes.
class SystemRandom final : public Random {
public:
    [[nodiscard]] bool fill(void* buffer, std::size_t size) noexcept override;
};

enum class Hash { sha256, sha384, sha512 };

std::string digest(Hash hash, std::string_view data); // raw bytes
std::string hmac(Hash hash, std::string_view key, std::string_view data);

// RFC 5869 with SHA-256. `size` at most 255 * 32; nothing on failure.
std::optional<std::string> hkdf_sha256(std::string_view secret, std::string_view salt, std::string_view info,
                                       std::size_t size);

// AES-256-GCM with a 96-bit nonce and a 128-bit tag. One object per key and worker: it keeps its contexts.
class Aead {
public:
    static constexpr std::size_t key_size = 32;
    static constexpr std::size_t nonce_size = 12;
    static constexpr std::size_t tag_size = 16;

    // Nothing if the key has not 32 bytes or OpenSSL refuses.
    static std::optional<Aead> create(std::string_view key);
    Aead(Aead&&) noexcept;
    Aead& operator=(Aead&&) noexcept;
    ~Aead();

    // ciphertext || tag; nothing on failure. The caller gives a nonce that is never used twice with the key.
    std::optional<std::string> seal(std::string_view nonce, std::string_view aad, std::string_view plaintext);
    // The plaintext, or nothing if anything at all is not right.
    std::optional<std::string> open(std::string_view nonce, std::string_view aad, std::string_view sealed);

private:
    struct Contexts;
    explicit Aead(std::unique_ptr<Contexts> contexts);
    std::unique_ptr<Contexts> contexts_;
};

} // namespace oauth::core
