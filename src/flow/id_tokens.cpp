// SPDX-License-Identifier: MIT
// See id_tokens.hpp.
#include "id_tokens.hpp"

#include "../core/bytes.hpp"

#include <algorithm>

namespace oauth::flow {

namespace {

using core::Code;
using core::Error;

// The max_age that the operator sends to the provider (authorize_param). It is enforced here, too.
std::optional<std::int64_t> requested_max_age(const providers::Settings& settings) {
    for (const auto& [name, value] : settings.authorize_parameters) {
        if (name == "max_age") {
            constexpr std::uint64_t year = 366 * 24 * 3600;
            return static_cast<std::int64_t>(core::parse_decimal(value, year).value_or(0));
        }
    }
    return std::nullopt;
}

std::vector<std::string> accepted_issuers(const providers::Settings& settings,
                                          const oidc::Metadata& metadata) {
    std::vector<std::string> issuers = {metadata.issuer};
    issuers.insert(issuers.end(), settings.issuers.begin(), settings.issuers.end());
    return issuers;
}

std::string claimed_issuer(const jose::Jws& jws) {
    const auto claims = core::Json::parse(jws.payload);
    const auto issuer = claims ? claims->root().get("iss").as_string() : std::nullopt;
    return std::string(issuer.value_or(""));
}

// The metadata for checking the token: the sign-in's, or that of the token's own issuer if none is
// configured.
core::Task<core::Result<Provider::MetadataPointer>> metadata_for(Attempt attempt, const jose::Jws& jws) {
    if (!attempt.metadata->issuer.empty()) {
        co_return attempt.metadata;
    }
    std::string issuer = claimed_issuer(jws);
    co_return co_await attempt.provider.metadata_of(attempt.site.http, std::move(issuer));
}

oidc::IdTokenExpectation expectation(const Attempt& attempt, const oidc::Metadata& metadata,
                                     const IdTokenFacts& facts) {
    const providers::Settings& settings = attempt.settings();
    oidc::IdTokenExpectation expected;
    expected.issuers = accepted_issuers(settings, metadata);
    expected.client_id = settings.client_id;
    expected.trusted_audiences = settings.trusted_audiences;
    expected.algorithms =
        oidc::allowed_algorithms(settings.signing_algorithms, metadata.id_token_signing_alg_values_supported);
    expected.client_secret = settings.client_secret;
    expected.nonce = settings.nonce ? attempt.sign_in.nonce() : "";
    expected.now = attempt.site.clock.now();
    expected.clock_skew = attempt.site.options.clock_skew;
    expected.max_age = requested_max_age(settings);
    expected.access_token = facts.access_token;
    expected.code = facts.code;
    expected.code_hash = facts.code_hash;
    return expected;
}

core::Task<core::Result<Provider::KeysPointer>> keys_for(Attempt attempt, const oidc::Metadata& metadata,
                                                         const jose::Jws& jws) {
    if (metadata.jwks_uri.empty()) {
        co_return Error{Code::provider_error, "the metadata has no jwks_uri"};
    }
    co_return co_await attempt.provider.keys(attempt.site.http, metadata.jwks_uri, jws);
}

bool is_of_attempt(const Attempt& attempt, core::JsonView claims, const std::string& subject) {
    const auto expires_at = claims.get("exp").as_integer();
    return claims.get("sub").as_string() == subject &&
           claims.get("azp").as_string() == attempt.settings().client_id && expires_at &&
           attempt.site.clock.now() < *expires_at + attempt.site.options.clock_skew;
}

} // namespace

core::Task<core::Result<oidc::IdToken>> verify_id_token(Attempt attempt, IdTokenFacts facts) {
    auto jws = jose::parse_compact(facts.id_token);
    if (!jws) {
        co_return Error{jws.error().code, "ID token: " + jws.error().detail};
    }
    auto metadata = co_await metadata_for(attempt, jws.value());
    if (!metadata) {
        co_return metadata.error();
    }
    const Provider::MetadataPointer issuer = metadata.value();
    auto keys = co_await keys_for(attempt, *issuer, jws.value());
    if (!keys) {
        co_return keys.error();
    }
    auto id_token = oidc::validate_id_token(jws.value(), *keys.value(), expectation(attempt, *issuer, facts));
    if (!id_token) {
        co_return Error{id_token.error().code, "ID token: " + id_token.error().detail};
    }
    co_return std::move(id_token);
}

core::Task<core::Result<std::optional<core::Json>>>
verify_access_token(Attempt attempt, std::string access_token, std::string subject) {
    auto jws = jose::parse_compact(access_token);
    if (!jws || !jose::is_asymmetric_algorithm(jws->alg) ||
        claimed_issuer(jws.value()) != attempt.metadata->issuer) {
        co_return std::optional<core::Json>();
    }
    auto keys = co_await keys_for(attempt, *attempt.metadata, jws.value());
    if (!keys) {
        co_return keys.error();
    }
    const auto candidates = keys.value()->candidates(jws->alg, jws->kid);
    const bool signed_by_issuer =
        std::any_of(candidates.begin(), candidates.end(),
                    [&](const jose::Jwk* key) { return jose::verify(jws.value(), *key); });
    auto claims = signed_by_issuer ? core::Json::parse(jws->payload) : std::nullopt;
    if (!claims || !is_of_attempt(attempt, claims->root(), subject)) {
        co_return std::optional<core::Json>();
    }
    co_return std::move(claims);
}

} // namespace oauth::flow
