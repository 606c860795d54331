// SPDX-License-Identifier: MIT
// Auth0: the issuer ends with a slash; an audience must name the tenant's own domain even with a custom
// domain; older tenants do not publish their end-session endpoint.
#include "facts.hpp"
#include "types.hpp"

#include "../src/core/url.hpp"

namespace oauth::providers {

namespace {

std::string complete_auth0(Settings& settings) {
    if (settings.issuer.empty() && settings.domain.empty()) {
        return "\"domain\" is missing";
    }
    if (settings.issuer.empty()) {
        settings.issuer = core::base_of(settings.domain) + "/";
    }
    if (settings.end_session_endpoint.empty()) {
        settings.end_session_endpoint = core::parse_url(settings.issuer)->origin() + "/oidc/logout";
    }
    if (!settings.original_domain.empty()) {
        const std::string original = core::base_of(settings.original_domain);
        if (original.empty()) {
            return "\"original_domain\": accepted: a domain such as tenant.eu.auth0.com";
        }
        settings.authorize_parameters.emplace_back("audience", original + "/userinfo");
    }
    return "";
}

// An organisation is known by its id and by its name.
core::Status map_auth0(const Settings&, const UserData& data, const Needs& needs,
                       session::Identity& identity) {
    if (!needs.has("org")) {
        return core::Done{};
    }
    session::Strings orgs;
    for (const std::string_view claim : {"org_id", "org_name"}) {
        if (auto org = text_fact(data.id_token_view().get(claim))) {
            orgs.push_back(std::move(*org));
        }
    }
    if (!orgs.empty()) {
        identity.orgs = std::move(orgs);
    }
    return core::Done{};
}

} // namespace

const Type auth0_type = {
    .name = "auth0",
    .label = "Auth0",
    .scopes = {"openid", "profile", "email"},
    .tells = {"org", "acr", "amr"},
    .parameters = {"domain", "original_domain"},
    .issuer_parameters = {"domain"},
    .user_claims = {"email", "nickname", "sub"},
    .variables = {{"OAUTH_AUTH0_CLIENT_ID", "client_id"},
                  {"OAUTH_AUTH0_CLIENT_SECRET", "client_secret"},
                  {"OAUTH_AUTH0_DOMAIN", "domain"},
                  {"OAUTH_AUTH0_ORIGINAL_DOMAIN", "original_domain", Variable::Use::optional}},
    .client_auth = oidc::ClientAuth::post,
    .verified_flag = Type::VerifiedFlag::boolean_or_text,
    .allows_hs256 = true,
    .revocation = Revocation::refresh_tokens,
    .step_up = {.by_acr = true, .recent = StepUpWays::Recent::by_max_age},
    .complete = complete_auth0,
    .map = map_auth0,
};

} // namespace oauth::providers
