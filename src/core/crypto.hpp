// SPDX-License-Identifier: MIT
// The cryptographic primitives that the module uses, by OpenSSL 3.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace oauth::core {

// The source of all random bytes; a test can replace it. A request fails if it fails.
class Random {
public:
    virtual ~Random() = default;
    // False if the generator fails; then the buffer must not be used.
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

// RFC 5869 with SHA-256. `size` is at most 255 * 32 bytes. nullopt on failure.
std::optional<std::string> hkdf_sha256(std::string_view secret, std::string_view salt, std::string_view info,
                                       std::size_t size);

// AES-256-GCM with a 96-bit nonce and a 128-bit tag. One object per key and worker, because it keeps its
// contexts.
class Aead {
public:
    static constexpr std::size_t key_size = 32;
    static constexpr std::size_t nonce_size = 12;
    static constexpr std::size_t tag_size = 16;

    // nullopt if the key does not have 32 bytes or OpenSSL fails.
    static std::optional<Aead> create(std::string_view key);
    Aead(Aead&&) noexcept;
    Aead& operator=(Aead&&) noexcept;
    ~Aead();

    // ciphertext || tag; nullopt on failure. The caller must never use a nonce twice with one key.
    std::optional<std::string> seal(std::string_view nonce, std::string_view aad, std::string_view plaintext);
    // The plaintext, in the memory of what was sealed; nullopt if anything is wrong.
    std::optional<std::string> open(std::string_view nonce, std::string_view aad, std::string sealed);

private:
    struct Contexts;
    explicit Aead(std::unique_ptr<Contexts> contexts);
    std::unique_ptr<Contexts> contexts_;
};

} // namespace oauth::core
