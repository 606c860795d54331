// SPDX-License-Identifier: MIT
// A provider's keys and tokens for the unit tests. They are made at run time, without the module's own
// signing: JWK sets, and compact JWS of any algorithm (RS/PS/ES/HS 256-512, EdDSA, none) with any header and
// any claims. A Key owns its EVP_PKEY.
#pragma once

#include "../../src/core/bytes.hpp"
#include "../../src/core/json.hpp"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oauth::tokens {

// JSON objects whose values are JSON text, so that a test can also write what no JSON writer would.
class Object {
public:
    Object(std::initializer_list<std::pair<std::string, std::string>> members) : members_(members) {}

    Object with(std::string_view name, std::string_view json) const {
        Object changed = without(name);
        changed.members_.emplace_back(name, json);
        return changed;
    }
    Object without(std::string_view name) const {
        Object changed = *this;
        std::erase_if(changed.members_, [name](const auto& member) { return member.first == name; });
        return changed;
    }
    std::string text() const {
        std::string text = "{";
        for (const auto& [name, json] : members_) {
            text += (text.size() > 1 ? ",\"" : "\"") + name + "\":" + json;
        }
        return text + "}";
    }

private:
    std::vector<std::pair<std::string, std::string>> members_;
};

inline std::string quote(std::string_view text) {
    return core::json_quote(text);
}

inline void require(bool condition) {
    if (!condition) {
        std::abort(); // a test key that cannot be made says nothing about the module
    }
}

class Key {
public:
    static Key rsa(std::string kid, unsigned bits = 2048) { return Key(std::move(kid), EVP_RSA_gen(bits)); }
    static Key ec(std::string kid, const char* curve) { // "P-256", "P-384", "P-521", "secp256k1"
        return Key(std::move(kid), EVP_EC_gen(curve), curve);
    }
    static Key ed25519(std::string kid) {
        return Key(std::move(kid), EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    }

    const std::string& kid() const { return kid_; }
    EVP_PKEY* get() const { return key_.get(); }

    // The public key; `extra` adds members ({"use", "\"sig\""}). An empty kid is left out.
    Object jwk(const std::vector<std::pair<std::string, std::string>>& extra = {}) const {
        Object object = bare_jwk();
        if (!kid_.empty()) {
            object = object.with("kid", quote(kid_));
        }
        for (const auto& [name, json] : extra) {
            object = object.with(name, json);
        }
        return object;
    }

    // The raw JWS signature of `alg` over `input`; aborts if this key cannot make one.
    std::string sign(std::string_view alg, std::string_view input) const {
        std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
        EVP_PKEY_CTX* parameters = nullptr; // owned by the context
        const char* hash = alg == "EdDSA" ? nullptr : hash_name(alg);
        require(EVP_DigestSignInit_ex(context.get(), &parameters, hash, nullptr, nullptr, get(), nullptr) ==
                1);
        if (alg.starts_with("PS")) {
            require(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1);
            require(EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1);
        }
        std::size_t size = 0;
        const auto* data = reinterpret_cast<const unsigned char*>(input.data());
        require(EVP_DigestSign(context.get(), nullptr, &size, data, input.size()) == 1);
        std::string signature(size, '\0');
        auto* out = reinterpret_cast<unsigned char*>(signature.data());
        require(EVP_DigestSign(context.get(), out, &size, data, input.size()) == 1);
        signature.resize(size);
        return alg.starts_with("ES") ? raw_ecdsa(signature) : signature;
    }

    // The SubjectPublicKeyInfo, which an attacker may use as an HMAC key.
    std::string public_der() const {
        unsigned char* der = nullptr;
        const int size = i2d_PUBKEY(get(), &der);
        require(size > 0);
        std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
        OPENSSL_free(der);
        return text;
    }
    std::string public_pem() const {
        std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), BIO_free);
        require(PEM_write_bio_PUBKEY(memory.get(), get()) == 1);
        char* text = nullptr;
        const long size = BIO_get_mem_data(memory.get(), &text);
        return std::string(text, static_cast<std::size_t>(size));
    }

    static const char* hash_name(std::string_view alg) {
        return alg.ends_with("256") ? "SHA256" : alg.ends_with("384") ? "SHA384" : "SHA512";
    }

