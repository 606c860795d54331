// SPDX-License-Identifier: MIT
// Our own signing keys: made, read from PEM or DER, written as PKCS#8 and published as JWK. Called when the
// configuration is read and when a worker takes the key from the zone. A SigningKey owns its key or secret.
#include "../core/bytes.hpp"
#include "../core/crypto.hpp"
#include "../core/openssl.hpp"
#include "jwk.hpp"
#include "kept_context.hpp"
#include "public_key.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <climits>

namespace oauth::jose {
namespace {

constexpr std::size_t max_key_text = 65536;
constexpr std::size_t min_secret_size = 32; // RFC 7518 3.2

struct KeyKind {
    KeyType type;
    Curve curve;
    const char* alg;
};

std::optional<KeyKind> kind_of(const EVP_PKEY* key) {
    char group[32] = "";
    std::size_t size = 0;
    if (EVP_PKEY_is_a(key, "ED25519") == 1) {
        return KeyKind{KeyType::okp, Curve::ed25519, "EdDSA"};
    }
    if (EVP_PKEY_is_a(key, "RSA") == 1 && is_sane_rsa_key(key)) {
        return KeyKind{KeyType::rsa, Curve::none, "RS256"};
    }
    if (EVP_PKEY_is_a(key, "EC") != 1 || EVP_PKEY_get_group_name(key, group, sizeof(group), &size) != 1) {
        return std::nullopt;
    }
    for (const auto& [name, kind] : {std::pair("prime256v1", KeyKind{KeyType::ec, Curve::p256, "ES256"}),
                                     std::pair("secp384r1", KeyKind{KeyType::ec, Curve::p384, "ES384"}),
                                     std::pair("secp521r1", KeyKind{KeyType::ec, Curve::p521, "ES512"})}) {
        if (std::string_view(group) == name) {
            return kind;
        }
    }
    return std::nullopt;
}

// Refuses a key file with a passphrase. Without this function OpenSSL would ask on the terminal.
int refuse_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) {
    return -1;
}

// What says of itself that it is a private key, whatever its kind.
std::size_t count_private_keys(std::string_view pem) {
    std::size_t count = 0;
    for (std::size_t at = pem.find("-----BEGIN "); at != std::string_view::npos;
         at = pem.find("-----BEGIN ", at + 1)) {
        const std::string_view line = pem.substr(at, pem.find_first_of("\r\n", at) - at);
        count += line.find("PRIVATE KEY-----") != std::string_view::npos ? 1 : 0;
    }
    return count;
}

// A number of it may have been changed: it would sign, and nobody could verify.
bool is_one_pair(EVP_PKEY* key) {
    const core::Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(
        key != nullptr ? EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr) : nullptr);
    return context && EVP_PKEY_pairwise_check(context.get()) == 1;
}

} // namespace

SigningKey::~SigningKey() {
    core::wipe(secret_);
}

std::optional<SigningKey> SigningKey::from_key(KeyPointer key, Curves curves) {
    auto kind = key ? kind_of(key.get()) : std::nullopt;
    const bool has_curve = kind && kind->type == KeyType::ec;
    if (has_curve && kind->curve != Curve::p256 && curves == Curves::p256_alone) {
        return std::nullopt;
    }
    auto members = kind ? public_members(key.get(), kind->type, kind->curve) : Members();
    if (members.empty()) {
        return std::nullopt;
    }
    SigningKey signing;
    signing.alg_ = kind->alg;
    signing.kid_ = thumbprint_of(members);
    signing.key_ = std::move(key);
    signing.context_ = std::make_shared<KeptContext>(KeptContext::Use::sign);
    return signing;
}

std::optional<SigningKey> SigningKey::generate_es256() {
    core::QuietErrors quiet;
    return from_key(KeyPointer(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), FreeKey()));
}

std::optional<SigningKey> SigningKey::from_pem(std::string_view pem, Curves curves) {
    core::QuietErrors quiet;
    if (pem.size() > max_key_text || count_private_keys(pem) > 1) {
        return std::nullopt;
    }
    core::Owned<BIO, BIO_free> source(BIO_new_mem_buf(core::bytes_of(pem), static_cast<int>(pem.size())));
    if (!source) {
        return std::nullopt;
    }
    auto key = from_key(
        KeyPointer(PEM_read_bio_PrivateKey(source.get(), nullptr, refuse_passphrase, nullptr), FreeKey()),
        curves);
    return key && is_one_pair(key->key()) ? std::move(key) : std::nullopt;
}

