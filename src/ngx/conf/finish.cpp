// SPDX-License-Identifier: MIT
// Runs after the last directive: compiles the rules, gives every location its providers, and collects the
// facts that the configuration uses, so that nothing else is asked of a provider or kept in a cookie.
#include "bypasses.hpp"
#include "cookie.hpp"
#include "directives.hpp"
#include "environment.hpp"
#include "family.hpp"
#include "names.hpp"
#include "report.hpp"
#include "../pool.hpp"
#include "rules.hpp"
#include "session_store.hpp"
#include "step_up.hpp"

#include "../../net/libcurl.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace oauth::ngx {

namespace {

std::string provider_names(const MainConf::Compiled& compiled) {
    std::string names;
    for (const auto& entry : compiled.providers) {
        names.append(names.empty() ? "" : ", ").append(entry->settings.name);
    }
    return names;
}

bool make_offer(ngx_conf_t* cf, const MainConf::Compiled& compiled, LocationConf& location) {
    location.offer = pool_make<std::vector<std::size_t>>(cf->pool);
    const auto* names =
        location.providers == nullptr ? nullptr : static_cast<ngx_str_t*>(location.providers->elts);
    const bool all = names == nullptr || (location.providers->nelts == 1 && view(names[0]) == "all");
    for (std::size_t i = 0; all && i < compiled.providers.size(); ++i) {
        location.offer->push_back(i);
    }
    for (ngx_uint_t i = 0; !all && i < location.providers->nelts; ++i) {
        const auto found =
            std::find_if(compiled.providers.begin(), compiled.providers.end(),
                         [&](const auto& entry) { return entry->settings.name == view(names[i]); });
        if (found == compiled.providers.end()) {
            refuse_at(cf, *location.providers_place,
                      "\"oauth_providers\": " +
                          found_instead(string(names[i]), "all, " + provider_names(compiled)));
            return false;
        }
        const auto index = static_cast<std::size_t>(found - compiled.providers.begin());
        if (std::find(location.offer->begin(), location.offer->end(), index) != location.offer->end()) {
            refuse_at(cf, *location.providers_place,
                      "\"oauth_providers\": \"" + string(names[i]) + "\" is duplicate, accepted: each once");
            return false;
        }
        location.offer->push_back(index);
    }
    if (location.mode != mode_off && location.offer->empty()) {
        refuse_at(cf, *location.mode_place,
                  "\"oauth\": there is no provider to sign in at, accepted: an oauth_provider block, or the "
                  "variables of a provider, such as OAUTH_GITHUB_CLIENT_ID and OAUTH_GITHUB_CLIENT_SECRET, "
                  "in the environment that nginx is started with or by \"env NAME=VALUE;\" above \"http\",");
        return false;
    }
    return true;
}

void note_offers(const MainConf::Compiled& compiled) {
    std::set<const ServerConf*> with_root; // nothing falls into their own level
    for (const LocationConf* location : compiled.locations) {
        if (!location->is_server && view(location->core->name) == "/") {
            with_root.insert(location->server);
        }
    }
    std::map<const ServerConf*, const std::vector<std::size_t>*> first;
    const std::vector<std::size_t>* any = nullptr;
    bool differs_somewhere = false;
    for (const LocationConf* location : compiled.locations) {
        if (location->mode == mode_off || (location->is_server && with_root.contains(location->server))) {
            continue;
        }
        flow::SiteOptions& options = location->server->compiled->options;
        for (const std::size_t index : *location->offer) {
            const std::string& name = compiled.providers[index]->settings.name;
            if (std::find(options.offered.begin(), options.offered.end(), name) == options.offered.end()) {
                options.offered.push_back(name);
            }
        }
        const auto known = first.emplace(location->server, location->offer).first;
        options.has_several_offers = options.has_several_offers || *known->second != *location->offer;
        any = any == nullptr ? location->offer : any;
        differs_somewhere = differs_somewhere || *any != *location->offer;
    }
    for (const auto& [server, offer] : first) { // a family signs in at one server of several
        flow::SiteOptions& options = server->compiled->options;
        options.has_several_offers =
            options.has_several_offers || (differs_somewhere && !options.cookie.domain.empty());
    }
}

// "$oauth_claim_realm_access__roles" uses realm_access.roles, "$oauth_email" the address.
void collect_variable(std::string_view name, flow::Requirements& requirements) {
    constexpr std::string_view claim_prefix = "claim_";
    if (name.starts_with(claim_prefix)) {
        requirements.needs.claims.insert(claim_path(name.substr(claim_prefix.size())));
    }
    for (const session::FactRow& row : session::facts) {
        if (!row.shown_as.empty() && row.shown_as == name) {
            requirements.needs.add(session::Fact::of(row));
        }
    }
    if (name == session::Fact("group").row().shown_as || name == "claim_groups") {
        requirements.needs.add("group");
        requirements.shows_groups = true;
    }
}

void collect_variables(ngx_conf_t* cf, MainConf::Compiled& compiled) {
    constexpr std::string_view prefix = "oauth_";
    auto* core_main =
        static_cast<ngx_http_core_main_conf_t*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
    const auto* variables = static_cast<ngx_http_variable_t*>(core_main->variables.elts);
    for (ngx_uint_t i = 0; i < core_main->variables.nelts; ++i) {
        const std::string_view name = view(variables[i].name);
        if (name.starts_with(prefix)) {
            collect_variable(name.substr(prefix.size()), compiled.requirements);
        }
    }
}

void collect_needs(ngx_conf_t* cf, MainConf::Compiled& compiled) {
    for (const auto& holders : {compiled.policies, compiled.rule_holders}) {
        for (const RuleHolder* holder : holders) {
            compiled.requirements.needs.merge(holder->rules->needs());
            compiled.requirements.rules.push_back(holder->rules);
        }
    }
    for (const LocationConf* location : compiled.locations) {
        const auto& claims = location->identity_settings->extra_claims;
        compiled.requirements.needs.claims.insert(claims.begin(), claims.end());
        if (location->mode != mode_off && location->step_up != nullptr && !location->step_up->acr.empty()) {
            compiled.requirements.needs.add("acr");
        }
    }
    collect_variables(cf, compiled);
    if (compiled.requirements.needs.claims.count("groups") != 0) {
        compiled.requirements.shows_groups = true;
    }
    compiled.requirements.finish();
}

// At an endpoint there is no page, and "login" would lead to itself for ever.
bool check_login_page(ngx_conf_t* cf, const MainConf::Compiled& compiled, const ServerConf& server) {
    const std::string page = string(server.login_page);
    if (!server.in_use || page.empty() || !flow::find_route(flow::login_page_path(page), view(server.path))) {
        return true;
    }
    const std::string sentence =
        "\"oauth_login_page\": found \"" + page + "\", which oauth_path (\"" + string(server.path) +
        "\") takes for the module's endpoints, accepted: a path outside of it, such as "
        "/signin.html, whose location has \"oauth off\",";
    const auto own =
        std::find_if(compiled.locations.begin(), compiled.locations.end(), [&](const LocationConf* location) {
            return location->server == &server && location->is_server;
        });
    if (own == compiled.locations.end() || (*own)->place == nullptr) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "%s", sentence.c_str());
    } else {
        refuse_at(cf, *(*own)->place, sentence);
    }
    return false;
}

