// SPDX-License-Identifier: MIT
// See guards.hpp.
#include "guards.hpp"
#include "../pool.hpp"

#include <set>

namespace oauth::ngx {

namespace {

std::vector<std::string> cookie_names(const session::CookieSettings& cookie) {
    if (!cookie.name.empty()) {
        return {cookie.name};
    }
    return {"__Host-oauth", "oauth"};
}

} // namespace

void collect_cookie_names(MainConf::Compiled& compiled) {
    std::set<std::string> all;
    for (const ServerConf* server : compiled.servers) {
        auto& names = server->compiled->cookie_names;
        names = cookie_names(server->compiled->options.cookie);
        if (server->in_use) {
            all.insert(names.begin(), names.end());
        }
    }
    compiled.cookie_names.assign(all.begin(), all.end());
}

void make_guards(ngx_conf_t* cf, MainConf::Compiled& compiled) {
    for (LocationConf* location : compiled.locations) {
        if (location->mode == mode_off) {
            continue;
        }
        flow::Guard& guard = *pool_make<flow::Guard>(cf->pool);
        guard.mode = location->mode == mode_on ? flow::Guard::Mode::required : flow::Guard::Mode::optional;
        guard.enforcement = location->policy_mode == policy_shadow ? flow::Guard::Enforcement::shadow
                                                                   : flow::Guard::Enforcement::enforced;
        guard.rules = location->rules == nullptr ? nullptr : location->rules->rules.get();
        guard.step_up =
            location->step_up == nullptr || location->step_up->empty() ? nullptr : location->step_up;
        compiled.steps_up = compiled.steps_up || guard.step_up != nullptr;
        if (location->offer->size() < compiled.providers.size()) {
            for (const std::size_t index : *location->offer) {
                guard.providers.push_back(compiled.providers[index]->settings.name);
            }
        }
        guard.resource = location->resource;
        location->guard = &guard;
    }
}

} // namespace oauth::ngx
