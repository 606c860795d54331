// SPDX-License-Identifier: MIT
// Reads a provider's public keys from its JWK set, and finds those that may verify a token. Called when a set
// arrives and for each token. A Jwk owns its key; candidates point into the set.
#include "jwk.hpp"
#include "../core/bytes.hpp"
#include "algorithm.hpp"
#include "jws.hpp"
#include "public_key.hpp"

#include <algorithm>

namespace oauth::jose {
namespace {

constexpr std::size_t max_keys = 100;

// A base64url member, decoded. Empty if it is absent or malformed: no key can be made from that.
std::string bytes_member(core::JsonView object, std::string_view name) {
    auto text = object.get(name).as_string();
    return text ? core::base64url_decode(*text).value_or("") : "";
}

// Reads an optional text member. False if it is there but is not a text.
bool read_text_member(core::JsonView object, std::string_view name, std::string& text) {
    auto member = object.get(name);
    auto value = member.as_string();
    text = value.value_or("");
    return value || !member;
}

// RFC 7517 4.2, 4.3: use, if it is there, is "sig"; key_ops, if it is there, holds "verify"
bool is_meant_for_verifying(core::JsonView object) {
    auto use = object.get("use");
    if (use && use.as_string() != "sig") {
        return false;
    }
    auto operations = object.get("key_ops");
    if (!operations) {
        return true;
    }
    auto elements = operations.elements();
    return std::any_of(elements.begin(), elements.end(),
                       [](auto element) { return element.as_string() == "verify"; });
}

Curve curve_named(std::string_view name) {
    if (name == "P-256") {
        return Curve::p256;
    }
    if (name == "P-384") {
        return Curve::p384;
    }
    return name == "P-521" ? Curve::p521 : Curve::none;
}

bool is_known_kind(core::JsonView object) {
    const auto kty = object.get("kty").as_string().value_or("");
    const auto crv = object.get("crv").as_string().value_or("");
    return kty == "RSA" || (kty == "EC" && curve_named(crv) != Curve::none) ||
           (kty == "OKP" && crv == "Ed25519");
}

// RFC 7518 6.2.1 (EC), 6.3.1 (RSA), RFC 8037 2 (Ed25519)
bool read_key(core::JsonView object, Jwk& jwk) {
    auto kty = object.get("kty").as_string().value_or("");
    auto crv = object.get("crv").as_string().value_or("");
    if (kty == "RSA") {
        jwk.type = KeyType::rsa;
        jwk.key = make_rsa_key(bytes_member(object, "n"), bytes_member(object, "e"));
    } else if (kty == "EC" && curve_named(crv) != Curve::none) {
        jwk.type = KeyType::ec;
        jwk.curve = curve_named(crv);
        jwk.key = make_ec_key(jwk.curve, bytes_member(object, "x"), bytes_member(object, "y"));
    } else if (kty == "OKP" && crv == "Ed25519") {
        jwk.type = KeyType::okp;
        jwk.curve = Curve::ed25519;
        jwk.key = make_ed25519_key(bytes_member(object, "x"));
    }
    return jwk.key != nullptr;
}

// RFC 7518 6.2.2, 6.3.2, 6.4.1, RFC 8037 2
bool has_secret_part(core::JsonView object) {
    constexpr std::string_view names[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
    return std::any_of(std::begin(names), std::end(names),
                       [object](auto name) { return object.get(name).exists(); });
}

struct ReadKey {
    std::optional<Jwk> key;
    std::string_view why_none;
};

ReadKey read_public_jwk(core::JsonView object) {
    Jwk jwk;
    if (!object.is_object()) {
        return {std::nullopt, "is no object"};
    }
    if (!read_text_member(object, "kid", jwk.kid) || !read_text_member(object, "alg", jwk.alg) ||
        !read_text_member(object, "issuer", jwk.issuer)) {
        return {std::nullopt, "has a kid, alg or issuer that is not a text"};
    }
    if (!is_meant_for_verifying(object)) {
        return {std::nullopt, "is not for signatures, by its use or key_ops"};
    }
    if (object.get("kty").as_string() == "oct") {
        return {std::nullopt, "is a secret that is published"};
    }
    if (!is_known_kind(object)) {
        return {std::nullopt, "is of a kind (kty, crv) that is not known here"};
    }
    if (!read_key(object, jwk)) {
        return {std::nullopt, "is incomplete or broken, or is no RSA key of 2048 to 8192 bits"};
    }
    jwk.alg = canonical_algorithm(jwk.alg);
    // RFC 7517 4.4: alg, if it is there, fits the key's type and curve
    if (object.get("alg")) {
        const auto* algorithm = find_algorithm(jwk.alg);
        if (algorithm == nullptr || !fits(*algorithm, jwk)) {
            return {std::nullopt, "has an alg that is none of signatures by such a key"};
        }
    }
    return {std::move(jwk), ""};
}

} // namespace

std::optional<Jwk> parse_public_jwk(core::JsonView object) {
    return read_public_jwk(object).key;
}

std::string thumbprint(const Jwk& jwk) {
    auto members = jwk.key ? public_members(jwk.key.get(), jwk.type, jwk.curve) : Members();
    return members.empty() ? "" : thumbprint_of(members);
}

core::Result<JwkSet> JwkSet::parse(std::string_view body) {
    // RFC 7517 5, 5.1: an object with an array "keys"; keys that cannot be used are skipped
    auto document = core::Json::parse(body);
    if (!document) {
        return core::Error{core::Code::provider_error, "the key set is not strict JSON"};
    }
    auto keys = document->root().get("keys");
    if (!keys.is_array()) {
        return core::Error{core::Code::provider_error,
                           "the key set is not a JSON object with an array \"keys\""};
    }
    auto elements = keys.elements();
    JwkSet set;
    set.ignored_ = elements.size() - std::min(elements.size(), max_keys);
    elements.resize(elements.size() - set.ignored_);
    for (auto element : elements) {
        const std::string kid(element.get("kid").as_string().value_or(""));
        if (has_secret_part(element)) {
            set.published_secrets_.push_back(kid);
        }
        auto read = read_public_jwk(element);
        if (read.key) {
            set.keys_.push_back(std::move(*read.key));
        } else {
            set.unusable_.push_back({kid, read.why_none});
        }
    }
    return set;
}

std::vector<const Jwk*> JwkSet::candidates(std::string_view alg, std::optional<std::string_view> kid) const {
    std::vector<const Jwk*> found;
    const auto* algorithm = find_algorithm(alg);
    if (algorithm == nullptr) {
        return found;
    }
    // RFC 7515 4.1.4, RFC 7517 4.5: kid chooses among the keys, if both sides have one
    for (const auto& key : keys_) {
        bool same_kid = !kid || key.kid.empty() || key.kid == *kid;
        if (same_kid && fits(*algorithm, key)) {
            found.push_back(&key);
        }
    }
    return found;
}

bool JwkSet::has_kid(std::string_view kid) const {
    return std::any_of(keys_.begin(), keys_.end(), [&](const Jwk& key) { return key.kid == kid; });
}

} // namespace oauth::jose
