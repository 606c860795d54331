// SPDX-License-Identifier: MIT
// After the last directive: rules are compiled, every location gets its providers, and what the configuration
// uses of a user is collected, so that nothing else is asked of a provider or kept in a cookie.
#include "directives.hpp"
#include "phases.hpp"
#include "pool.hpp"
#include "rules.hpp"
#include "zone.hpp"

#include <algorithm>

namespace oauth::ngx {

namespace {

std::string provider_names(const MainState& state) {
    std::string names;
    for (const auto& entry : state.providers) {
        names.append(names.empty() ? "" : ", ").append(entry->settings.name);
    }
    return names;
}

bool make_offer(ngx_conf_t* cf, const MainState& state, LocationConf& location) {
    location.offer = pool_make<std::vector<std::size_t>>(cf->pool);
    const auto* names =
        location.providers == nullptr ? nullptr : static_cast<ngx_str_t*>(location.providers->elts);
    const bool all = names == nullptr || (location.providers->nelts == 1 && view(names[0]) == "all");
    for (std::size_t i = 0; all && i < state.providers.size(); ++i) {
        location.offer->push_back(i);
    }
    for (ngx_uint_t i = 0; !all && i < location.providers->nelts; ++i) {
        const auto found =
            std::find_if(state.providers.begin(), state.providers.end(),
                         [&](const auto& entry) { return entry->settings.name == view(names[i]); });
        if (found == state.providers.end()) {
            refuse_at(cf, *location.providers_place,
                      "\"oauth_providers\": found \"" + string(names[i]) + "\", accepted: all, " +
                          provider_names(state));
            return false;
        }
        location.offer->push_back(static_cast<std::size_t>(found - state.providers.begin()));
    }
    if (location.mode != mode_off && location.offer->empty()) {
        refuse_at(cf, *location.mode_place,
                  "\"oauth\": there is no provider to sign in at, accepted: the variables of a provider, "
                  "such as OAUTH_GITHUB_CLIENT_ID and OAUTH_GITHUB_CLIENT_SECRET, or an "
                  "oauth_provider block,");
        return false;
    }
    return true;
}

// "$oauth_claim_realm_access__roles" uses realm_access.roles.
void collect_variables(ngx_conf_t* cf, MainState& state) {
    constexpr std::string_view prefix = "oauth_claim_";
    auto* core_main =
        static_cast<ngx_http_core_main_conf_t*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
    const auto* variables = static_cast<ngx_http_variable_t*>(core_main->variables.elts);
    for (ngx_uint_t i = 0; i < core_main->variables.nelts; ++i) {
        const std::string_view name = view(variables[i].name);
        if (name.starts_with(prefix)) {
            state.requirements.needs.claims.insert(claim_path(name.substr(prefix.size())));
        }
        if (name == "oauth_email" || name == "oauth_email_verified") {
            state.requirements.needs.email = true;
        }
        if (name == "oauth_groups" || name == "oauth_claim_groups") {
            state.requirements.needs.group = true;
            state.requirements.shows_groups = true;
        }
    }
}

void collect_needs(ngx_conf_t* cf, MainState& state) {
    for (const auto& holders : {state.policies, state.rule_holders}) {
        for (const RuleHolder* holder : holders) {
            state.requirements.needs.merge(holder->rules->needs());
            state.requirements.rules.push_back(holder->rules);
        }
    }
    for (const LocationConf* location : state.locations) {
        const auto& claims = location->identity_settings->extra_claims;
        state.requirements.needs.claims.insert(claims.begin(), claims.end());
    }
    collect_variables(cf, state);
    if (state.requirements.needs.claims.count("groups") != 0) {
        state.requirements.shows_groups = true;
    }
    state.requirements.finish();
}

std::string list_needs(const providers::Needs& needs) {
    std::string text;
    const auto add = [&text](bool needed, std::string_view what) {
        if (needed) {
            text.append(text.empty() ? "" : ", ").append(what);
        }
    };
    add(needs.email, "a verified e-mail address");
    add(needs.name, "the name");
    add(needs.hd, "the hosted domain (hd)");
    add(needs.org, "organisations");
    add(needs.team, "teams");
    add(needs.group, "groups");
    add(needs.role, "roles");
    add(needs.tenant, "the tenant");
    add(needs.acr, "acr");
    add(needs.amr, "amr");
    add(needs.scope, "the granted scopes");
    for (const std::string& claim : needs.claims) {
        add(true, "claim." + claim);
    }
    return text;
}

std::string names_of(const ServerConf& server) {
    for (const ServerName& name : server.state->names) {
        if (!name.name.empty()) {
            return name.name;
        }
    }
    return server.base_url.len != 0 ? string(server.base_url) : "-";
}

// For whoever reviews a configuration: what its rules ask of whom.
void report_needs(ngx_conf_t* cf, const MainState& state, const ServerConf& server) {
    providers::Needs needs;
    std::vector<bool> offered(state.providers.size());
    for (const LocationConf* location : state.locations) {
        if (location->server != &server || location->mode == mode_off) {
            continue;
        }
        if (location->rules != nullptr) {
            needs.merge(location->rules->rules->needs());
        }
        for (const std::size_t index : *location->offer) {
            offered[index] = true;
        }
    }
    const std::string text = list_needs(needs);
    if (text.empty()) {
        return;
    }
    for (std::size_t i = 0; i < offered.size(); ++i) {
        if (!offered[i]) {
            continue;
        }
        const providers::Settings& settings = state.providers[i]->settings;
        std::string scopes;
        for (const std::string& scope : providers::scopes_for(settings, needs)) {
            scopes.append(scopes.empty() ? "" : " ").append(scope);
        }
        ngx_log_error(NGX_LOG_NOTICE, cf->log, 0,
                      "oauth: server \"%s\": the rules need of %s: %s (scope \"%s\")",
                      names_of(server).c_str(), settings.name.c_str(), text.c_str(), scopes.c_str());
    }
}

} // namespace

std::string claim_path(std::string_view variable) {
    std::string path(variable);
    for (std::size_t at = path.find("__"); at != std::string::npos; at = path.find("__", at + 1)) {
        path.replace(at, 2, ".");
    }
    return path;
}

ngx_int_t finish_configuration(ngx_conf_t* cf) {
    MainConf& main = *main_conf(cf);
    MainState& state = *main.state;
    const bool in_use = std::any_of(state.servers.begin(), state.servers.end(),
                                    [](const ServerConf* server) { return server->in_use; });
    if (!add_environment_providers(cf, state)) {
        return NGX_ERROR;
    }
    for (LocationConf* location : state.locations) {
        if (!make_offer(cf, state, *location)) {
            return NGX_ERROR;
        }
    }
    if (!compile_rules(cf, state)) {
        return NGX_ERROR;
    }
    collect_needs(cf, state);
    if (!in_use) {
        return NGX_OK;
    }
    for (const ServerConf* server : state.servers) {
        if (server->in_use) {
            report_needs(cf, state, *server);
        }
    }
    if (main.zone_size == NGX_CONF_UNSET_SIZE) {
        main.zone_size = 8 * 1024 * 1024;
    }
    return add_zone(cf, main) && add_phase_handlers(cf) ? NGX_OK : NGX_ERROR;
}

} // namespace oauth::ngx
