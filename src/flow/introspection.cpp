// SPDX-License-Identifier: MIT
// See introspection.hpp. One turn for each, and who was refused is asked about again after moments only:
// anybody can send such tokens.
#include "introspection.hpp"

#include "../net/told.hpp"
#include "../oidc/remedies.hpp"
#include "inquiry.hpp"
#include "turns.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace oauth::flow {

namespace {

using core::Code;
using core::Error;

constexpr std::int64_t introspected_for = 60; // seconds
constexpr std::int64_t refused_for = 10;

Error where(const Provider& provider, const Error& error) {
    return {error.code, provider.settings().name + ": introspection endpoint: " + error.detail};
}

// nullopt: the provider does not know it, or has no such endpoint.
core::Task<core::Result<std::optional<TokenVerdict>>> introspect_at(TokenQuestion question,
                                                                    Provider& provider) {
    Site& site = question.site;
    const auto turn = Turn::take(site.turns, provider.settings().name + " tokens", question.client);
    if (!turn) {
        co_return turn.error();
    }
    auto metadata = co_await provider.metadata(site.http);
    if (!metadata) {
        co_return metadata.error();
    }
    const Provider::MetadataPointer endpoints = metadata.value();
    if (endpoints->introspection_endpoint.empty()) {
        co_return std::optional<TokenVerdict>();
    }
    auto credentials = token_credentials(provider, *endpoints);
    if (!credentials) {
        co_return credentials.error();
    }
    net::HttpRequest request = oidc::build_introspection_request(
        {endpoints->introspection_endpoint, question.token, credentials.value()});
    figures::Asking asking = provider.asking(figures::Endpoint::introspection);
    net::HttpResult response = co_await net::fetch(site.http, std::move(request));
    if (!response) {
        co_return asking.ended(where(provider, response.error()));
    }
    oidc::AccessTokenExpectation expected = expectation_of(question, provider, *endpoints);
    if (!question.resource.is_mcp) {
        expected.missing_audience = oidc::AccessTokenExpectation::MissingAudience::accepted;
    }
    auto token = oidc::process_introspection_response(response.value(), expected);
    if (!token && token.error().code == Code::token_invalid) {
        static_cast<void>(asking.ended(core::Status(core::Done{})));
        co_return std::optional(TokenVerdict{nullptr, refused_access_token(&provider, token.error().detail)});
    }
    if (!token) {
        const Error told = net::told(
            oidc::with_answer(token.error(), response.value(), {question.token}, &credentials.value()),
            endpoints->introspection_endpoint,
            "check introspection_endpoint, and that the client may introspect");
        co_return asking.ended(where(provider, told));
    }
    static_cast<void>(asking.ended(core::Status(core::Done{})));
    if (!token.value()) {
        co_return std::optional<TokenVerdict>();
    }
    const std::int64_t in_a_minute = site.clock.now() + introspected_for;
    const std::int64_t expires_at = (*token.value()).expires_at;
    co_return std::optional(accept_token(question, provider, std::move(*token.value()),
                                         expires_at == 0 ? in_a_minute : std::min(expires_at, in_a_minute)));
}

bool was_refused(const TokenQuestion& question) {
    const Site& site = question.site;
    const auto* known = site.tokens == nullptr ? nullptr
                                               : site.tokens->refused.find(question.token, &question.resource,
                                                                           question.base_url);
    const std::int64_t now = site.clock.now();
    return known != nullptr && now < (*known)->due_at && now >= (*known)->planned_at;
}

void remember_refusal(const TokenQuestion& question) {
    if (question.site.tokens == nullptr) {
        return;
    }
    auto refusal = session::make_opened_session();
    refusal->store = &question.resource;
    refusal->base_url = question.base_url;
    refusal->cookie = question.token;
    refusal->planned_at = question.site.clock.now();
    refusal->due_at = refusal->planned_at + refused_for;
    question.site.tokens->refused.insert(std::move(refusal));
}

} // namespace

core::Task<core::Result<TokenVerdict>> introspect(TokenQuestion question) {
    if (was_refused(question)) {
        co_return TokenVerdict{nullptr, refused_access_token(nullptr, "no provider knew it a moment ago")};
    }
    std::optional<Error> failure;
    bool was_asked = false;
    for (Provider* provider : question.site.providers) {
        if (!takes_provider(question.resource, *provider)) {
            continue;
        }
        const Provider::MetadataPointer known = provider->known_metadata();
        if (known && known->introspection_endpoint.empty()) {
            continue;
        }
        was_asked = true;
        auto verdict = co_await introspect_at(question, *provider);
        if (!verdict) {
            failure = failure ? failure : verdict.error();
        } else if (verdict.value()) {
            if (!(*verdict.value()).session) {
                remember_refusal(question);
            }
            co_return std::move(*verdict.value());
        }
    }
    if (failure) {
        co_return *failure;
    }
    if (!was_asked) {
        co_return TokenVerdict{
            nullptr,
            refused_access_token(nullptr, "it is no JWT that could be verified here, and no provider of the "
                                          "location has an introspection endpoint (introspection_endpoint)")};
    }
    remember_refusal(question);
    co_return TokenVerdict{nullptr, refused_access_token(nullptr, "no provider of the location knows it")};
}

} // namespace oauth::flow
