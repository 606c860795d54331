// SPDX-License-Identifier: MIT
// See bearer.hpp. Strangers can send what they like: a token is asked about only where its issuer, or its
// form, says that a provider of the location could know it, one turn for each, and keys are fetched again
// from an allowance of their own.
#include "bearer.hpp"

#include "../core/bytes.hpp"
#include "../core/url.hpp"
#include "id_tokens.hpp"
#include "introspection.hpp"
#include "turns.hpp"

#include <algorithm>
#include <utility>

namespace oauth::flow {

namespace {

using core::Code;
using core::Error;

// Seconds. So soon a key that its provider has withdrawn is noticed.
constexpr std::int64_t verified_for = 3600;

// RFC 6750 2.1, RFC 9110 11.2: token68
bool is_token(std::string_view text) {
    const std::size_t end = text.find_last_not_of('=');
    return end != std::string_view::npos &&
           std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end) + 1, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '.' || c == '_' || c == '~' || c == '+' || c == '/';
           });
}

bool has_token_in_query(std::string_view query) {
    if (query.find("token") == std::string_view::npos && query.find('%') == std::string_view::npos) {
        return false;
    }
    const auto parts = core::split(query, '&'); // one that cannot be read hides no other
    return std::any_of(parts.begin(), parts.end(), [](std::string_view part) {
        return core::form_decode(part.substr(0, part.find('='))) == "access_token";
    });
}

// Before its metadata are known, which strangers are not to have fetched for nothing.
bool may_be_of(const Provider& provider, std::string_view issuer) {
    const providers::Settings& settings = provider.settings();
    const auto is_open = [](const std::string& each) { return each.find('{') != std::string::npos; };
    return settings.is_openid() &&
           (settings.issuer == issuer || is_open(settings.issuer) ||
            settings.type->issuer_rule != providers::IssuerRule::exact ||
            std::find(settings.issuers.begin(), settings.issuers.end(), issuer) != settings.issuers.end());
}

core::Task<core::Result<Provider::MetadataPointer>> metadata_for(const TokenQuestion& question,
                                                                 Provider& provider, std::string issuer) {
    auto metadata = co_await provider.metadata(question.site.http);
    if (!metadata || !(*metadata.value()).issuer.empty()) {
        co_return std::move(metadata);
    }
    co_return co_await provider.metadata_of(question.site.http, std::move(issuer), Provider::Asker::stranger);
}

// nullopt: it is not of this provider.
core::Task<core::Result<std::optional<TokenVerdict>>> verify_at(TokenQuestion question, Provider& provider,
                                                                const jose::Jws& jws, std::string issuer) {
    Site& site = question.site;
    const auto turn = Turn::take(site.turns, provider.settings().name + " tokens", question.client);
    if (!turn) {
        co_return turn.error();
    }
    std::string asked = issuer;
    auto found = co_await metadata_for(question, provider, std::move(asked));
    if (!found) {
        co_return found.error();
    }
    const Provider::MetadataPointer metadata = found.value();
    if (!provider.may_be_issuer(*metadata, issuer)) {
        co_return std::optional<TokenVerdict>();
    }
    const oidc::AccessTokenExpectation expected = expectation_of(question, provider, *metadata);
    jose::JwkSet none;
    const auto& allowed = expected.algorithms;
    if (std::find(allowed.begin(), allowed.end(), jws.alg) == allowed.end()) { // no key of the set is asked
        const auto told = oidc::validate_access_token(jws, none, expected);
        co_return std::optional(TokenVerdict{nullptr, refused_access_token(&provider, told.error().detail)});
    }
    if (metadata->jwks_uri.empty()) {
        co_return Error{Code::provider_error, "the metadata has no jwks_uri"};
    }
    auto keys = co_await provider.keys(site.http, metadata->jwks_uri, jws, Provider::Asker::stranger);
    if (!keys) {
        co_return keys.error();
    }
    auto token = oidc::validate_access_token(jws, *keys.value(), expected);
    if (!token) {
        co_return std::optional(TokenVerdict{nullptr, refused_access_token(&provider, token.error().detail)});
    }
    co_return std::optional(
        accept_token(question, provider, std::move(token.value()), site.clock.now() + verified_for));
}

} // namespace

