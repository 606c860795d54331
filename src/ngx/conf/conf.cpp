// SPDX-License-Identifier: MIT
// Creating and merging configuration: the loops of table.hpp, and what is more than a value.
#include "table.hpp"
#include "bypasses.hpp"
#include "directives.hpp"
#include "environment.hpp"
#include "names.hpp"
#include "../pool.hpp"

#include "../../core/bytes.hpp"
#include "../../core/url.hpp"

#include <algorithm>

namespace oauth::ngx {

namespace {

template <class T>
T* unset(ngx_conf_t* cf) {
    auto* conf = static_cast<T*>(ngx_pcalloc(cf->pool, sizeof(T)));
    if (conf == nullptr) {
        throw std::bad_alloc();
    }
    unset_values(conf_of<T>, conf);
    return conf;
}

// Reads OAUTH_BASE_URL, else CHAINLIT_URL. False if it is set and not valid.
bool read_base_url_variable(ngx_conf_t* cf, ngx_str_t& base_url) {
    for (const char* name : {"OAUTH_BASE_URL", "CHAINLIT_URL"}) {
        const char* value = read_environment(cf, name);
        if (value == nullptr || *value == '\0') {
            continue;
        }
        std::string problem;
        const auto url = read_base_url(cf, value, problem);
        if (!url) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "environment variable \"%s\": %s", name,
                               problem.c_str());
            return false;
        }
        base_url = copy(cf->pool, *url);
        return true;
    }
    return true;
}

void copy_names(ngx_conf_t* cf, ServerConf::Compiled& compiled) {
    const auto* core_server =
        static_cast<ngx_http_core_srv_conf_t*>(ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module));
    const auto* names = static_cast<ngx_http_server_name_t*>(core_server->server_names.elts);
    for (ngx_uint_t i = 0; i < core_server->server_names.nelts; ++i) {
        ServerName name;
#if (NGX_PCRE)
        if (names[i].regex != nullptr) {
            name.regex = names[i].regex->regex;
            compiled.names.push_back(std::move(name));
            continue;
        }
#endif
        name.name = core::to_lower_ascii(view(names[i].name));
        name.is_plain = true;
        compiled.names.push_back(std::move(name));
    }
}

// Applications that verify an identity by a shared secret know it. With a session key they could make
// sessions. Told once where several servers inherit both.
void warn_of_shared_session_key(ngx_conf_t* cf, const ServerConf& server) {
    const auto& servers = main_conf(cf)->compiled->servers;
    const bool is_told = std::any_of(servers.begin(), servers.end(), [&](const ServerConf* other) {
        return other != &server && other->session_keys == server.session_keys &&
               other->identity_keys == server.identity_keys;
    });
    const auto* keys =
        server.identity_keys == nullptr ? nullptr : static_cast<IdentityKey*>(server.identity_keys->elts);
    const auto& all = server.compiled->session_keys;
    for (ngx_uint_t i = 0; keys != nullptr && !is_told && i < server.identity_keys->nelts; ++i) {
        if (std::find(all.begin(), all.end(), view(keys[i].text)) != all.end()) {
            ngx_conf_log_error(
                NGX_LOG_WARN, cf, 0,
                "\"oauth_identity_key\" is the same secret as an oauth_session_key: whoever "
                "verifies identities with it can make sessions; give each a secret of its own");
            return;
        }
    }
}

// Where others look for a proxy: who cannot reach a provider is told that it is not read here.
const std::string& ignored_proxy(ngx_conf_t* cf) {
    std::optional<std::string>& known = main_conf(cf)->compiled->ignored_proxy;
    if (!known) {
        known.emplace();
        for (const char* name : {"ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"}) {
            *known = is_in_environment(cf, name) ? name : *known;
        }
    }
    return *known;
}

bool compile_server(ngx_conf_t* cf, ServerConf& server) {
    ServerConf::Compiled& compiled = *server.compiled;
    copy_values(server, compiled.options);
    copy_values(server, compiled.options.look);
    copy_values(server, compiled.limits);
    compiled.options.http_timeout = compiled.limits.timeout;
    compiled.limits.ignored_proxy = ignored_proxy(cf);
    copy_names(cf, compiled);
    compiled.session_keys = strings(server.session_keys);
    const auto* keys =
        server.identity_keys == nullptr ? nullptr : static_cast<IdentityKey*>(server.identity_keys->elts);
    for (ngx_uint_t i = 0; keys != nullptr && i < server.identity_keys->nelts; ++i) {
        const std::string text = string(keys[i].text);
        const bool pem = text.find("-----BEGIN") != std::string::npos;
        auto key = pem ? jose::SigningKey::from_pem(text) : jose::SigningKey::from_secret(text);
        key->set_kid(string(keys[i].kid)); // the key is valid: the directive has already read it
        if (compiled.identity_ring.has_kid(key->kid())) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"oauth_identity_key\": two keys have the kid \"%s\"",
                               key->kid().c_str());
            return false;
        }
        compiled.identity_ring.add(std::move(*key));
    }
    warn_of_shared_session_key(cf, server);
    return true;
}

// One object for all locations that say the same: its address decides whose signed token is reused.
void share_identity_settings(ngx_conf_t* cf, const LocationConf& parent, LocationConf& location,
                             bool own_settings) {
    if (!own_settings && parent.identity_settings != nullptr) {
        location.identity_settings = parent.identity_settings;
        return;
    }
    location.identity_settings = pool_make<flow::IdentitySettings>(cf->pool);
    copy_values(location, *location.identity_settings);
}

