// SPDX-License-Identifier: MIT
// See id_tokens.hpp.
#include "id_tokens.hpp"

#include "../oidc/userinfo.hpp"

#include <algorithm>

namespace oauth::flow {

namespace {

using core::Code;
using core::Error;

std::vector<std::string> accepted_issuers(const providers::Settings& settings,
                                          const oidc::Metadata& metadata) {
    std::vector<std::string> issuers = {metadata.issuer};
    issuers.insert(issuers.end(), settings.issuers.begin(), settings.issuers.end());
    return issuers;
}

// The metadata for checking the token: the inquiry's, or that of the token's own issuer if none is
// configured.
core::Task<core::Result<Provider::MetadataPointer>> metadata_for(Inquiry inquiry, const jose::Jws& jws) {
    if (!inquiry.metadata->issuer.empty()) {
        co_return inquiry.metadata;
    }
    std::string issuer = claimed_issuer(jws);
    co_return co_await inquiry.provider.metadata_of(inquiry.site.http, std::move(issuer));
}

oidc::IdTokenExpectation expectation(const Inquiry& inquiry, const oidc::Metadata& metadata,
                                     const IdTokenFacts& facts) {
    const providers::Settings& settings = inquiry.settings();
    oidc::IdTokenExpectation expected;
    static_cast<oidc::TokenExpectation&>(expected) = token_expectation(inquiry.site, settings, metadata);
    expected.nonce = inquiry.nonce;
    expected.state = inquiry.state;
    if (inquiry.occasion == Inquiry::Occasion::sign_in) {
        expected.max_age = inquiry.max_age;
    } else {
        expected.nonce_rule = oidc::IdTokenExpectation::NonceRule::if_present;
    }
    expected.access_token = facts.access_token;
    expected.code = facts.code;
    expected.code_hash = facts.code_hash;
    return expected;
}

// OpenID Connect Discovery 1.0 3: userinfo answers may have a list of algorithms of their own.
oidc::TokenExpectation userinfo_expectation(const Inquiry& inquiry, const oidc::Metadata& metadata,
                                            const std::string& id_token_issuer) {
    const providers::Settings& settings = inquiry.settings();
    oidc::TokenExpectation expected = token_expectation(inquiry.site, settings, metadata);
    if (!id_token_issuer.empty()) {
        expected.issuers = {id_token_issuer};
    }
    const auto& supported = metadata.userinfo_signing_alg_values_supported;
    if (!supported.empty()) {
        expected.algorithms = oidc::allowed_algorithms(settings.signing_algorithms, supported);
    }
    return expected;
}

core::Task<core::Result<Provider::KeysPointer>> keys_for(Inquiry inquiry, const oidc::Metadata& metadata,
                                                         const jose::Jws& jws) {
    if (metadata.jwks_uri.empty()) {
        co_return Error{Code::provider_error, "the metadata has no jwks_uri"};
    }
    co_return co_await inquiry.provider.keys(inquiry.site.http, metadata.jwks_uri, jws);
}

// Who can have signed a token.
struct Signer {
    Provider::MetadataPointer metadata;
    Provider::KeysPointer keys;
};

core::Task<core::Result<Signer>> signer_of(Inquiry inquiry, const jose::Jws& jws) {
    auto metadata = co_await metadata_for(inquiry, jws);
    if (!metadata) {
        co_return metadata.error();
    }
    const Provider::MetadataPointer issuer = metadata.value();
    auto keys = co_await keys_for(inquiry, *issuer, jws);
    if (!keys) {
        co_return keys.error();
    }
    co_return Signer{issuer, keys.value()};
}

bool is_of_inquiry(const Inquiry& inquiry, core::JsonView claims, const std::string& subject) {
    const auto expires_at = claims.get("exp").as_integer();
    return claims.get("sub").as_string() == subject &&
           claims.get("azp").as_string() == inquiry.settings().client_id && expires_at &&
           inquiry.site.clock.now() < *expires_at + inquiry.site.options.clock_skew;
}

} // namespace

oidc::TokenExpectation token_expectation(const Site& site, const providers::Settings& settings,
                                         const oidc::Metadata& metadata) {
    oidc::TokenExpectation expected;
    expected.issuers = accepted_issuers(settings, metadata);
    expected.client_id = settings.client_id;
    expected.trusted_audiences = settings.trusted_audiences;
    expected.algorithms =
        oidc::allowed_algorithms(settings.signing_algorithms, metadata.id_token_signing_alg_values_supported);
    expected.client_secret = settings.client_secret;
    expected.now = site.clock.now();
    expected.clock_skew = site.options.clock_skew;
    return expected;
}

std::string claimed_issuer(const jose::Jws& jws) {
    return std::string(jws.claims().get("iss").as_string().value_or(""));
}

core::Task<core::Result<oidc::IdToken>> verify_id_token(Inquiry inquiry, IdTokenFacts facts) {
    auto jws = jose::parse_compact(facts.id_token);
    if (!jws) {
        co_return Error{jws.error().code, "ID token: " + jws.error().detail};
    }
    auto signer = co_await signer_of(inquiry, jws.value());
    if (!signer) {
        co_return signer.error();
    }
    auto id_token =
        oidc::validate_id_token(jws.value(), *signer->keys, expectation(inquiry, *signer->metadata, facts));
    if (!id_token) {
        co_return Error{id_token.error().code, "ID token: " + id_token.error().detail};
    }
    co_return std::move(id_token);
}

core::Task<core::Result<core::Json>> verify_userinfo(Inquiry inquiry, SignedUserinfo userinfo) {
    auto jws = jose::parse_compact(userinfo.answer);
    if (!jws) {
        co_return jws.error();
    }
    auto signer = co_await signer_of(inquiry, jws.value());
    if (!signer) {
        co_return signer.error();
    }
    co_return oidc::validate_signed_userinfo(
        jws.value(), *signer->keys, userinfo_expectation(inquiry, *signer->metadata, userinfo.issuer),
        userinfo.subject);
}

core::Task<core::Result<std::optional<core::Json>>>
verify_access_token(Inquiry inquiry, std::string access_token, std::string subject) {
    auto jws = jose::parse_compact(access_token);
    if (!jws || !jose::is_asymmetric_algorithm(jws->alg) ||
        claimed_issuer(jws.value()) != inquiry.metadata->issuer) {
        co_return std::optional<core::Json>();
    }
    auto keys = co_await keys_for(inquiry, *inquiry.metadata, jws.value());
    if (!keys) {
        co_return keys.error();
    }
    const auto candidates = keys.value()->candidates(jws->alg, jws->kid);
    const bool signed_by_issuer =
        std::any_of(candidates.begin(), candidates.end(),
                    [&](const jose::Jwk* key) { return jose::verify(jws.value(), *key); });
    auto claims = signed_by_issuer ? jws->take_claims() : std::nullopt;
    if (!claims || !is_of_inquiry(inquiry, claims->root(), subject)) {
        co_return std::optional<core::Json>();
    }
    co_return std::move(claims);
}

} // namespace oauth::flow
