// SPDX-License-Identifier: MIT
// See report.hpp. A line for each server, and one for each provider that it offers; servers with one base URL
// that have the same to say say it once.
#include "report.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace oauth::ngx {

namespace {

std::string list_needs(const providers::Needs& needs) {
    std::string text;
    for (const session::FactRow& row : session::facts) {
        if (needs.has(session::Fact::of(row))) {
            text.append(text.empty() ? "" : ", ").append(row.asked_as);
        }
    }
    for (const std::string& claim : needs.claims) {
        text.append(text.empty() ? "claim." : ", claim.").append(claim);
    }
    return text;
}

// A name that people can type: not "_", "*.example.org" or a pattern.
std::string first_host(const ServerConf& server) {
    for (const ServerName& each : server.compiled->names) {
        const std::string& name = each.name;
        const bool is_host = std::all_of(name.begin(), name.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
        });
        if (!name.empty() && is_host && name.front() != '.' && name.back() != '.') {
            return name;
        }
    }
    return "HOST";
}

// Where it listens with TLS first, else where it does at all; "" if that is nowhere, as with a Unix socket
// alone.
std::string first_origin(ngx_conf_t* cf, const ServerConf& server) {
    const std::string host = first_host(server);
    const auto& core_main = *static_cast<ngx_http_core_main_conf_t*>(
        ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
    const std::size_t ports = core_main.ports == nullptr ? 0 : core_main.ports->nelts;
    std::string plain;
    for (ngx_uint_t i = 0; i < ports; ++i) {
        const auto& port = static_cast<const ngx_http_conf_port_t*>(core_main.ports->elts)[i];
        const in_port_t number = port.port;
        for (ngx_uint_t j = 0; number != 0 && j < port.addrs.nelts; ++j) {
            const auto& address = static_cast<const ngx_http_conf_addr_t*>(port.addrs.elts)[j];
            const auto* const* first = static_cast<ngx_http_core_srv_conf_t* const*>(address.servers.elts);
            const bool is_there =
                std::any_of(first, first + address.servers.nelts, [&](const ngx_http_core_srv_conf_t* each) {
                    return each->ctx->srv_conf[ngx_http_oauth_module.ctx_index] == &server;
                });
            if (!is_there) {
                continue;
            }
            const bool is_https = address.opt.ssl != 0;
            const bool is_usual = number == (is_https ? 443 : 80);
            const std::string origin =
                (is_https ? "https://" : "http://") + host + (is_usual ? "" : ":" + std::to_string(number));
            if (is_https) {
                return origin;
            }
            plain = plain.empty() ? origin : plain;
        }
    }
    return plain;
}

struct Base {
    std::string url;
    std::string explained;
};

Base base_of(ngx_conf_t* cf, const ServerConf& server) {
    if (server.base_url.len != 0) {
        return {string(server.base_url), "base URL " + string(server.base_url)};
    }
    const std::string own = "the base URL is each request's own";
    const std::string fixed = ", unless oauth_base_url fixes it";
    std::string url = first_origin(cf, server);
    if (url.empty()) {
        return {"BASE", own + fixed};
    }
    return {url, own + ", such as " + url + fixed};
}

// What the locations that offer a provider need of it; absent: none does.
using Needed = std::vector<std::optional<providers::Needs>>;

Needed needs_of(const MainConf::Compiled& compiled, const ServerConf& server) {
    Needed needed(compiled.providers.size());
    for (const LocationConf* location : compiled.locations) {
        if (location->server != &server || location->mode == mode_off) {
            continue;
        }
        for (const std::size_t index : *location->offer) {
            auto& needs = needed[index] ? *needed[index] : needed[index].emplace();
            if (location->rules != nullptr) {
                needs.merge(location->rules->rules->needs());
            }
        }
    }
    return needed;
}

std::string explain_provider(const ServerConf& server, const providers::Settings& settings,
                             const std::string& base, const providers::Needs& needs) {
    std::string text = "provider " + settings.name + " (" + settings.label;
    text.append(settings.name == settings.type->name ? "" : ", type ")
        .append(settings.name == settings.type->name ? "" : settings.type->name);
    text +=
        "): register the callback URL " + flow::redirect_uri(server.compiled->options, base, settings.name);
    const std::string needed = list_needs(needs);
    if (needed.empty()) {
        return text;
    }
    std::string scopes;
    for (const std::string& scope : providers::scopes_for(settings, needs)) {
        scopes.append(scopes.empty() ? "" : " ").append(scope);
    }
    return text + "; the rules need " + needed + " (scope \"" + scopes + "\")";
}

} // namespace

void report(ngx_conf_t* cf, const MainConf::Compiled& compiled) {
    std::set<std::pair<std::string, std::string>> said; // for a base URL
    for (const ServerConf* server : compiled.servers) {
        if (!server->in_use) {
            continue;
        }
        const std::string name = names_of(*server);
        const Base base = base_of(cf, *server);
        const auto say = [&](const std::string& sentence) {
            if (said.emplace(base.url, sentence).second) {
                ngx_log_error(NGX_LOG_NOTICE, cf->log, 0, "oauth: server \"%s\": %s", name.c_str(),
                              sentence.c_str());
            }
        };
        say(base.explained + "; register " + base.url + string(server->path) +
            "/signed-out for the way back after signing out");
        const Needed needed = needs_of(compiled, *server);
        for (std::size_t i = 0; i < needed.size(); ++i) {
            if (needed[i]) {
                say(explain_provider(*server, compiled.providers[i]->settings, base.url, *needed[i]));
            }
        }
    }
}

} // namespace oauth::ngx