Credentials read_credentials(std::string_view authorization, std::string_view query) {
    constexpr std::string_view scheme = "bearer";
    Credentials credentials;
    // RFC 9110 5.5: no part of the value, but nginx leaves it there in HTTP/2 and HTTP/3
    authorization.remove_prefix(std::min(authorization.find_first_not_of(" \t"), authorization.size()));
    const bool is_bearer = core::equal_ignoring_case(authorization.substr(0, scheme.size()), scheme) &&
                           (authorization.size() == scheme.size() || authorization[scheme.size()] == ' ' ||
                            authorization[scheme.size()] == '\t' || authorization[scheme.size()] == ',');
    if (!is_bearer) {
        return credentials;
    }
    const std::string_view token = authorization.substr(std::min(scheme.size() + 1, authorization.size()));
    const bool has_space = authorization.size() > scheme.size() && authorization[scheme.size()] == ' ';
    if (!has_space || token.empty() || token.size() > max_bearer_token) {
        credentials.kind = Credentials::Kind::malformed;
    } else if (has_token_in_query(query)) {
        credentials.kind = Credentials::Kind::twice;
    } else {
        credentials.kind = Credentials::Kind::token;
        credentials.token = token;
    }
    return credentials;
}

session::OpenedSessionPointer find_token(const Site& site, const ProtectedResource& resource,
                                         std::string_view token, std::string_view base_url) {
    const auto* known =
        site.tokens == nullptr ? nullptr : site.tokens->known.find(token, &resource, base_url);
    if (known == nullptr || site.clock.now() >= (*known)->due_at || site.clock.now() < (*known)->planned_at ||
        !goes_on(site, **known)) {
        return nullptr;
    }
    return *known;
}

bool goes_on(const Site& site, session::OpenedSession& opened) {
    if (site.clock.now() >= opened.ends_at) {
        return false;
    }
    const std::uint64_t generation = site.ledger.generation();
    if (opened.revocations_seen == generation) {
        return true;
    }
    if (site.ledger.may_be_revoked(opened.session.id) &&
        site.ledger.is_revoked(session::marks_of(opened.session))) {
        return false;
    }
    opened.revocations_seen = generation;
    return true;
}

core::Task<core::Result<TokenVerdict>> verify_token(Site& site, const ProtectedResource& resource,
                                                    std::string token, std::string base_url,
                                                    std::string client) {
    if (!is_token(token)) {
        co_return TokenVerdict{nullptr, refused_access_token(nullptr, "it has characters that no token has")};
    }
    TokenQuestion question{site, resource, token, base_url, client, token};
    const auto jws = jose::parse_compact(token);
    if (!jws && std::count(token.begin(), token.end(), '.') == 2) { // no server would know it either
        const bool is_jwt = token.starts_with("eyJ");
        if (is_jwt) {
            co_return TokenVerdict{nullptr, refused_access_token(nullptr, jws.error().detail)};
        }
    }
    if (!jws) {
        co_return co_await introspect(question);
    }
    question.mark = jws->signature;
    const std::string issuer = claimed_issuer(jws.value());
    std::optional<Error> failure;
    for (Provider* provider : site.providers) {
        if (!takes_provider(resource, *provider) || !may_be_of(*provider, issuer)) {
            continue;
        }
        std::string asked = issuer;
        auto verdict = co_await verify_at(question, *provider, jws.value(), std::move(asked));
        if (verdict && verdict.value()) {
            co_return std::move(*verdict.value());
        }
        failure = verdict || failure ? failure : verdict.error();
    }
    if (failure) {
        co_return *failure;
    }
    co_return TokenVerdict{
        nullptr,
        refused_access_token(nullptr, "its iss is the issuer of no provider of the location: found \"" +
                                          core::for_log(issuer) + "\"")};
}

} // namespace oauth::flow