void prepare_identity_header(ngx_conf_t* cf, LocationConf& location, ServerConf::Compiled& compiled) {
    const std::string lowcase = core::to_lower_ascii(view(location.identity_header));
    location.identity_header_lowcase = copy(cf->pool, lowcase);
    location.identity_header_hash =
        ngx_hash_key(location.identity_header_lowcase.data, location.identity_header_lowcase.len);
    auto& headers = compiled.identity_headers;
    const std::string header = normalise_header_name(lowcase);
    if (std::find(headers.begin(), headers.end(), header) == headers.end()) {
        headers.push_back(header);
    }
}

} // namespace

std::string names_of(const ServerConf& server) {
    for (const ServerName& name : server.compiled->names) {
        if (!name.name.empty()) {
            return name.name;
        }
    }
    return server.base_url.len != 0 ? string(server.base_url) : "-";
}

MainConf* main_conf(ngx_conf_t* cf) {
    return static_cast<MainConf*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_oauth_module));
}

void* create_main_conf(ngx_conf_t* cf) {
    auto* main = unset<MainConf>(cf);
    main->compiled = pool_make<MainConf::Compiled>(cf->pool);
    return main;
}

void* create_server_conf(ngx_conf_t* cf) {
    auto* server = unset<ServerConf>(cf);
    server->compiled = pool_make<ServerConf::Compiled>(cf->pool);
    return server;
}

void* create_location_conf(ngx_conf_t* cf) {
    auto* location = unset<LocationConf>(cf);
    location->place = make_place(cf);
    return location;
}

char* init_main_conf(ngx_conf_t* cf, void* conf) {
    return merge_values(cf, conf_of<MainConf>, nullptr, conf) ? NGX_CONF_OK : conf_failed();
}

char* merge_server_conf(ngx_conf_t* cf, void* parent_conf, void* child_conf) {
    auto& server = *static_cast<ServerConf*>(child_conf);
    server.has_own_cookie = server.cookie != nullptr || server.base_url.len != 0;
    if (server.cookie_place == nullptr) {
        server.cookie_place = static_cast<ServerConf*>(parent_conf)->cookie_place;
    }
    if (server.session_store_place == nullptr) {
        server.session_store_place = static_cast<ServerConf*>(parent_conf)->session_store_place;
    }
    if (!merge_values(cf, conf_of<ServerConf>, parent_conf, child_conf) ||
        (server.base_url.len == 0 && !read_base_url_variable(cf, server.base_url))) {
        return conf_failed();
    }
    MainConf::Compiled& compiled = *main_conf(cf)->compiled;
    server.index = compiled.servers.size();
    compiled.servers.push_back(&server);
    server.compiled->options.requirements = &compiled.requirements;
    return compile_server(cf, server) ? NGX_CONF_OK : conf_failed();
}

char* merge_location_conf(ngx_conf_t* cf, void* parent_conf, void* child_conf) {
    const auto& parent = *static_cast<LocationConf*>(parent_conf);
    auto& location = *static_cast<LocationConf*>(child_conf);
    if (location.mode_place == nullptr) {
        location.mode_place = parent.mode_place;
    }
    if (location.providers_place == nullptr) {
        location.providers_place = parent.providers_place;
    }
    if (location.bearer_place == nullptr) {
        location.bearer_place = parent.bearer_place;
    }
    if (location.step_up == nullptr) {
        location.step_up_place = parent.step_up_place;
    }
    const bool refuses_tokens = location.bearer == 0; // here, and not where it would be inherited from
    const bool own_settings = location.identity_ttl != NGX_CONF_UNSET || location.identity_claims != nullptr;
    if (!merge_values(cf, conf_of<LocationConf>, parent_conf, child_conf)) {
        return conf_failed();
    }
    if (location.mode == mode_on && location.rules == nullptr) {
        return refuse_at(
            cf, *location.mode_place,
            "\"oauth on\": there is no rule that says who may pass, accepted: oauth_allow with conditions, "
            "or \"oauth_allow any;\" to let in everybody who can sign in,");
    }
    if (refuses_tokens && location.mcp != nullptr && location.mcp->is_on) {
        return refuse_at(
            cf, *location.bearer_place,
            "\"oauth_bearer off\": the location has \"oauth_mcp on\", whose clients bring access "
            "tokens, accepted: \"oauth_bearer on\" or none, or \"oauth_mcp off\" with it,");
    }
    auto* server = static_cast<ServerConf*>(ngx_http_conf_get_module_srv_conf(cf, ngx_http_oauth_module));
    location.server = server;
    location.core =
        static_cast<ngx_http_core_loc_conf_t*>(ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
    if (location.core->noname != 0) { // an `if` of that location, which has its content
        location.status = parent.status;
    }
    location.rewrite = find_rewrite_conf(cf);
    const auto* core_server =
        static_cast<ngx_http_core_srv_conf_t*>(ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module));
    location.is_server = location.core == core_server->ctx->loc_conf[ngx_http_core_module.ctx_index];
    server->in_use = server->in_use || location.mode != mode_off;
    share_identity_settings(cf, parent, location, own_settings);
    prepare_identity_header(cf, location, *server->compiled);
    main_conf(cf)->compiled->locations.push_back(&location);
    return NGX_CONF_OK;
}

} // namespace oauth::ngx
