// SPDX-License-Identifier: MIT
// Descope: the client id is the project id, which is in the issuer but not in the endpoints, and which names
// the region.
#include "facts.hpp"
#include "types.hpp"

#include "../src/core/url.hpp"

namespace oauth::providers {

namespace {

constexpr std::size_t regional_project_size = 32; // shorter ids have no region in them

std::string region_of(const Settings& settings) {
    if (!settings.region.empty()) {
        return settings.region;
    }
    return settings.client_id.size() >= regional_project_size ? settings.client_id.substr(1, 4) : "";
}

std::string complete_descope(Settings& settings) {
    if (settings.issuer.empty()) {
        const std::string region = region_of(settings);
        const std::string host = region.empty() ? "api.descope.com" : "api." + region + ".descope.com";
        settings.issuer =
            core::base_of(settings.domain.empty() ? host : settings.domain) + "/" + settings.client_id;
    }
    return "";
}

std::vector<std::string> descope_scopes(const Settings&, const Needs& needs) {
    return needs.has("role") || needs.has("tenant") ? std::vector<std::string>{"descope.claims"}
                                                    : std::vector<std::string>{};
}

// The roles of a tenant mean nothing in another one. So where the user has signed in to a tenant (dct), or
// has but one, both facts are of that tenant; the roles of the project hold in each. Where there are several
// and none is current, the roles of none count. A current tenant that is not among the user's is no tenant.
core::Status map_descope(const Settings&, const UserData& data, const Needs& needs,
                         session::Identity& identity) {
    const core::JsonView tenants = data.claim("tenants");
    session::Strings all;
    for (const auto& [tenant, details] : tenants.members()) {
        all.emplace_back(tenant);
    }
    std::optional<std::string> current = text_fact(data.claim("dct"));
    if (!current && all.size() == 1) {
        current = all.front();
    }
    identity.tenants.reset();
    if (current && tenants.is_object() && !tenants.get(*current)) {
        return core::Done{};
    }
    if (needs.has("role") && current) {
        if (const auto roles = list_fact(tenants.get(*current).get("roles"))) {
            session::Strings both = identity.roles.value_or(session::Strings());
            append_missing(both, *roles);
            identity.roles = std::move(both);
        }
    }
    if (needs.has("tenant") && (current || tenants.is_object())) {
        identity.tenants = current ? session::Strings{*current} : std::move(all);
    }
    return core::Done{};
}

} // namespace

const Type descope_type = {
    .name = "descope",
    .label = "Descope",
    .scopes = {"openid", "profile", "email"},
    .tells = {"group", "role", "tenant", "acr", "amr"},
    .parameters = {"domain", "region"},
    .issuer_parameters = {"domain", "region"},
    .user_claims = {"email", "sub"},
    .variables = {{"OAUTH_DESCOPE_CLIENT_ID", "client_id"}, {"OAUTH_DESCOPE_CLIENT_SECRET", "client_secret"}},
    .hint_rule = oidc::HintRule::for_return,
    .complete = complete_descope,
    .scopes_for = descope_scopes,
    .map = map_descope,
};

} // namespace oauth::providers
