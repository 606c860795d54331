// SPDX-License-Identifier: MIT
// See signed_token.hpp. The validations of each kind of token put these checks in an order, the signature
// first.
#include "signed_token.hpp"

#include "../core/bytes.hpp"

#include <algorithm>
#include <utility>

namespace oauth::oidc {

namespace {

constexpr std::size_t tenant_size = 36;
constexpr std::string_view tenant_placeholder = "{tenantid}";

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
    const core::JsonView claims = jws.claims();
    const auto issuer = claims.get("iss").as_string();
    return issuer && issuer_matches(*issuer, key.issuer, claims);
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

std::string found_and_expected(std::string_view found, std::string_view expected) {
    return "found \"" + core::for_log(found) + "\", expected \"" + core::for_log(expected) + "\"";
}

Complaint other_audience(std::string_view found, std::string_view client) {
    return "aud is not this client: " + found_and_expected(found, client) + " (client_id)";
}

// The keys that there are, for a log line.
std::string names_of(const jose::JwkSet& keys) {
    std::vector<std::string> ids;
    for (const jose::Jwk& key : keys.keys()) {
        ids.push_back(key.kid.empty() ? "(one without an id)" : key.kid);
    }
    std::string text = core::for_log(join(ids));
    if (keys.ignored() != 0) {
        text += ", as far as its first 100 go, and it has " + std::to_string(keys.ignored()) + " more";
    }
    return text;
}

// What is the matter with the key that a token names; empty: nothing that can be said of it.
std::string about_key(const jose::Jws& jws, const jose::JwkSet& keys) {
    if (jws.kid && keys.has_kid(*jws.kid)) {
        return keys.candidates(jws.alg, jws.kid).empty() ? "is not for " + core::for_log(jws.alg) : "";
    }
    const auto& unusable = keys.unusable();
    const auto found = std::find_if(unusable.begin(), unusable.end(),
                                    [&jws](const auto& key) { return jws.kid && key.kid == *jws.kid; });
    return found == unusable.end() ? "" : std::string(found->why);
}

// Of a signature that no key verifies. Which keys there are is public.
std::string about_keys(const jose::Jws& jws, const jose::JwkSet& keys) {
    if (!jose::is_asymmetric_algorithm(jws.alg)) {
        return ": its key is the client_secret, which must be the provider's";
    }
    const std::string wanted = jws.kid ? "key id \"" + core::for_log(*jws.kid) + "\"" : "no key id";
    const std::string fault = about_key(jws, keys);
    if (!fault.empty()) {
        return ": it has " + wanted + ", whose key at jwks_uri " + fault;
    }
    const bool is_unknown = jws.kid && !keys.has_kid(*jws.kid);
    return ": it has " + wanted + (is_unknown ? ", which is none of the provider's" : "") +
           ", and the keys at jwks_uri have " + names_of(keys) + ". Check issuer and jwks_uri";
}

// What mends a time that is not right.
std::string set_clocks(const TokenExpectation& expected) {
    return ". Set the clocks right, or raise oauth_clock_skew, which is " +
           std::to_string(expected.clock_skew) + " seconds";
}

} // namespace

Complaint check_signature(const jose::Jws& jws, const jose::JwkSet& keys, const TokenExpectation& expected) {
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
    return valid ? Complaint() : "no key of the provider verifies its signature" + about_keys(jws, keys);
}

// OpenID Connect Core 3.1.3.7 (2): iss is the issuer exactly
Complaint check_issuer(core::JsonView claims, const TokenExpectation& expected) {
    const auto issuer = claims.get("iss").as_string();
    if (!issuer) {
        return "iss is missing or not a string";
    }
    const auto& issuers = expected.issuers;
    const bool matches = std::any_of(issuers.begin(), issuers.end(), [&](const std::string& pattern) {
        return issuer_matches(*issuer, pattern, claims);
    });
    return matches ? Complaint()
                   : "iss is not the provider's issuer: " + found_and_expected(*issuer, join(issuers)) +
                         " (issuer)";
}

// OpenID Connect Core 3.1.3.7 (3): aud is this client; no other audience is trusted but those that the
// operator names
Complaint check_audience(core::JsonView claims, const TokenExpectation& expected) {
    const core::JsonView audience = claims.get("aud");
    const std::string& client = expected.client_id;
    if (audience.is_string()) {
        return audience.as_string() == client ? Complaint() : other_audience(*audience.as_string(), client);
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
        if (*value != client && !contains(expected.trusted_audiences, *value)) {
            return "aud is not this client alone: found \"" + core::for_log(*value) +
                   "\" (trusted_audiences)";
        }
        names_client = names_client || *value == client;
    }
    return names_client ? Complaint() : other_audience(*elements.front().as_string(), client);
}

// OpenID Connect Core 3.1.3.7 (9), RFC 7519 4.1.4: now is before exp
Complaint check_expiry(core::JsonView claims, const TokenExpectation& expected) {
    const auto expires_at = claims.get("exp").as_integer();
    if (!expires_at) {
        return "exp is missing or not a number";
    }
    if (expected.now < *expires_at + expected.clock_skew) {
        return {};
    }
    const auto issued_at = claims.get("iat").as_integer();
    std::string times = "exp was " + std::to_string(expected.now - *expires_at) + " seconds ago";
    if (issued_at) {
        times += ", and iat " + std::to_string(expected.now - *issued_at);
    }
    return "it has expired: by this machine's clock " + times + set_clocks(expected);
}

// OpenID Connect Core 2: iat is required, and not in the future
Complaint check_issued(core::JsonView claims, const TokenExpectation& expected) {
    const auto issued_at = claims.get("iat").as_integer();
    if (!issued_at) {
        return "iat is missing or not a number";
    }
    if (*issued_at > expected.now + expected.clock_skew) {
        return "iat is in the future: " + std::to_string(*issued_at - expected.now) +
               " seconds ahead of this machine's clock" + set_clocks(expected);
    }
    return {};
}

// OpenID Connect Core 3.1.3.7 (10): nor is it too long ago
Complaint check_issue_time(core::JsonView claims, const TokenExpectation& expected) {
    if (Complaint complaint = check_issued(claims, expected); !complaint.empty()) {
        return complaint;
    }
    const std::int64_t age = expected.now - claims.get("iat").as_integer().value_or(0);
    return age <= expected.max_age_of_iat ? Complaint()
                                          : "iat is too long ago: " + std::to_string(age) +
                                                " seconds by this machine's clock" + set_clocks(expected);
}

// RFC 7519 4.1.5: now is not before nbf
Complaint check_not_before(core::JsonView claims, const TokenExpectation& expected) {
    const core::JsonView claim = claims.get("nbf");
    if (!claim.exists()) {
        return {};
    }
    const auto not_before = claim.as_integer();
    if (!not_before) {
        return "nbf is not a number";
    }
    return *not_before <= expected.now + expected.clock_skew
               ? Complaint()
               : "nbf is in the future: " + std::to_string(*not_before - expected.now) +
                     " seconds ahead of this machine's clock" + set_clocks(expected);
}

// OpenID Connect Core 2: sub is required and has at most 255 characters
Complaint check_subject(core::JsonView claims) {
    const auto subject = claims.get("sub").as_string();
    if (!subject || subject->empty()) {
        return "sub is missing, empty or not a string";
    }
    if (subject->size() > max_subject_size || core::has_control_characters(*subject)) {
        return "sub is too long or has control characters";
    }
    return {};
}

core::JsonView logout_event(core::JsonView claims) {
    return claims.get("events").get("http://schemas.openid.net/event/backchannel-logout");
}

core::Error refused_token(Complaint complaint) {
    return {core::Code::token_invalid, std::move(complaint)};
}

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

} // namespace oauth::oidc