private:
    Key(std::string kid, EVP_PKEY* key, std::string curve = "")
        : kid_(std::move(kid)), curve_(std::move(curve)), key_(key, EVP_PKEY_free) {
        require(key != nullptr);
    }

    std::size_t coordinate_size() const { return curve_ == "P-384" ? 48 : curve_ == "P-521" ? 66 : 32; }

    static std::string number(const BIGNUM* value, std::size_t size) {
        std::string bytes(size, '\0');
        require(BN_bn2binpad(value, reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) >=
                0);
        return bytes;
    }

    // A parameter of the key as quoted base64url, padded to `size` bytes; 0: as short as possible.
    std::string parameter(const char* name, std::size_t size) const {
        BIGNUM* value = nullptr;
        require(EVP_PKEY_get_bn_param(get(), name, &value) == 1);
        const std::size_t bytes = size != 0 ? size : static_cast<std::size_t>(BN_num_bytes(value));
        const std::string text = quote(core::base64url_encode(number(value, bytes)));
        BN_free(value);
        return text;
    }

    Object bare_jwk() const {
        if (EVP_PKEY_is_a(get(), "RSA") == 1) {
            return {{"kty", "\"RSA\""},
                    {"n", parameter(OSSL_PKEY_PARAM_RSA_N, 0)},
                    {"e", parameter(OSSL_PKEY_PARAM_RSA_E, 0)}};
        }
        if (EVP_PKEY_is_a(get(), "EC") == 1) {
            return {{"kty", "\"EC\""},
                    {"crv", quote(curve_)},
                    {"x", parameter(OSSL_PKEY_PARAM_EC_PUB_X, coordinate_size())},
                    {"y", parameter(OSSL_PKEY_PARAM_EC_PUB_Y, coordinate_size())}};
        }
        std::string point(32, '\0');
        std::size_t size = point.size();
        require(EVP_PKEY_get_raw_public_key(get(), reinterpret_cast<unsigned char*>(point.data()), &size) ==
                1);
        return {{"kty", "\"OKP\""}, {"crv", "\"Ed25519\""}, {"x", quote(core::base64url_encode(point))}};
    }

    std::string raw_ecdsa(std::string_view der) const {
        const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
        ECDSA_SIG* signature = d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(der.size()));
        require(signature != nullptr);
        const std::string raw = number(ECDSA_SIG_get0_r(signature), coordinate_size()) +
                                number(ECDSA_SIG_get0_s(signature), coordinate_size());
        ECDSA_SIG_free(signature);
        return raw;
    }

    std::string kid_;
    std::string curve_;
    std::shared_ptr<EVP_PKEY> key_;
};

inline std::string jwk_set(const std::vector<Object>& keys) {
    std::string text;
    for (const Object& key : keys) {
        text += (text.empty() ? "" : ",") + key.text();
    }
    return "{\"keys\":[" + text + "]}";
}

inline std::string compact_input(std::string_view header, std::string_view payload) {
    return core::base64url_encode(header) + "." + core::base64url_encode(payload);
}

inline std::string join_signature(std::string input, std::string_view signature) {
    return std::move(input) + "." + core::base64url_encode(signature);
}

// Signs with `alg`, whatever the header says.
inline std::string sign(const Key& key, std::string_view alg, std::string_view header,
                        std::string_view payload) {
    const std::string input = compact_input(header, payload);
    return join_signature(input, key.sign(alg, input));
}

// The same, with the header {"alg","kid"} that fits.
inline std::string sign(const Key& key, std::string_view alg, std::string_view payload) {
    Object header = {{"alg", quote(alg)}};
    if (!key.kid().empty()) {
        header = header.with("kid", quote(key.kid()));
    }
    return sign(key, alg, header.text(), payload);
}

inline std::string hmac_signature(std::string_view alg, std::string_view secret, std::string_view input) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    require(HMAC(EVP_get_digestbyname(Key::hash_name(alg)), secret.data(), static_cast<int>(secret.size()),
                 reinterpret_cast<const unsigned char*>(input.data()), input.size(), bytes,
                 &size) != nullptr);
    return std::string(reinterpret_cast<const char*>(bytes), size);
}

inline std::string sign_hmac(std::string_view alg, std::string_view secret, std::string_view payload) {
    const std::string input = compact_input(Object{{"alg", quote(alg)}}.text(), payload);
    return join_signature(input, hmac_signature(alg, secret, input));
}

inline std::string unsigned_token(std::string_view header, std::string_view payload) {
    return compact_input(header, payload) + ".";
}

} // namespace oauth::tokens
