// SPDX-License-Identifier: MIT
// See token_verdict.hpp.
#include "token_verdict.hpp"

#include "../core/crypto.hpp"
#include "../core/record.hpp"
#include "id_tokens.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace oauth::flow {

namespace {

using core::Code;

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

// As in a session, so that all that reads sessions reads it.
session::OpenedSessionPointer open_token(const Provider& provider, const oidc::AccessToken& token,
                                         session::Identity identity, const TokenQuestion& question) {
    const std::string& text = question.token;
    const std::string& base_url = question.base_url;
    const Site& site = question.site;
    const std::int64_t now = site.clock.now();
    auto opened = session::make_opened_session();
    core::RecordWriter record; // tokens that say the same are not one session
    record.text(question.mark);
    record.text(base_url);
    session::Session& session = opened->session;
    session.id = core::digest(core::Hash::sha256, std::move(record).finish()).substr(0, 16);
    session.identity = std::move(identity);
    session.provider_fingerprint = provider.fingerprint();
    const std::int64_t issued_at = token.issued_at == 0 ? now : token.issued_at;
    session.begun_at = std::min(issued_at, never / 1000) * 1000;
    session.made_at = issued_at;
    session.signed_in_at = token.auth_time;
    session.auth_time_is_told = token.auth_time != 0;
    session.checked_at = now;
    session.expires_at = token.expires_at;
    session.sid = token.sid;
    if (site.options.keep_tokens) {
        session.access_token = text;
        session.access_expires_at = token.expires_at;
    }
    opened->kind = session::SessionState::Kind::token;
    opened->store = &question.resource;
    opened->base_url = base_url;
    opened->cookie = text;
    opened->accepted = true;
    opened->ends_at = token.expires_at == 0 ? now + site.options.session_lifetime
                                            : token.expires_at + site.options.clock_skew;
    opened->check_at = never;
    opened->planned_at = now;
    return opened;
}

// Who the token says it is, by the type's own mapping: under the same rules as somebody who has signed in.
// Its claims are used up.
core::Result<session::Identity> identity_of(const Site& site, const Provider& provider,
                                            oidc::AccessToken& token) {
    const providers::Settings& settings = provider.settings();
    const providers::Needs& needs = site.options.requirements->needs;
    providers::UserData data;
    if (settings.type->reads_access_token) {
        data.access_token = core::Json::parse(token.claims.root().dump());
    }
    data.id_token = std::move(token.claims);
    auto identity = providers::map_identity(settings, data, needs);
    if (!identity) {
        return identity;
    }
    providers::complete_identity(settings, data, needs, identity.value());
    identity->scopes = token.scopes;
    return identity;
}

} // namespace

bool takes_provider(const ProtectedResource& resource, const Provider& provider) {
    const auto& names = resource.providers;
    return names.empty() || std::find(names.begin(), names.end(), provider.settings().name) != names.end();
}

oidc::AccessTokenExpectation expectation_of(const TokenQuestion& question, const Provider& provider,
                                            const oidc::Metadata& metadata) {
    oidc::AccessTokenExpectation expected;
    static_cast<oidc::TokenExpectation&>(expected) =
        token_expectation(question.site, provider.settings(), metadata);
    expected.algorithms = oidc::access_token_algorithms(provider.settings().signing_algorithms);
    expected.audiences = accepted_audiences(question.resource, question.base_url);
    expected.type = question.resource.type;
    return expected;
}

core::Error refused_access_token(const Provider* provider, std::string_view why) {
    std::string detail = "access token";
    if (provider != nullptr) {
        detail.append(" of ").append(provider->settings().name);
    }
    return {Code::token_invalid, detail.append(": ").append(why)};
}

TokenVerdict accept_token(const TokenQuestion& question, const Provider& provider, oidc::AccessToken token,
                          std::int64_t remembered_until) {
    Site& site = question.site;
    auto identity = identity_of(site, provider, token);
    if (!identity) {
        return {nullptr, refused_access_token(&provider, identity.error().detail)};
    }
    auto opened = open_token(provider, token, std::move(identity.value()), question);
    opened->due_at = std::min(opened->ends_at, remembered_until);
    if (!goes_on(site, *opened)) {
        return {nullptr, refused_access_token(&provider, "its user, or its session, has been signed out")};
    }
    if (site.tokens != nullptr) {
        site.tokens->known.insert(opened);
    }
    return {std::move(opened), {}};
}

} // namespace oauth::flow
