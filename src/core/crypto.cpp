// SPDX-License-Identifier: MIT
// Random numbers, hashes, HMAC, HKDF and AES-256-GCM with OpenSSL's EVP interface. Called for sessions,
// sign-in cookies, tokens and the identity. Algorithms are fetched once per process; an Aead owns its two
// contexts.
#include "crypto.hpp"
#include "openssl.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <climits>
#include <new>

namespace oauth::core {
namespace {

using CipherContext = Owned<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

constexpr std::size_t hash_count = 3;
constexpr std::array<const char*, hash_count> hash_names = {"SHA256", "SHA384", "SHA512"};

// Fetched once per process. Where that fails, for lack of memory most likely, the next caller tries again.
template <class T, auto Release, class Fetch>
T* kept(Owned<T, Release>& algorithm, Fetch fetch) {
    if (!algorithm) {
        algorithm.reset(fetch());
    }
    return algorithm.get();
}

const EVP_MD* message_digest(Hash hash) {
    static Owned<EVP_MD, EVP_MD_free> digests[hash_count];
    const auto index = static_cast<std::size_t>(hash);
    return kept(digests[index], [index] { return EVP_MD_fetch(nullptr, hash_names[index], nullptr); });
}

EVP_KDF* hkdf_algorithm() {
    static Owned<EVP_KDF, EVP_KDF_free> algorithm;
    return kept(algorithm, [] { return EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_HKDF, nullptr); });
}

const EVP_CIPHER* aead_cipher() {
    static Owned<EVP_CIPHER, EVP_CIPHER_free> cipher;
    return kept(cipher, [] { return EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr); });
}

// OpenSSL takes a pointer to mutable data here but only reads it.
OSSL_PARAM octets(const char* name, std::string_view value) {
    return OSSL_PARAM_construct_octet_string(name, const_cast<unsigned char*>(bytes_of(value)), value.size());
}

OSSL_PARAM hash_parameter(const char* name, Hash hash) {
    return OSSL_PARAM_construct_utf8_string(name,
                                            const_cast<char*>(hash_names[static_cast<std::size_t>(hash)]), 0);
}

// One for each hash, which OpenSSL looks up for longer than it computes: it is given the key of each use.
EVP_MAC_CTX* hmac_context(Hash hash) {
    static Owned<EVP_MAC_CTX, EVP_MAC_CTX_free> contexts[hash_count];
    return kept(contexts[static_cast<std::size_t>(hash)], [hash]() -> EVP_MAC_CTX* {
        const Owned<EVP_MAC, EVP_MAC_free> algorithm(EVP_MAC_fetch(nullptr, OSSL_MAC_NAME_HMAC, nullptr));
        Owned<EVP_MAC_CTX, EVP_MAC_CTX_free> context(algorithm ? EVP_MAC_CTX_new(algorithm.get()) : nullptr);
        const OSSL_PARAM parameters[] = {hash_parameter(OSSL_MAC_PARAM_DIGEST, hash),
                                         OSSL_PARAM_construct_end()};
        const bool is_ready = context && EVP_MAC_CTX_set_params(context.get(), parameters) == 1;
        return is_ready ? context.release() : nullptr;
    });
}

bool fits_int(std::string_view text) {
    return text.size() <= INT_MAX - EVP_MAX_BLOCK_LENGTH;
}

} // namespace

bool SystemRandom::fill(void* buffer, std::size_t size) noexcept {
    QuietErrors quiet;
    return size <= INT_MAX && RAND_bytes(static_cast<unsigned char*>(buffer), static_cast<int>(size)) == 1;
}

std::string digest(Hash hash, std::string_view data) {
    const QuietErrors quiet;
    std::string result(EVP_MAX_MD_SIZE, '\0');
    unsigned int size = 0;
    const EVP_MD* algorithm = message_digest(hash);
    // OpenSSL fails here only without memory. An empty digest must not be returned: two would compare equal.
    if (algorithm == nullptr ||
        EVP_Digest(bytes_of(data), data.size(), bytes_of(result), &size, algorithm, nullptr) != 1) {
        throw std::bad_alloc();
    }
    result.resize(size);
    return result;
}

std::string hmac(Hash hash, std::string_view key, std::string_view data) {
    const QuietErrors quiet;
    EVP_MAC_CTX* context = hmac_context(hash);
    std::string result(EVP_MAX_MD_SIZE, '\0');
    std::size_t size = 0;
    if (context == nullptr || EVP_MAC_init(context, bytes_of(key), key.size(), nullptr) != 1 ||
        EVP_MAC_update(context, bytes_of(data), data.size()) != 1 ||
        EVP_MAC_final(context, bytes_of(result), &size, result.size()) != 1) {
        throw std::bad_alloc();
    }
    result.resize(size);
    return result;
}