void name_figures(MainConf::Compiled& compiled) {
    for (const auto& entry : compiled.providers) {
        compiled.named.providers.push_back(entry->settings.name);
    }
    std::vector<std::string>& rules = compiled.named.rules;
    for (const RuleHolder* holder : compiled.rule_holders) {
        for (std::string& rule : holder->rules->texts(policy::Action::deny)) {
            if (std::find(rules.begin(), rules.end(), rule) == rules.end()) {
                rules.push_back(std::move(rule));
            }
        }
    }
}

} // namespace

ngx_int_t finish_configuration(ngx_conf_t* cf) {
    MainConf& main = *main_conf(cf);
    MainConf::Compiled& compiled = *main.compiled;
    const bool in_use = std::any_of(compiled.servers.begin(), compiled.servers.end(),
                                    [](const ServerConf* server) { return server->in_use; });
    if (!add_environment_providers(cf, compiled)) {
        return NGX_ERROR;
    }
    std::vector<providers::Settings*> all;
    for (const auto& entry : compiled.providers) {
        all.push_back(&entry->settings);
    }
    providers::tell_labels_apart(all);
    for (LocationConf* location : compiled.locations) {
        if (!make_offer(cf, compiled, *location)) {
            return NGX_ERROR;
        }
    }
    note_offers(compiled);
    if (!compile_rules(cf, compiled) || !check_prospects(cf, compiled) || !check_cookies(cf, compiled) ||
        !check_session_stores(cf, compiled) || !check_families(cf, compiled) ||
        !check_step_ups(cf, compiled)) {
        return NGX_ERROR;
    }
    if (!std::all_of(compiled.servers.begin(), compiled.servers.end(),
                     [&](const ServerConf* server) { return check_login_page(cf, compiled, *server); })) {
        return NGX_ERROR;
    }
    collect_needs(cf, compiled);
    for (const ServerConf* server : compiled.servers) {
        flow::Requirements& all = compiled.requirements;
        all.longest_session = std::max<std::int64_t>(all.longest_session, server->session_lifetime);
        all.longest_sign_in =
            std::max<std::int64_t>(all.longest_sign_in, server->login_lifetime + server->clock_skew);
    }
    name_figures(compiled);
    const bool is_asked =
        std::any_of(compiled.locations.begin(), compiled.locations.end(),
                    [](const LocationConf* location) { return location->status != status_none; });
    main.in_use = in_use || is_asked;
    if (!main.in_use) {
        return NGX_OK;
    }
    if (const char* lack = net::what_libcurl_lacks()) { // else each worker would find it
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "oauth: %s, which the module needs", lack);
        return NGX_ERROR;
    }
    warn_of_bypasses(cf, compiled);
    warn_of_broken_families(cf, compiled);
    warn_of_unread_variables(cf, compiled);
    report(cf, compiled);
    return NGX_OK;
}

} // namespace oauth::ngx
