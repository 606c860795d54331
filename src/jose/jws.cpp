// SPDX-License-Identifier: MIT
// Parses a compact JWS, verifies its signature with a key that the caller chose, and signs our own. Called
// for ID tokens and for the identity token. A Jws owns its decoded parts and borrows signing_input.
#include "jws.hpp"
#include "../core/bytes.hpp"
#include "../core/openssl.hpp"
#include "algorithm.hpp"
#include "ecdsa.hpp"
#include "kept_context.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <utility>

namespace oauth::jose {
namespace {

constexpr std::size_t max_compact_size = 65536;
constexpr int max_header_depth = 8;

core::Error refused(std::string detail) {
    return {core::Code::token_invalid, std::move(detail)};
}

struct Segments {
    std::string_view header, payload, signature;
};

// RFC 7515 7.1: three segments
std::optional<Segments> split_compact(std::string_view text) {
    if (std::count(text.begin(), text.end(), '.') != 2) {
        return std::nullopt;
    }
    auto first = text.find('.');
    auto second = text.find('.', first + 1);
    return Segments{text.substr(0, first), text.substr(first + 1, second - first - 1),
                    text.substr(second + 1)};
}

// RFC 7516 3.1, 9: five segments, and a header with enc
bool is_encrypted(std::string_view text) {
    if (std::count(text.begin(), text.end(), '.') != 4) {
        return false;
    }
    auto header_text = core::base64url_decode(text.substr(0, text.find('.')));
    auto header = header_text ? core::Json::parse(*header_text, max_header_depth) : std::nullopt;
    return header && header->root().get("enc").is_string();
}

// RFC 7515 4.1.1, 4.1.4, 4.1.9: alg is required, kid and typ are optional; each is a text
bool read_header(core::JsonView header, Jws& jws) {
    auto alg = header.get("alg").as_string();
    auto kid = header.get("kid").as_string();
    auto typ = header.get("typ").as_string();
    if (!alg || alg->empty() || header.get("kid").exists() != kid.has_value() ||
        header.get("typ").exists() != typ.has_value()) {
        return false;
    }
    jws.alg = canonical_algorithm(*alg);
    if (kid) {
        jws.kid = *kid;
    }
    constexpr std::string_view prefix = "application/"; // RFC 7515 4.1.9
    jws.typ = core::to_lower_ascii(typ.value_or(""));
    if (jws.typ.starts_with(prefix)) {
        jws.typ.erase(0, prefix.size());
    }
    return true;
}

// RFC 7518 3.2: the key is at least as long as the hash
bool verify_hmac(const Jws& jws, const Algorithm& algorithm, std::string_view secret) {
    auto expected = core::hmac(algorithm.hash, secret, jws.signing_input);
    return secret.size() >= expected.size() && core::equal_constant_time(expected, jws.signature);
}

bool verify_public(const Jws& jws, const Algorithm& algorithm, const Jwk& key) {
    core::QuietErrors quiet;
    // RFC 7518 3.4 (ECDSA), RFC 8017 8.1.2, 8.2.2 (RSA), RFC 8032 5.1.7 (Ed25519): the signature's exact size
    std::string der;
    std::string_view signature = jws.signature;
    if (algorithm.family == Family::ecdsa) {
        der = ecdsa_to_der(jws.signature, algorithm.curve).value_or("");
        signature = der;
    } else if (signature.size() != static_cast<std::size_t>(EVP_PKEY_get_size(key.key.get()))) {
        return false;
    }
    if (!key.context) {
        key.context = std::make_shared<KeptContext>(KeptContext::Use::verify);
    }
    const DigestContext context = key.context->for_one(algorithm, key.key.get());
    auto input = jws.signing_input;
    return context && !signature.empty() &&
           EVP_DigestVerify(context.get(), core::bytes_of(signature), signature.size(), core::bytes_of(input),
                            input.size()) == 1;
}

bool verify_and_remember(const Jws& jws, const Algorithm& algorithm, const Jwk& key) {
    if (!key.key) {
        return false;
    }
    Verified& last = key.verified;
    if (last.key == key.key && last.alg == jws.alg && last.signing_input == jws.signing_input &&
        last.signature == jws.signature) {
        return true;
    }
    if (!verify_public(jws, algorithm, key)) {
        return false;
    }
    last.key = nullptr; // until all of it is there
    last.alg = jws.alg;
    last.signing_input = jws.signing_input;
    last.signature = jws.signature;
    last.key = key.key;
    return true;
}

std::optional<std::string> sign_with_key(const Algorithm& algorithm, const SigningKey& key,
                                         std::string_view input) {
    core::QuietErrors quiet;
    const DigestContext context = key.context().for_one(algorithm, key.key());
    std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key.key())), '\0');
    std::size_t size = signature.size();
    if (!context || EVP_DigestSign(context.get(), core::bytes_of(signature), &size, core::bytes_of(input),
                                   input.size()) != 1) {
        return std::nullopt;
    }
    signature.resize(size);
    return algorithm.family == Family::ecdsa ? ecdsa_to_raw(signature, algorithm.curve) : signature;
}

