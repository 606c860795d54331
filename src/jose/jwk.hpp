// SPDX-License-Identifier: MIT
// RFC 7517/7518/8037: public keys of a provider, loaded once when they arrive. Unknown kty, crv or use is
// skipped, never an error of the set; keys too weak or too strong to be sane are refused.
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

struct FreeKey {
    void operator()(EVP_PKEY* key) const;
};
using KeyPointer = std::shared_ptr<EVP_PKEY>;

// One verification key.
struct Jwk {
    KeyType type = KeyType::rsa;
    Curve curve = Curve::none;
    std::string kid;    // empty: none
    std::string alg;    // empty: none given
    std::string issuer; // Microsoft's: whose tokens it may sign, "{tenantid}" standing for the tenant; empty:
                        // not said
    KeyPointer key;     // null for oct
    std::string secret; // oct only
};

// One public key for verifying signatures; nothing if it is not usable as one: unknown kty or crv, use other
// than "sig", key_ops without "verify", RSA below 2048 or above 8192 bits, even exponent or e < 3, n even, a
// point not on its curve, coordinates of a wrong length, alg of another key type. Private members are
// ignored. oct keys are refused here (MD-15).
std::optional<Jwk> parse_public_jwk(core::JsonView object);

// RFC 7638 with SHA-256, base64url; empty for a key without public members.
std::string thumbprint(const Jwk& jwk);

class JwkSet {
public:
    // At most 100 keys are looked at; provider_error if the document is no JWK set at all.
    static core::Result<JwkSet> parse(std::string_view body);

    const std::vector<Jwk>& keys() const { return keys_; }
    // Keys that may verify a token of this alg and kid: type and curve fit the alg, a given jwk.alg equals
    // it, and the kid is equal, or the token has none, or the key has none.
    std::vector<const Jwk*> candidates(std::string_view alg, std::optional<std::string_view> kid) const;
    bool has_kid(std::string_view kid) const;

private:
    std::vector<Jwk> keys_;
};

// A key pair of our own, for signing the identity token. From PEM (private key, RFC 8410/5958/SEC1) or new.
class SigningKey {
public:
    static std::optional<SigningKey> generate_es256();
    static std::optional<SigningKey> from_pem(std::string_view pem);
    static std::optional<SigningKey> from_der(std::string_view pkcs8);
    // HS256 with at least 32 bytes.
    static std::optional<SigningKey> from_secret(std::string_view secret);

    const std::string& alg() const { return alg_; } // ES256, EdDSA, RS256, HS256
    const std::string& kid() const { return kid_; } // RFC 7638 thumbprint unless set
    void set_kid(std::string kid) { kid_ = std::move(kid); }

    std::optional<std::string> to_der() const; // PKCS#8, asymmetric keys only
    // The public JWK as a JSON object with kid, alg and use; empty for HS256, which has nothing to publish.
    std::string public_jwk() const;

    EVP_PKEY* key() const { return key_.get(); }
    const std::string& secret() const { return secret_; }

private:
    static std::optional<SigningKey> from_key(KeyPointer key);

    std::string alg_, kid_, secret_;
    KeyPointer key_;
};

} // namespace oauth::jose
