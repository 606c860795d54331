// SPDX-License-Identifier: MIT
// Keys and signatures for the tests of src/jose. Those that the code under test cannot make are made with
// OpenSSL directly.
#pragma once

#include "../../src/core/bytes.hpp"
#include "../../src/core/openssl.hpp"
#include "../../src/jose/jwk.hpp"
#include "../../src/jose/jws.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "unit.hpp"

namespace oauth::unit {

inline jose::KeyPointer generate_rsa(unsigned bits) {
    return jose::KeyPointer(EVP_RSA_gen(bits), jose::FreeKey());
}

inline jose::KeyPointer generate_ec(const char* curve) {
    return jose::KeyPointer(EVP_EC_gen(curve), jose::FreeKey());
}

inline jose::KeyPointer generate_ed25519() {
    return jose::KeyPointer(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), jose::FreeKey());
}

inline std::string text_of(BIO* bio) {
    char* data = nullptr;
    auto size = BIO_get_mem_data(bio, &data);
    return std::string(data, static_cast<std::size_t>(size));
}

inline std::string private_pem(EVP_PKEY* key) {
    core::Owned<BIO, BIO_free> bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    return text_of(bio.get());
}

inline std::string encrypted_pem(EVP_PKEY* key) {
    core::Owned<BIO, BIO_free> bio(BIO_new(BIO_s_mem()));
    const std::string passphrase = "a passphrase";
    PEM_write_bio_PKCS8PrivateKey(bio.get(), key, EVP_aes_128_cbc(), passphrase.data(),
                                  static_cast<int>(passphrase.size()), nullptr, nullptr);
    return text_of(bio.get());
}

inline std::string public_pem(EVP_PKEY* key) {
    core::Owned<BIO, BIO_free> bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_PUBKEY(bio.get(), key);
    return text_of(bio.get());
}

inline std::optional<jose::Jwk> parse_jwk(std::string_view text) {
    auto json = core::Json::parse(text);
    return json ? jose::parse_public_jwk(json->root()) : std::nullopt;
}

inline jose::Jwk jwk_of(const jose::SigningKey& key) {
    auto jwk = parse_jwk(key.public_jwk());
    assert_true(jwk.has_value());
    return *jwk;
}

inline jose::Jwk secret_jwk(std::string secret, std::string alg) {
    jose::Jwk jwk;
    jwk.type = jose::KeyType::oct;
    jwk.alg = std::move(alg);
    jwk.secret = std::move(secret);
    return jwk;
}

// True if `key` verifies the signature over the input, as if both had come in a token.
inline bool verifies(std::string_view alg, std::string_view input, std::string_view signature,
                     const jose::Jwk& key) {
    auto header = core::Json::parse("{}");
    jose::Jws jws{std::move(*header), std::string(alg), std::nullopt, "", "", std::string(signature), input};
    return jose::verify(jws, key);
}

// An RSA signature with any hash and, for PSS, any salt length. A salt below -1 means PKCS #1.
constexpr int no_pss = -100;
inline std::string sign_rsa(EVP_PKEY* key, const char* hash, int salt, std::string_view input) {
    core::Owned<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* settings = nullptr;
    assert_int_equal(EVP_DigestSignInit_ex(context.get(), &settings, hash, nullptr, nullptr, key, nullptr),
                     1);
    if (salt != no_pss) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(settings, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(settings, salt), 1);
    }
    std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)), '\0');
    auto size = signature.size();
    assert_int_equal(
        EVP_DigestSign(context.get(), core::bytes_of(signature), &size, core::bytes_of(input), input.size()),
        1);
    signature.resize(size);
    return signature;
}

} // namespace oauth::unit
