// SPDX-License-Identifier: MIT
// Creating and merging configuration: every field of the structs in conf.hpp has its unset value and its
// default here.
#include "directives.hpp"
#include "names.hpp"
#include "../pool.hpp"

#include "../../core/bytes.hpp"
#include "../../core/url.hpp"

#include <algorithm>
#include <cstdlib>

namespace oauth::ngx {

namespace {

template <class T>
T* zeroed(ngx_conf_t* cf) {
    return static_cast<T*>(ngx_pcalloc(cf->pool, sizeof(T)));
}

std::vector<std::string> strings(const ngx_array_t* array) {
    std::vector<std::string> result;
    const auto* items = array == nullptr ? nullptr : static_cast<ngx_str_t*>(array->elts);
    for (ngx_uint_t i = 0; items != nullptr && i < array->nelts; ++i) {
        result.push_back(string(items[i]));
    }
    return result;
}

// OAUTH_BASE_URL, else CHAINLIT_URL; false: it is set and wrong.
bool read_base_url_variable(ngx_conf_t* cf, ngx_str_t& base_url) {
    for (const char* name : {"OAUTH_BASE_URL", "CHAINLIT_URL"}) {
        const char* value = std::getenv(name);
        if (value == nullptr || *value == '\0') {
            continue;
        }
        const auto url = core::parse_url(value);
        if (!url || url->path != "/" || url->has_query) {
            ngx_conf_log_error(
                NGX_LOG_EMERG, cf, 0,
                "environment variable \"%s\": found \"%s\", accepted: scheme, host and perhaps a port, "
                "such as https://app.example.org",
                name, value);
            return false;
        }
        base_url = copy(cf->pool, url->origin());
        return true;
    }
    return true;
}

void fill_options(const ServerConf& server, flow::SiteOptions& options) {
    options.path = string(server.path);
    options.base_url = string(server.base_url);
    options.page_title = string(server.page_title);
    options.login_page = string(server.login_page);
    if (server.cookie != nullptr) {
        options.cookie = *server.cookie;
    }
    options.session_lifetime = server.session_lifetime;
    options.sign_in_lifetime = server.login_lifetime;
    options.clock_skew = server.clock_skew;
    options.keep_tokens = server.tokens != 0;
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
        compiled.names.push_back(std::move(name));
    }
}

bool compile_server(ngx_conf_t* cf, ServerConf& server) {
    ServerConf::Compiled& compiled = *server.compiled;
    fill_options(server, compiled.options);
    copy_names(cf, compiled);
    compiled.session_keys = strings(server.session_keys);
    const auto* keys =
        server.identity_keys == nullptr ? nullptr : static_cast<IdentityKey*>(server.identity_keys->elts);
    for (ngx_uint_t i = 0; keys != nullptr && i < server.identity_keys->nelts; ++i) {
        const std::string text = string(keys[i].text);
        const bool pem = text.find("-----BEGIN") != std::string::npos;
        auto key = pem ? jose::SigningKey::from_pem(text) : jose::SigningKey::from_secret(text);
        key->set_kid(string(keys[i].kid)); // it could be read when the directive was
        if (compiled.identity_ring.has_kid(key->kid())) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"oauth_identity_key\": two keys have the kid \"%s\"",
                               key->kid().c_str());
            return false;
        }
        compiled.identity_ring.add(std::move(*key));
    }
    compiled.limits.connect_timeout = std::chrono::milliseconds(server.http_connect_timeout);
    compiled.limits.timeout = std::chrono::milliseconds(server.http_timeout);
    compiled.limits.max_body = server.http_max_body;
    compiled.limits.proxy = string(server.http_proxy);
    compiled.limits.trusted_certificates = string(server.http_trusted_certificate);
    return true;
}

char* merge_identity(ngx_conf_t* cf, const LocationConf& parent, LocationConf& location) {
    ngx_conf_merge_value(location.identity, parent.identity, 1);
    ngx_conf_merge_str_value(location.identity_header, parent.identity_header, "X-OAuth-Identity");
    const std::string lowcase = core::to_lower_ascii(view(location.identity_header));
    location.identity_header_lowcase = copy(cf->pool, lowcase);
    location.identity_header_hash =
        ngx_hash_key(location.identity_header_lowcase.data, location.identity_header_lowcase.len);
    if (location.audience == nullptr) {
        location.audience = parent.audience;
    }
    const bool own_settings = location.identity_ttl != NGX_CONF_UNSET || location.identity_claims != nullptr;
    ngx_conf_merge_value(location.identity_ttl, parent.identity_ttl, 300);
    if (location.identity_claims == nullptr) {
        location.identity_claims = parent.identity_claims;
    }
    // One object for all locations that say the same: its address decides whose signed token is reused.
    if (!own_settings && parent.identity_settings != nullptr) {
        location.identity_settings = parent.identity_settings;
        return NGX_CONF_OK;
    }
    location.identity_settings = pool_make<flow::IdentitySettings>(cf->pool);
    location.identity_settings->lifetime = location.identity_ttl;
    location.identity_settings->extra_claims = strings(location.identity_claims);
    return NGX_CONF_OK;
}

} // namespace

