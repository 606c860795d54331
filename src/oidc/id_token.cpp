// SPDX-License-Identifier: MIT
// Validates ID tokens (OpenID Connect Core 3.1.3.7): issued by the provider, for this client, valid now, and
// made for this sign-in. Called by the flows with a parsed token. validate_id_token runs a list of checks in
// a fixed order, the signature first, and stops at the first complaint. The returned IdToken owns the claims.
#include "id_token.hpp"

#include "../core/bytes.hpp"
#include "../core/crypto.hpp"

#include <algorithm>
#include <utility>

namespace oauth::oidc {

namespace {

constexpr std::size_t max_subject_size = 255;
constexpr std::size_t tenant_size = 36;
constexpr std::string_view tenant_placeholder = "{tenantid}";

using Complaint = std::string; // empty: there is none

struct Token {
    const jose::Jws& jws;
    core::JsonView claims;
    const IdTokenExpectation& expected;
};

bool contains(const std::vector<std::string>& list, std::string_view value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

bool is_tenant(std::string_view text) {
    const auto allowed = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-'; };
    return text.size() == tenant_size && std::all_of(text.begin(), text.end(), allowed);
}

bool issuer_matches(std::string_view issuer, std::string_view pattern, core::JsonView claims) {
    const std::size_t place = pattern.find(tenant_placeholder);
    if (place == std::string_view::npos) {
        return issuer == pattern;
    }
    const auto tenant = claims.get("tid").as_string();
    if (!tenant || !is_tenant(*tenant)) {
        return false;
    }
    std::string wanted(pattern);
    wanted.replace(place, tenant_placeholder.size(), *tenant);
    return issuer == wanted;
}

// A key with an issuer of its own (Microsoft's) verifies the tokens of that issuer only.
bool speaks_for(const jose::Jwk& key, const jose::Jws& jws) {
    if (key.issuer.empty()) {
        return true;
    }
    const auto claims = core::Json::parse(jws.payload);
    const auto issuer = claims ? claims->root().get("iss").as_string() : std::nullopt;
    return issuer && issuer_matches(*issuer, key.issuer, claims->root());
}

bool verify_with_any(const jose::Jws& jws, const jose::JwkSet& keys) {
    const auto candidates = keys.candidates(jws.alg, jws.kid);
    return std::any_of(candidates.begin(), candidates.end(), [&jws](const jose::Jwk* key) {
        return jose::verify(jws, *key) && speaks_for(*key, jws);
    });
}

// OpenID Connect Core 3.1.3.7 (8), 10.1: the MAC key is the client's secret, never a published key.
// jose::verify accepts an oct key for HS256/384/512 only, and none that is shorter than the hash.
bool verify_with_secret(const jose::Jws& jws, const std::string& client_secret) {
    jose::Jwk key;
    key.type = jose::KeyType::oct;
    key.secret = client_secret;
    const bool valid = jose::verify(jws, key);
    core::wipe(key.secret);
    return valid;
}

std::string join(const std::vector<std::string>& words) {
    std::string joined;
    for (const std::string& word : words) {
        joined.append(joined.empty() ? "" : " ").append(word);
    }
    return joined.empty() ? "none" : joined;
}

Complaint check_signature(const jose::Jws& jws, const jose::JwkSet& keys,
                          const IdTokenExpectation& expected) {
    // OpenID Connect Core 3.1.3.7 (7), RFC 8725 3.1: alg is one that the caller allows
    if (!contains(expected.algorithms, jws.alg)) {
        const auto name = jws.header.root().get("alg").as_string(); // as it was sent, not its canonical form
        return "its algorithm is not allowed: found \"" + core::for_log(name.value_or(jws.alg)) +
               "\", accepted: " + core::for_log(join(expected.algorithms)) +
               " (signing_algorithms, or the metadata)";
    }
    // OpenID Connect Core 3.1.3.7 (6): the signature is always verified, also after TLS to the token endpoint
    const bool valid = jose::is_asymmetric_algorithm(jws.alg)
                           ? verify_with_any(jws, keys)
                           : verify_with_secret(jws, expected.client_secret);
    return valid ? Complaint() : "no key of the provider verifies its signature";
}

// RFC 7519 5.1, RFC 8725 3.11, 3.12: typ does not name another kind of token
Complaint check_type(const Token& token) {
    return token.jws.typ.empty() || token.jws.typ == "jwt" ? Complaint() : "its typ is another token's";
}

// OpenID Connect Core 3.1.3.7 (2): iss is the issuer exactly
Complaint check_issuer(const Token& token) {
    const auto issuer = token.claims.get("iss").as_string();
    if (!issuer) {
        return "iss is missing or not a string";
    }
    const auto& issuers = token.expected.issuers;
    const bool matches = std::any_of(issuers.begin(), issuers.end(), [&](const std::string& pattern) {
        return issuer_matches(*issuer, pattern, token.claims);
    });
    return matches ? Complaint() : "iss is not the provider's issuer";
}

// OpenID Connect Core 3.1.3.7 (3): aud is this client; no other audience is trusted but those that the
// operator names
Complaint check_audience(const Token& token) {
    const core::JsonView audience = token.claims.get("aud");
    const std::string& client = token.expected.client_id;
    if (audience.is_string()) {
        return audience.as_string() == client ? Complaint() : "aud is not this client";
    }
    const auto elements = audience.elements();
    if (elements.empty()) {
        return "aud is missing or malformed";
    }
    bool names_client = false;
    for (const core::JsonView element : elements) {
        const auto value = element.as_string();
        if (!value) {
            return "aud is not this client alone: it has something that is not a text";
        }
        if (*value != client && !contains(token.expected.trusted_audiences, *value)) {
            return "aud is not this client alone: found \"" + core::for_log(*value) +
                   "\" (trusted_audiences)";
        }
        names_client = names_client || *value == client;
    }
    return names_client ? Complaint() : "aud is not this client";
}

// OpenID Connect Core 3.1.3.7 (5): azp, if it is there, is this client
Complaint check_authorized_party(const Token& token) {
    const core::JsonView party = token.claims.get("azp");
    const bool right = !party.exists() || party.as_string() == token.expected.client_id;
    return right ? Complaint() : "azp is not this client";
}

// OpenID Connect Core 3.1.3.7 (9), RFC 7519 4.1.4: now is before exp
Complaint check_expiry(const Token& token) {
    const auto expires_at = token.claims.get("exp").as_integer();
    if (!expires_at) {
        return "exp is missing or not a number";
    }
    return token.expected.now < *expires_at + token.expected.clock_skew ? Complaint() : "it has expired";
}

// OpenID Connect Core 2, 3.1.3.7 (10): iat is required, not in the future and not too long ago
Complaint check_issue_time(const Token& token) {
    const auto issued_at = token.claims.get("iat").as_integer();
    if (!issued_at) {
        return "iat is missing or not a number";
    }
    if (*issued_at > token.expected.now + token.expected.clock_skew) {
        return "iat is in the future";
    }
    return token.expected.now <= *issued_at + token.expected.max_age_of_iat ? Complaint()
                                                                            : "iat is too long ago";
}

// RFC 7519 4.1.5: now is not before nbf
Complaint check_not_before(const Token& token) {
    const core::JsonView claim = token.claims.get("nbf");
    if (!claim.exists()) {
        return {};
    }
    const auto not_before = claim.as_integer();
    if (!not_before) {
        return "nbf is not a number";
    }
    return *not_before <= token.expected.now + token.expected.clock_skew ? Complaint()
                                                                         : "nbf is in the future";
}

// OpenID Connect Core 3.1.3.7 (11): nonce is exactly the one that was sent
Complaint check_nonce(const Token& token) {
    if (token.expected.nonce.empty()) {
        return {};
    }
    const auto nonce = token.claims.get("nonce").as_string();
    if (!nonce) {
        return "nonce is missing or not a string";
    }
    return core::equal_constant_time(*nonce, token.expected.nonce) ? Complaint()
                                                                   : "nonce is not this sign-in's";
}

// OpenID Connect Core 2: sub is required and has at most 255 characters
Complaint check_subject(const Token& token) {
    const auto subject = token.claims.get("sub").as_string();
    if (!subject || subject->empty()) {
        return "sub is missing, empty or not a string";
    }
    if (subject->size() > max_subject_size || core::has_control_characters(*subject)) {
        return "sub is too long or has control characters";
    }
    return {};
}

// Unknown where it is absent, not a number, or 0, which some providers write for that.
std::optional<std::int64_t> authentication_time(core::JsonView claims) {
    const auto time = claims.get("auth_time").as_integer();
    return time && *time > 0 ? time : std::nullopt;
}

// OpenID Connect Core 3.1.3.7 (13): auth_time is there, not in the future and not older than max_age, if
// sent. Nothing rests on it otherwise.
Complaint check_authentication_time(const Token& token) {
    const std::optional<std::int64_t> max_age = token.expected.max_age;
    if (!max_age) {
        return {};
    }
    const core::JsonView claim = token.claims.get("auth_time");
    if (!claim.exists()) {
        return "auth_time is missing";
    }
    const auto authenticated_at = claim.as_integer();
    if (!authenticated_at) {
        return "auth_time is not a number";
    }
    const std::int64_t age = token.expected.now - *authenticated_at;
    if (age < -token.expected.clock_skew) {
        return "auth_time is in the future";
    }
    return age <= *max_age + token.expected.clock_skew ? Complaint() : "auth_time is too long ago";
}

// OpenID Connect Core 3.1.3.6, 3.3.2.11: the left half of alg's hash. Ed25519 has SHA-512 (RFC 8032 5.1).
std::string left_half_hash(std::string_view alg, std::string_view value) {
    core::Hash hash = core::Hash::sha512;
    if (alg.ends_with("256")) {
        hash = core::Hash::sha256;
    } else if (alg.ends_with("384")) {
        hash = core::Hash::sha384;
    }
    const std::string whole = core::digest(hash, value);
    return core::base64url_encode(std::string_view(whole).substr(0, whole.size() / 2));
}

bool hash_fits(const Token& token, std::string_view claim, std::string_view value) {
    const auto hash = token.claims.get(claim).as_string();
    return hash && core::equal_constant_time(*hash, left_half_hash(token.jws.alg, value));
}

// OpenID Connect Core 3.1.3.8: at_hash, if it is there, fits the access token
Complaint check_access_token_hash(const Token& token) {
    const std::string& access_token = token.expected.access_token;
    if (access_token.empty() || !token.claims.get("at_hash").exists()) {
        return {};
    }
    return hash_fits(token, "at_hash", access_token) ? Complaint() : "at_hash is not the access token's";
}

// OpenID Connect Core 3.3.2.10, 3.3.2.11: c_hash fits the code, and is required beside a code (hybrid)
Complaint check_code_hash(const Token& token) {
    const std::string& code = token.expected.code;
    const bool required = token.expected.code_hash == IdTokenExpectation::CodeHash::required;
    if (!required && (code.empty() || !token.claims.get("c_hash").exists())) {
        return {};
    }
    return !code.empty() && hash_fits(token, "c_hash", code) ? Complaint() : "c_hash is not the code's";
}

// Amazon Cognito: token_use tells its ID tokens and access tokens apart
Complaint check_use(const Token& token) {
    const core::JsonView use = token.claims.get("token_use");
    return !use.exists() || use.as_string() == "id" ? Complaint() : "token_use is not id";
}

constexpr Complaint (*claim_checks[])(const Token&) = {
    check_type,
    check_issuer,
    check_audience,
    check_authorized_party,
    check_expiry,
    check_issue_time,
    check_not_before,
    check_nonce,
    check_subject,
    check_authentication_time,
    check_access_token_hash,
    check_code_hash,
    check_use,
};

core::Error refusal(Complaint complaint) {
    return {core::Code::token_invalid, std::move(complaint)};
}

} // namespace

std::vector<std::string> allowed_algorithms(const std::vector<std::string>& configured,
                                            const std::vector<std::string>& supported) {
    if (!configured.empty()) {
        return configured;
    }
    // OpenID Connect Core 3.1.3.7 (7): RS256 by default
    if (supported.empty()) {
        return {"RS256"};
    }
    std::vector<std::string> allowed;
    for (const std::string& alg : supported) {
        if (jose::is_asymmetric_algorithm(alg)) {
            allowed.emplace_back(jose::canonical_algorithm(alg));
        }
    }
    return allowed;
}

KeyLookup look_for_key(const jose::Jws& jws, const jose::JwkSet& keys) {
    if (!jose::is_asymmetric_algorithm(jws.alg)) {
        return KeyLookup::found; // the key is the client's secret: fetching the set again cannot help
    }
    // OpenID Connect Core 10.1.1: an unknown kid means that the keys were rotated. So may a bad signature by
    // a known one: 10.1 forbids to replace a key under its kid, and servers do it.
    return verify_with_any(jws, keys) ? KeyLookup::found : KeyLookup::refetch_may_help;
}

core::Result<IdToken> validate_id_token(const jose::Jws& jws, const jose::JwkSet& keys,
                                        const IdTokenExpectation& expected) {
    if (const Complaint complaint = check_signature(jws, keys, expected); !complaint.empty()) {
        return refusal(complaint);
    }
    auto claims = core::Json::parse(jws.payload);
    if (!claims || !claims->root().is_object()) {
        return refusal("its claims are not a strict JSON object");
    }
    const Token token{jws, claims->root(), expected};
    for (const auto check : claim_checks) {
        if (const Complaint complaint = check(token); !complaint.empty()) {
            return refusal(complaint);
        }
    }
    IdToken result{std::move(*claims), "", 0, 0, std::nullopt};
    const core::JsonView root = result.claims.root();
    result.subject = std::string(root.get("sub").as_string().value_or(""));
    result.issued_at = root.get("iat").as_integer().value_or(0);
    result.expires_at = root.get("exp").as_integer().value_or(0);
    result.auth_time = authentication_time(root);
    return result;
}

} // namespace oauth::oidc