std::optional<std::string> hkdf_sha256(std::string_view secret, std::string_view salt, std::string_view info,
                                       std::size_t size) {
    constexpr std::size_t max_size = 255 * 32;
    if (size == 0 || size > max_size) {
        return std::nullopt;
    }
    QuietErrors quiet;
    EVP_KDF* algorithm = hkdf_algorithm();
    Owned<EVP_KDF_CTX, EVP_KDF_CTX_free> context(algorithm != nullptr ? EVP_KDF_CTX_new(algorithm) : nullptr);
    const OSSL_PARAM parameters[] = {
        hash_parameter(OSSL_KDF_PARAM_DIGEST, Hash::sha256),
        octets(OSSL_KDF_PARAM_KEY, secret),
        octets(OSSL_KDF_PARAM_SALT, salt),
        octets(OSSL_KDF_PARAM_INFO, info),
        OSSL_PARAM_construct_end(),
    };
    std::string result(size, '\0');
    if (!context || EVP_KDF_derive(context.get(), bytes_of(result), size, parameters) != 1) {
        return std::nullopt;
    }
    return result;
}

struct Aead::Contexts {
    CipherContext seal;
    CipherContext open;
};

Aead::Aead(std::unique_ptr<Contexts> contexts) : contexts_(std::move(contexts)) {}
Aead::Aead(Aead&&) noexcept = default;
Aead& Aead::operator=(Aead&&) noexcept = default;
Aead::~Aead() = default;

std::optional<Aead> Aead::create(std::string_view key) {
    QuietErrors quiet;
    const EVP_CIPHER* cipher = aead_cipher();
    auto contexts = std::make_unique<Contexts>();
    contexts->seal.reset(EVP_CIPHER_CTX_new());
    contexts->open.reset(EVP_CIPHER_CTX_new());
    if (key.size() != key_size || cipher == nullptr || !contexts->seal || !contexts->open) {
        return std::nullopt;
    }
    if (EVP_EncryptInit_ex2(contexts->seal.get(), cipher, bytes_of(key), nullptr, nullptr) != 1 ||
        EVP_DecryptInit_ex2(contexts->open.get(), cipher, bytes_of(key), nullptr, nullptr) != 1) {
        return std::nullopt;
    }
    return Aead(std::move(contexts));
}

std::optional<std::string> Aead::seal(std::string_view nonce, std::string_view aad,
                                      std::string_view plaintext) {
    if (nonce.size() != nonce_size || !fits_int(aad) || !fits_int(plaintext)) {
        return std::nullopt;
    }
    QuietErrors quiet;
    auto* context = contexts_->seal.get();
    auto size = static_cast<int>(plaintext.size());
    std::string sealed(plaintext.size() + tag_size, '\0');
    auto* tag = bytes_of(sealed) + plaintext.size();
    int written = 0;
    // Sets only the nonce; the key schedule stays in the context.
    if (EVP_EncryptInit_ex2(context, nullptr, nullptr, bytes_of(nonce), nullptr) != 1 ||
        EVP_EncryptUpdate(context, nullptr, &written, bytes_of(aad), static_cast<int>(aad.size())) != 1 ||
        EVP_EncryptUpdate(context, bytes_of(sealed), &written, bytes_of(plaintext), size) != 1 ||
        EVP_EncryptFinal_ex(context, tag, &written) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, int{tag_size}, tag) != 1) {
        return std::nullopt;
    }
    return sealed;
}

std::optional<std::string> Aead::open(std::string_view nonce, std::string_view aad, std::string sealed) {
    if (nonce.size() != nonce_size || sealed.size() < tag_size || !fits_int(aad) || !fits_int(sealed)) {
        return std::nullopt;
    }
    auto* context = contexts_->open.get();
    const std::size_t size = sealed.size() - tag_size;
    auto* text = bytes_of(sealed);
    const std::string_view tag = std::string_view(sealed).substr(size);
    const OSSL_PARAM parameters[] = {octets(OSSL_CIPHER_PARAM_AEAD_TAG, tag), OSSL_PARAM_construct_end()};
    int written = 0;
    if (EVP_DecryptInit_ex2(context, nullptr, nullptr, bytes_of(nonce), parameters) != 1 ||
        EVP_DecryptUpdate(context, nullptr, &written, bytes_of(aad), static_cast<int>(aad.size())) != 1 ||
        EVP_DecryptUpdate(context, text, &written, text, static_cast<int>(size)) != 1 ||
        EVP_DecryptFinal_ex(context, text + size, &written) != 1) {
        OPENSSL_cleanse(sealed.data(), sealed.size());
        ERR_clear_error(); // a mark, as QuietErrors sets it, costs each that opens as much as a malloc
        return std::nullopt;
    }
    sealed.resize(size);
    return sealed;
}

} // namespace oauth::core