MainConf* main_conf(ngx_conf_t* cf) {
    return static_cast<MainConf*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_oauth_module));
}

void* create_main_conf(ngx_conf_t* cf) {
    auto* main = zeroed<MainConf>(cf);
    if (main != nullptr) {
        main->zone_size = NGX_CONF_UNSET_SIZE;
        main->compiled = pool_make<MainConf::Compiled>(cf->pool);
    }
    return main;
}

void* create_server_conf(ngx_conf_t* cf) {
    auto* server = zeroed<ServerConf>(cf);
    if (server == nullptr) {
        return nullptr;
    }
    server->session_lifetime = NGX_CONF_UNSET;
    server->login_lifetime = NGX_CONF_UNSET;
    server->clock_skew = NGX_CONF_UNSET;
    server->http_timeout = NGX_CONF_UNSET_MSEC;
    server->http_connect_timeout = NGX_CONF_UNSET_MSEC;
    server->http_max_body = NGX_CONF_UNSET_SIZE;
    server->tokens = NGX_CONF_UNSET;
    server->session_store = NGX_CONF_UNSET_UINT;
    server->compiled = pool_make<ServerConf::Compiled>(cf->pool);
    return server;
}

void* create_location_conf(ngx_conf_t* cf) {
    auto* location = zeroed<LocationConf>(cf);
    if (location == nullptr) {
        return nullptr;
    }
    location->mode = NGX_CONF_UNSET_UINT;
    location->policy_mode = NGX_CONF_UNSET_UINT;
    location->unauthenticated = NGX_CONF_UNSET_UINT;
    location->identity = NGX_CONF_UNSET;
    location->identity_ttl = NGX_CONF_UNSET;
    return location;
}

char* merge_server_conf(ngx_conf_t* cf, void* parent_conf, void* child_conf) {
    const auto& parent = *static_cast<ServerConf*>(parent_conf);
    auto& server = *static_cast<ServerConf*>(child_conf);
    ngx_conf_merge_str_value(server.base_url, parent.base_url, "");
    if (server.base_url.len == 0 && !read_base_url_variable(cf, server.base_url)) {
        return conf_failed();
    }
    ngx_conf_merge_str_value(server.path, parent.path, "/auth/oauth");
    ngx_conf_merge_str_value(server.page_title, parent.page_title, "");
    ngx_conf_merge_str_value(server.login_page, parent.login_page, "");
    ngx_conf_merge_value(server.session_lifetime, parent.session_lifetime, 8 * 3600);
    ngx_conf_merge_value(server.login_lifetime, parent.login_lifetime, 600);
    ngx_conf_merge_value(server.clock_skew, parent.clock_skew, 60);
    ngx_conf_merge_msec_value(server.http_timeout, parent.http_timeout, 10000);
    ngx_conf_merge_msec_value(server.http_connect_timeout, parent.http_connect_timeout, 5000);
    ngx_conf_merge_size_value(server.http_max_body, parent.http_max_body, 1024 * 1024);
    ngx_conf_merge_str_value(server.http_proxy, parent.http_proxy, "");
    ngx_conf_merge_str_value(server.http_trusted_certificate, parent.http_trusted_certificate, "");
    ngx_conf_merge_value(server.tokens, parent.tokens, 0);
    ngx_conf_merge_uint_value(server.session_store, parent.session_store, 0);
    if (server.session_keys == nullptr) {
        server.session_keys = parent.session_keys;
    }
    if (server.identity_keys == nullptr) {
        server.identity_keys = parent.identity_keys;
    }
    if (server.cookie == nullptr) {
        server.cookie = parent.cookie;
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
    ngx_conf_merge_uint_value(location.mode, parent.mode, mode_off);
    if (location.providers == nullptr) {
        location.providers = parent.providers;
        location.providers_place = parent.providers_place;
    }
    if (location.rules == nullptr) {
        location.rules = parent.rules;
    }
    ngx_conf_merge_uint_value(location.policy_mode, parent.policy_mode, policy_enforce);
    ngx_conf_merge_uint_value(location.unauthenticated, parent.unauthenticated,
                              static_cast<ngx_uint_t>(flow::Unauthenticated::automatic));
    merge_identity(cf, parent, location);
    if (location.mode == mode_on && location.rules == nullptr) {
        return refuse_at(
            cf, *location.mode_place,
            "\"oauth on\": there is no rule that says who may pass, accepted: oauth_allow with conditions, "
            "or \"oauth_allow any;\" to let in everybody who can sign in,");
    }
    auto* server = static_cast<ServerConf*>(ngx_http_conf_get_module_srv_conf(cf, ngx_http_oauth_module));
    location.server = server;
    server->in_use = server->in_use || location.mode != mode_off;
    auto& headers = server->compiled->identity_headers;
    const std::string header = normalise_header_name(view(location.identity_header));
    if (std::find(headers.begin(), headers.end(), header) == headers.end()) {
        headers.push_back(header);
    }
    main_conf(cf)->compiled->locations.push_back(&location);
    return NGX_CONF_OK;
}

} // namespace oauth::ngx
