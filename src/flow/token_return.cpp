// SPDX-License-Identifier: MIT
// See token_return.hpp.
#include "token_return.hpp"

#include "../oidc/remedies.hpp"
#include "../oidc/revocation.hpp"

namespace oauth::flow {

namespace {

using core::Code;
using core::Error;
using oidc::TokenKind;
using providers::Revocation;

// One request to the provider; nullopt: it has no way to take this token back.
std::optional<net::HttpRequest> revocation_request(const Provider& provider, const oidc::Metadata& metadata,
                                                   TokenKind kind, const std::string& token) {
    const providers::Settings& settings = provider.settings();
    if (settings.type->revocation_request != nullptr) {
        return settings.type->revocation_request(settings, kind, token);
    }
    const bool is_taken =
        settings.type->revocation == Revocation::by_metadata ||
        (settings.type->revocation == Revocation::refresh_tokens && kind == TokenKind::refresh);
    const auto credentials = provider.credentials(metadata);
    if (!is_taken || metadata.revocation_endpoint.empty() || !credentials) {
        return std::nullopt;
    }
    return oidc::build_revocation_request({metadata.revocation_endpoint, token, kind, *credentials});
}

core::Task<core::Status> give_back(Site& site, Provider& provider, TokenKind kind, std::string token) {
    auto metadata = co_await provider.metadata(site.http);
    if (!metadata) {
        co_return metadata.error();
    }
    auto request = revocation_request(provider, *metadata.value(), kind, token);
    if (!request) {
        co_return core::Done{};
    }
    figures::Asking asking = provider.asking(figures::Endpoint::revocation);
    net::HttpResult response = co_await net::fetch(site.http, std::move(*request));
    if (!response) {
        co_return asking.ended(response.error());
    }
    core::Status done = asking.ended(oidc::process_revocation_response(response.value()));
    if (!done) {
        const auto credentials = provider.credentials(*metadata.value());
        co_return oidc::without_secrets(done.error(), {token}, credentials ? &*credentials : nullptr);
    }
    co_return core::Done{};
}

core::Task<core::Done> give_back_both(Site& site, Provider& provider, std::string refresh_token,
                                      std::string access_token) {
    std::string trouble;
    const std::pair<TokenKind, std::string> tokens[] = {{TokenKind::refresh, std::move(refresh_token)},
                                                        {TokenKind::access, std::move(access_token)}};
    for (const auto& [kind, token] : tokens) {
        if (token.empty()) {
            continue;
        }
        const core::Status done = co_await give_back(site, provider, kind, token);
        if (!done && trouble.empty()) {
            trouble = done.error().detail;
        }
    }
    if (!trouble.empty()) {
        provider.report_fault("tokens of a session that has ended could not be revoked: " + trouble);
    }
    co_return core::Done{};
}

} // namespace

void give_back_tokens(Site& site, const session::Session& session) {
    Provider* provider = site.find_provider(session.identity.provider);
    const bool has_any = !session.refresh_token.empty() || !session.access_token.empty();
    // Not to another provider that has got its name since.
    const bool is_its_own = provider != nullptr && provider->fingerprint() == session.provider_fingerprint;
    if (!is_its_own || !has_any || provider->settings().type->revocation == Revocation::none) {
        return;
    }
    if (!site.background.start(
            give_back_both(site, *provider, session.refresh_token, session.access_token))) {
        provider->report_fault(
            "tokens of a session that has ended were not revoked: too much is under way already");
    }
}

} // namespace oauth::flow
