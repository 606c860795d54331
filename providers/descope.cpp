// SPDX-License-Identifier: MIT
// Descope: the client id is the project id, which is in the issuer but not in the endpoints, and which names the region.
#include "facts.hpp"
#include "types.hpp"

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
        settings.issuer = base_of(settings.domain.empty() ? host : settings.domain) + "/" + settings.client_id;
    }
    return "";
}

std::vector<std::string> descope_scopes(const Settings&, const Needs& needs) {
    return needs.role || needs.tenant ? std::vector<std::string>{"descope.claims"} : std::vector<std::string>{};
}

// The tenant is the current one (dct), or the only one; its roles count beside the project's.
core::Status map_descope(const Settings&, const UserData& data, const Needs& needs, session::Identity& identity) {
    const core::JsonView tenants = data.claim("tenants");
    std::optional<std::string> tenant = text_fact(data.claim("dct"));
    if (!tenant && tenants.members().size() == 1) {
        tenant = std::string(tenants.members().front().first);
    }
    if (needs.role && tenant) {
        if (const auto roles = list_fact(tenants.get(*tenant).get("roles"))) {
            session::Strings all = identity.roles.value_or(session::Strings());
            append_missing(all, *roles);
            identity.roles = std::move(all);
        }
    }
    if (needs.tenant) {
        identity.tenant = std::move(tenant);
    }
    return core::Done{};
}

} // namespace

const Type descope_type = {
    .name = "descope",
    .label = "Descope",
    .scopes = {"openid", "profile", "email"},
    .user_claims = {"email", "sub"},
    .variables = {{"OAUTH_DESCOPE_CLIENT_ID", "client_id"}, {"OAUTH_DESCOPE_CLIENT_SECRET", "client_secret"}},
    .complete = complete_descope,
    .scopes_for = descope_scopes,
    .map = map_descope,
};

} // namespace oauth::providers