std::optional<SigningKey> SigningKey::derive_es256(std::string_view secret, std::string_view purpose) {
    core::QuietErrors quiet;
    // RFC 5915 3 without the public key, which OpenSSL adds: version 1, the number, the curve P-256
    constexpr std::string_view before("\x30\x31\x02\x01\x01\x04\x20", 7);
    constexpr std::string_view behind("\xa0\x0a\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07", 12);
    for (char attempt = '0'; attempt <= '9'; ++attempt) { // of 2^32 numbers one is too large for the curve
        auto number = core::hkdf_sha256(secret, "ngx_http_oauth_module", std::string(purpose) + attempt, 32);
        if (!number) {
            return std::nullopt;
        }
        std::string der = std::string(before).append(*number).append(behind);
        const auto* end = core::bytes_of(std::string_view(der));
        KeyPointer key(d2i_PrivateKey(EVP_PKEY_EC, nullptr, &end, static_cast<long>(der.size())), FreeKey());
        core::wipe(*number);
        core::wipe(der);
        core::Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free> context(
            key ? EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr) : nullptr);
        if (context && EVP_PKEY_private_check(context.get()) == 1) {
            return from_key(std::move(key));
        }
    }
    return std::nullopt;
}

std::optional<SigningKey> SigningKey::from_der(std::string_view pkcs8) {
    core::QuietErrors quiet;
    if (pkcs8.size() > max_key_text) {
        return std::nullopt;
    }
    const auto* end = core::bytes_of(pkcs8);
    core::Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free> info(
        d2i_PKCS8_PRIV_KEY_INFO(nullptr, &end, static_cast<long>(pkcs8.size())));
    if (!info || end != core::bytes_of(pkcs8) + pkcs8.size()) {
        return std::nullopt;
    }
    return from_key(KeyPointer(EVP_PKCS82PKEY(info.get()), FreeKey()));
}

std::optional<SigningKey> SigningKey::from_secret(std::string_view secret) {
    if (secret.size() < min_secret_size) {
        return std::nullopt;
    }
    SigningKey signing;
    signing.alg_ = "HS256";
    signing.secret_ = secret;
    // RFC 7638 7: a plain hash of a secret must not be published
    auto name = core::hmac(core::Hash::sha256, secret, "kid of the identity key");
    signing.kid_ = core::base64url_encode(name).substr(0, 16);
    return signing;
}

std::optional<std::string> SigningKey::to_der() const {
    core::QuietErrors quiet;
    if (!key_) {
        return std::nullopt;
    }
    core::Owned<PKCS8_PRIV_KEY_INFO, PKCS8_PRIV_KEY_INFO_free> info(EVP_PKEY2PKCS8(key_.get()));
    int size = info ? i2d_PKCS8_PRIV_KEY_INFO(info.get(), nullptr) : 0;
    if (size <= 0) {
        return std::nullopt;
    }
    std::string der(static_cast<std::size_t>(size), '\0');
    auto* end = core::bytes_of(der);
    return i2d_PKCS8_PRIV_KEY_INFO(info.get(), &end) == size ? std::optional(der) : std::nullopt;
}

std::vector<std::string_view> SigningKey::algorithms() const {
    if (!key_) {
        return {alg_}; // the other two of HMAC want a longer secret
    }
    const core::QuietErrors quiet;
    const auto kind = kind_of(key_.get());
    if (kind && kind->type == KeyType::rsa) {
        return {"RS256", "PS256", "RS384", "PS384", "RS512", "PS512"};
    }
    return {alg_};
}

std::string SigningKey::bare_jwk() const {
    const core::QuietErrors quiet;
    const auto kind = key_ ? kind_of(key_.get()) : std::nullopt;
    core::JsonObjectWriter writer;
    for (const auto& [name, value] : kind ? public_members(key_.get(), kind->type, kind->curve) : Members()) {
        writer.add(name, value);
    }
    return std::move(writer).finish();
}

std::string SigningKey::public_jwk() const {
    const core::QuietErrors quiet;
    auto kind = key_ ? kind_of(key_.get()) : std::nullopt;
    if (!kind) {
        return "";
    }
    core::JsonObjectWriter writer;
    for (const auto& [name, value] : public_members(key_.get(), kind->type, kind->curve)) {
        writer.add(name, value);
    }
    writer.add("kid", kid_);
    writer.add("alg", alg_);
    writer.add("use", "sig");
    return std::move(writer).finish();
}

std::string why_no_private_key(std::string_view text) {
    const auto has = [text](std::string_view part) { return text.find(part) != std::string_view::npos; };
    if (count_private_keys(text) > 1) {
        return "holds more than one private key";
    }
    if (has("BEGIN ENCRYPTED PRIVATE KEY") || has("Proc-Type: 4,ENCRYPTED")) {
        return "holds a private key with a passphrase, which nobody could be asked for";
    }
    if (has("BEGIN OPENSSH PRIVATE KEY")) {
        return "holds a key in the form of OpenSSH";
    }
    if (has("PRIVATE KEY-----")) {
        return "holds a private key that is broken, or of a kind that is not used here";
    }
    if (has("PUBLIC KEY-----")) {
        return "holds a public key and no private one";
    }
    if (has("BEGIN CERTIFICATE")) {
        return "holds a certificate and no private key";
    }
    return "holds no private key in PEM";
}

} // namespace oauth::jose
