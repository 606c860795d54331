// SPDX-License-Identifier: MIT
// See asking.hpp. A token that is not right, or of somebody else, ends the session as a refusal does; what is
// wrong with the way to the provider does not.
#include "asking.hpp"

#include "../oidc/refresh.hpp"
#include "../oidc/remedies.hpp"
#include "inquiry.hpp"
#include "proved_request.hpp"
#include "renewed_session.hpp"

#include <algorithm>
#include <utility>

namespace oauth::flow {

namespace {

using core::Code;
using core::Error;

Said ended(std::string why) {
    return {Said::Outcome::ended, std::nullopt, std::move(why), ""};
}

Said away(const Error& error) {
    return {Said::Outcome::away, std::nullopt, error.detail, error.detail};
}

// What is wrong with the tokens or the account, and not with the way to the provider.
bool is_an_end(const Error& error) {
    return error.code == Code::access_denied || error.code == Code::policy_denied ||
           error.code == Code::token_invalid;
}

// Some write commas, and some leave openid out of what they say they granted: without it in the request
// there would be no ID token, so nothing is sent then, which means all of it.
std::string granted_scope(std::string granted) {
    std::replace(granted.begin(), granted.end(), ',', ' ');
    return (" " + granted + " ").find(" openid ") == std::string::npos ? "" : granted;
}

std::string refresh_scope(const Site& site, const providers::Settings& settings,
                          const oidc::Metadata& metadata, const session::Session& session) {
    if (!settings.is_openid()) {
        return "";
    }
    if (session.scope) { // RFC 6749 6: not more than was granted
        return granted_scope(*session.scope);
    }
    std::string joined;
    for (const std::string& scope : sign_in_scopes(site.options, settings, metadata.scopes_supported)) {
        joined.append(joined.empty() ? "" : " ").append(scope);
    }
    return joined;
}

struct Refreshed {
    std::optional<oidc::TokenSet> tokens;
    Said otherwise;
};

// What a provider writes beside its error code may be another text each time, and is one fault all the same.
Said not_refreshed(const oidc::RefreshRequest& asked, const Error& error, const net::HttpResponse& response) {
    const oidc::TokenQuestion question{asked.token_endpoint, asked.credentials, "", {asked.refresh_token}};
    const Error told = at("token endpoint", oidc::explain_refusal(error, response, question));
    if (oidc::refusal_of(response) == oidc::Refusal::ended) {
        return ended(told.detail);
    }
    return {Said::Outcome::away, std::nullopt, told.detail, error.detail};
}

core::Task<Refreshed> redeem(Site& site, Provider& provider, const oidc::Metadata& metadata,
                             const session::Session& session, bool& is_redeemed) {
    const providers::Settings& settings = provider.settings();
    auto credentials = token_credentials(provider, metadata);
    if (!credentials) {
        co_return Refreshed{std::nullopt, away(credentials.error())};
    }
    const oidc::RefreshRequest asked{metadata.token_endpoint, session.refresh_token,
                                     refresh_scope(site, settings, metadata, session),
                                     std::move(credentials.value())};
    const std::string no_token;
    MakeRequest make = [&asked] { return oidc::build_refresh_request(asked); };
    figures::Asking asking = provider.asking(figures::Endpoint::token);
    net::HttpResult response = co_await ask_proved(site, provider, std::move(make), no_token);
    if (!response) {
        co_return Refreshed{std::nullopt, away(asking.ended(at("token endpoint", response.error())))};
    }
    is_redeemed = response->status / 100 == 2;
    auto tokens = asking.ended(oidc::process_token_response(
        response.value(), oidc::IdTokenRule::optional, settings.type->token_format,
        oidc::AccessTokenRule::required, settings.dpop ? oidc::TokenType::dpop : oidc::TokenType::bearer));
    if (tokens) {
        co_return Refreshed{std::move(tokens.value()), {}};
    }
    is_redeemed = false;
    co_return Refreshed{std::nullopt, not_refreshed(asked, tokens.error(), response.value())};
}

} // namespace

core::Task<Said> ask(Site& site, Provider& provider, const session::Session& session, Attempt& attempt) {
    const providers::Settings& settings = provider.settings();
    auto metadata = co_await provider.metadata(site.http);
    if (!metadata) {
        co_return away(metadata.error());
    }
    const Provider::MetadataPointer& endpoints = metadata.value();
    Inquiry inquiry{
        site,          provider,
        endpoints,     settings.userinfo == providers::UserinfoUse::off ? "" : endpoints->userinfo_endpoint,
        session.nonce, Inquiry::Occasion::check};
    Tokens tokens;
    tokens.subject = settings.is_openid() && !settings.type->makes_subject ? session.identity.subject : "";
    const bool has_refresh_token = !session.refresh_token.empty();
    if (has_refresh_token) {
        auto refreshed = co_await redeem(site, provider, *endpoints, session, attempt.is_redeemed);
        if (!refreshed.tokens) {
            co_return std::move(refreshed.otherwise);
        }
        tokens.set = std::move(*refreshed.tokens);
    } else if (!session.access_token.empty() && !inquiry.userinfo_endpoint.empty()) {
        tokens.set.access_token = session.access_token;
        tokens.set.token_type = "bearer";
    } else {
        co_return ended("the provider gave neither a refresh token nor an access token to ask with");
    }
    SignedIn given; // in case that no more can be learnt
    given.access_token = tokens.set.access_token;
    given.refresh_token = tokens.set.refresh_token;
    given.expires_in = tokens.set.expires_in;
    given.scope = tokens.set.scope;
    auto signed_in = co_await inquire(inquiry, std::move(tokens));
    if (!signed_in && is_an_end(signed_in.error())) {
        co_return ended(signed_in.error().detail);
    }
    if (!signed_in) {
        Said asked = away(signed_in.error());
        if (has_refresh_token) {
            asked.next = with_tokens(site, session, given, session::pause_after(attempt.failures));
        }
        co_return asked;
    }
    auto next = renewed(site, settings, session, std::move(signed_in.value()));
    if (!next) {
        co_return ended("the provider speaks of another user");
    }
    if (!has_refresh_token) { // the same token as before, with the end it had
        next->access_expires_at = session.access_expires_at;
    }
    co_return Said{Said::Outcome::known, std::move(next), "", ""};
}
} // namespace oauth::flow