bool can_sign_by(const SigningKey& key, std::string_view alg) {
    const auto able = key.algorithms();
    return std::find(able.begin(), able.end(), alg) != able.end();
}

} // namespace

core::JsonView Jws::claims() const {
    if (!read_claims) {
        read_claims = core::Json::parse(payload);
    }
    const core::JsonView root = read_claims ? read_claims->root() : core::JsonView();
    return root.is_object() ? root : core::JsonView();
}

std::optional<core::Json> Jws::take_claims() const {
    if (!claims().exists()) {
        return std::nullopt;
    }
    return std::exchange(read_claims, std::nullopt);
}

core::Result<Jws> parse_compact(std::string_view text) {
    if (text.size() > max_compact_size) {
        return refused("the token is too long");
    }
    auto segments = split_compact(text);
    if (!segments && is_encrypted(text)) {
        return refused("the token is encrypted (JWE), which is not supported: have the provider sign tokens "
                       "of this client only, without encryption");
    }
    if (!segments) {
        return refused("the token has not three segments");
    }
    // RFC 7515 2, 5.2: base64url without padding
    auto header_text = core::base64url_decode(segments->header);
    auto payload = core::base64url_decode(segments->payload);
    auto signature = core::base64url_decode(segments->signature);
    if (!header_text || !payload || !signature) {
        return refused("a segment of the token is not base64url");
    }
    // RFC 7518 3.6, RFC 8725 3.2: no unsecured JWS
    if (signature->empty()) {
        return refused("the token has no signature");
    }
    // RFC 7515 4, 5.2: the header is a JSON object without duplicate names
    auto header = core::Json::parse(*header_text, max_header_depth);
    if (!header || !header->root().is_object()) {
        return refused("the token's header is not a JSON object");
    }
    // RFC 7515 4.1.11, RFC 7797 3: no extension is understood here
    if (header->root().get("crit") || header->root().get("b64")) {
        return refused("the token's header asks for an extension");
    }
    auto signing_input = text.substr(0, segments->header.size() + 1 + segments->payload.size());
    Jws jws{std::move(*header),    "",           std::nullopt, "", std::move(*payload),
            std::move(*signature), signing_input};
    if (!read_header(jws.header.root(), jws)) {
        return refused("the token's header has no alg, or alg, kid or typ is not a text");
    }
    return jws;
}

bool is_asymmetric_algorithm(std::string_view alg) {
    const auto* algorithm = find_algorithm(alg);
    return algorithm != nullptr && algorithm->family != Family::hmac;
}

bool verify(const Jws& jws, const Jwk& key) {
    const auto* algorithm = find_algorithm(jws.alg);
    if (algorithm == nullptr || !fits(*algorithm, key)) {
        return false;
    }
    if (algorithm->family == Family::hmac) {
        return verify_hmac(jws, *algorithm, key.secret);
    }
    return verify_and_remember(jws, *algorithm, key);
}

std::optional<std::string> sign_compact(const SigningKey& key, std::string_view header,
                                        std::string_view payload, std::string_view alg) {
    const auto* algorithm = find_algorithm(alg.empty() ? key.alg() : alg);
    if (algorithm == nullptr || (algorithm->name != key.alg() && !can_sign_by(key, algorithm->name))) {
        return std::nullopt;
    }
    auto compact = core::base64url_encode(header) + "." + core::base64url_encode(payload);
    auto signature = algorithm->family == Family::hmac ? core::hmac(algorithm->hash, key.secret(), compact)
                                                       : sign_with_key(*algorithm, key, compact);
    if (!signature) {
        return std::nullopt;
    }
    return compact + "." + core::base64url_encode(*signature);
}

} // namespace oauth::jose
