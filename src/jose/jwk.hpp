// SPDX-License-Identifier: MIT
// Keys: RFC 7517, 7518 and 8037. A provider's public keys are loaded once, when the set arrives; a key that
// cannot be used is skipped and is no error of the set.
#pragma once

#include "../core/json.hpp"
#include "../core/result.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

typedef struct evp_pkey_st EVP_PKEY;

namespace oauth::jose {

enum class KeyType { rsa, ec, okp, oct };
enum class Curve { none, p256, p384, p521, ed25519 };

class KeptContext;

struct FreeKey {
    void operator()(EVP_PKEY* key) const;
};
using KeyPointer = std::shared_ptr<EVP_PKEY>;

// What a key has verified: all that the answer depends on.
struct Verified {
    KeyPointer key;
    std::string alg;
    std::string signing_input;
    std::string signature;
};

// One verification key.
struct Jwk {
    KeyType type = KeyType::rsa;
    Curve curve = Curve::none;
    std::string kid; // empty: none
    std::string alg; // canonical (jws.hpp); empty: none given
    // Microsoft's member: the only issuer whose tokens it may sign, with "{tenantid}" for the tenant; or
    // empty.
    std::string issuer;
    KeyPointer key;     // null for oct
    std::string secret; // oct only
    // By verify(), the last time: a sign-in asks twice, first whether the set holds the key.
    mutable Verified verified;
    mutable std::shared_ptr<KeptContext> context; // made when it first verifies
};

// RFC 7517 4, RFC 7518 6, RFC 8037 2. One public key for verifying signatures; private members are ignored.
// nullopt for a key that must not be used:
// - kty or crv unknown, or kty oct, since a published secret is not secret (MD-15);
// - use other than "sig", key_ops without "verify", or an alg that does not fit the key;
// - RSA below 2048 or above 8192 bits, an even modulus, an exponent that is even, 1 or above 64 bits;
// - coordinates of a wrong length, an EC point that is not on its curve, an Ed25519 point of small order.
std::optional<Jwk> parse_public_jwk(core::JsonView object);

// RFC 7638 3: SHA-256, base64url. Empty for a key without public members.
std::string thumbprint(const Jwk& jwk);

// One of a set that is not used, for an administrator.
struct UnusableKey {
    std::string kid;      // empty: none
    std::string_view why; // "is for encryption"
};

class JwkSet {
public:
    // RFC 7517 5. Keys after the first 100 are ignored. provider_error if the document is not a JWK set.
    static core::Result<JwkSet> parse(std::string_view body);

    const std::vector<Jwk>& keys() const { return keys_; }
    const std::vector<UnusableKey>& unusable() const { return unusable_; }
    // RFC 7517 9.2. The names of keys whose secret parts the set has: private members, or a symmetric key.
    const std::vector<std::string>& published_secrets() const { return published_secrets_; }
    std::size_t ignored() const { return ignored_; } // those after the first 100
    // The keys that may verify a token with this alg and kid: type, curve and the key's own alg fit the alg,
    // and the kids are equal or one of them is absent.
    std::vector<const Jwk*> candidates(std::string_view alg, std::optional<std::string_view> kid) const;
    bool has_kid(std::string_view kid) const;

private:
    std::vector<Jwk> keys_;
    std::vector<UnusableKey> unusable_;
    std::vector<std::string> published_secrets_;
    std::size_t ignored_ = 0;
};

// A key of our own: for identity tokens, for what the client proves itself with, for DPoP. Each function
// gives nullopt for a key that is not of one of the kinds below, or if OpenSSL fails. What is secret is wiped
// when the last copy goes.
class SigningKey {
public:
    enum class Curves { p256_alone, all }; // of EC keys: all are P-256, P-384 and P-521

    SigningKey(const SigningKey&) = default;
    SigningKey(SigningKey&&) noexcept = default;
    SigningKey& operator=(const SigningKey&) = default;
    SigningKey& operator=(SigningKey&&) noexcept = default;
    ~SigningKey();

    static std::optional<SigningKey> generate_es256();
    // Of P-256, always the same for one secret and purpose: RFC 5869 makes the number.
    static std::optional<SigningKey> derive_es256(std::string_view secret, std::string_view purpose);
    // One private key without a passphrase, at most 64 KiB of text: RFC 5958, RFC 8410, or SEC 1. EC,
    // Ed25519, or RSA as for parse_public_jwk, whose halves belong together.
    static std::optional<SigningKey> from_pem(std::string_view pem, Curves curves = Curves::p256_alone);
    static std::optional<SigningKey> from_der(std::string_view pkcs8);
    // RFC 7518 3.2. HS256; nullopt for less than 32 bytes.
    static std::optional<SigningKey> from_secret(std::string_view secret);

    const std::string& alg() const { return alg_; } // ES256, ES384, ES512, EdDSA, RS256, HS256
    // All that it can sign by, canonical, the one above first.
    std::vector<std::string_view> algorithms() const;
    const std::string& kid() const { return kid_; } // the RFC 7638 thumbprint, unless it was set
    void set_kid(std::string kid) { kid_ = std::move(kid); }

    std::optional<std::string> to_der() const; // PKCS#8; nullopt for HS256
    // RFC 7517 4. The public JWK as a JSON object with kid, alg and use; empty for HS256.
    std::string public_jwk() const;
    // RFC 7638 3.2. The same with the members that make up the key, and no others.
    std::string bare_jwk() const;

    EVP_PKEY* key() const { return key_.get(); }
    const KeyPointer& shared_key() const { return key_; }
    KeptContext& context() const { return *context_; } // where there is a key()
    const std::string& secret() const { return secret_; }

private:
    SigningKey() = default;
    static std::optional<SigningKey> from_key(KeyPointer key, Curves curves = Curves::p256_alone);

    std::string alg_, kid_, secret_;
    KeyPointer key_;
    std::shared_ptr<KeptContext> context_;
};

// What a text that from_pem() does not take is, as far as it says so: "holds a public key and no private
// one". No part of the text is in it.
std::string why_no_private_key(std::string_view text);

} // namespace oauth::jose
