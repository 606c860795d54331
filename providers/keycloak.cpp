// SPDX-License-Identifier: MIT
// Keycloak: a realm of a server. Roles are in the access token, a JWT of the same issuer, unless a mapper
// puts them elsewhere.
#include "facts.hpp"
#include "types.hpp"

#include "../src/core/url.hpp"

namespace oauth::providers {

namespace {

std::string complete_keycloak(Settings& settings) {
    if (!settings.issuer.empty()) {
        return "";
    }
    if (settings.domain.empty() || settings.realm.empty()) {
        return settings.domain.empty() ? "\"domain\" (the server's address) is missing"
                                       : "\"realm\" is missing";
    }
    settings.issuer = core::base_of(settings.domain) + "/realms/" + settings.realm;
    return "";
}

// Does a mapper put roles where this is from? Nobody without roles is one whose roles are unknown.
bool tells_roles(core::JsonView source) {
    return source.get("realm_access").is_object() || source.get("resource_access").is_object() ||
           source.get("roles").is_array();
}

core::Status map_keycloak(const Settings& settings, const UserData& data, const Needs& needs,
                          session::Identity& identity) {
    if (!needs.has("role")) {
        return core::Done{};
    }
    if (!data.access_token && !tells_roles(data.id_token_view()) && !tells_roles(data.userinfo_view())) {
        return core::Error{
            core::Code::provider_error,
            "rules need roles, and nothing tells them: the access token is no valid JWT of this realm for "
            "this user and client (iss, sub, azp, exp, signature), and neither the ID token nor userinfo has "
            "realm_access, resource_access or roles. \"Add to ID token\" of the mappers of Keycloak's client "
            "scope \"roles\" puts them there"};
    }
    session::Strings all = identity.roles.value_or(session::Strings());
    bool known = identity.roles.has_value();
    for (const core::JsonView source :
         {data.id_token_view(), data.userinfo_view(), data.access_token_view()}) {
        const core::JsonView client = source.get("resource_access").get(settings.client_id);
        for (const core::JsonView roles : {source.get("realm_access").get("roles"), client.get("roles")}) {
            if (const auto list = list_fact(roles)) {
                append_missing(all, *list);
                known = true;
            }
        }
    }
    if (known) {
        identity.roles = std::move(all);
    }
    return core::Done{};
}

} // namespace

const Type keycloak_type = {
    .name = "keycloak",
    .label = "Keycloak",
    .scopes = {"openid", "profile", "email"},
    .tells = {"group", "role", "acr", "amr"},
    .parameters = {"domain", "realm"},
    .issuer_parameters = {"domain", "realm"},
    .user_claims = {"email", "preferred_username", "sub"},
    .variables = {{"OAUTH_KEYCLOAK_CLIENT_ID", "client_id"},
                  {"OAUTH_KEYCLOAK_CLIENT_SECRET", "client_secret"},
                  {"OAUTH_KEYCLOAK_REALM", "realm"},
                  {"OAUTH_KEYCLOAK_BASE_URL", "domain"}},
    .name_variable = "OAUTH_KEYCLOAK_NAME",
    .reads_access_token = true,
    .refresh = Refresh::always,
    .step_up = {.by_acr = true, .recent = StepUpWays::Recent::by_max_age},
    .complete = complete_keycloak,
    .map = map_keycloak,
};

} // namespace oauth::providers
