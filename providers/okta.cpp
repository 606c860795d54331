// SPDX-License-Identifier: MIT
// Okta: the org authorization server (authorization_server "false"), the default one, or another by its id.
// The issuer is taken from the metadata, because it may or may not have a custom domain in it.
#include "types.hpp"

#include "../src/core/url.hpp"

namespace oauth::providers {

namespace {

bool is_org_server(const Settings& settings) {
    return settings.authorization_server == "false";
}

// The issuer of a token endpoint: without "/v1/token", and for the org server without "/oauth2". Empty for an
// address of another form.
std::string issuer_of(std::string_view token_endpoint) {
    constexpr std::string_view end = "/v1/token";
    constexpr std::string_view of_org = "/oauth2";
    if (!token_endpoint.ends_with(end)) {
        return "";
    }
    token_endpoint.remove_suffix(end.size());
    if (token_endpoint.ends_with(of_org)) {
        token_endpoint.remove_suffix(of_org.size());
    }
    return std::string(token_endpoint);
}

std::string complete_okta(Settings& settings) {
    settings.has_opaque_tokens = is_org_server(settings); // a JWT, for Okta itself
    // With all endpoints in the block there are no metadata to tell which of its two domains the issuer has:
    // that of "domain", or that of the endpoints.
    if (settings.issuer.empty() && settings.gives_all_endpoints()) {
        const std::string issuer = issuer_of(settings.token_endpoint);
        if (settings.domain.empty()) {
            settings.issuer = issuer;
        } else if (!issuer.empty()) {
            settings.issuers.push_back(issuer);
        }
    }
    if (settings.issuer.empty() && settings.domain.empty()) {
        return "\"domain\" is missing (or \"issuer\")";
    }
    if (settings.issuer.empty()) {
        const std::string server =
            settings.authorization_server.empty() ? "default" : settings.authorization_server;
        settings.issuer =
            core::base_of(settings.domain) + (is_org_server(settings) ? "" : "/oauth2/" + server);
    }
    return "";
}

// A custom server gives groups if a claim is defined for them; the org server gives them for the scope.
std::vector<std::string> okta_scopes(const Settings& settings, const Needs& needs) {
    return needs.has("group") && is_org_server(settings) ? std::vector<std::string>{"groups"}
                                                         : std::vector<std::string>{};
}

} // namespace

const Type okta_type = {
    .name = "okta",
    .label = "Okta",
    .scopes = {"openid", "profile", "email"},
    .tells = {"group", "role", "acr", "amr"},
    .parameters = {"domain", "authorization_server"},
    .issuer_parameters = {"domain"},
    .user_claims = {"email", "preferred_username", "sub"},
    .variables = {{"OAUTH_OKTA_CLIENT_ID", "client_id"},
                  {"OAUTH_OKTA_CLIENT_SECRET", "client_secret"},
                  {"OAUTH_OKTA_DOMAIN", "domain"},
                  {"OAUTH_OKTA_AUTHORIZATION_SERVER_ID", "authorization_server", Variable::Use::optional}},
    .issuer_rule = IssuerRule::from_metadata,
    .hint_rule = oidc::HintRule::required,
    .step_up = {.by_acr = true, .recent = StepUpWays::Recent::by_max_age},
    .complete = complete_okta,
    .scopes_for = okta_scopes,
};

} // namespace oauth::providers
