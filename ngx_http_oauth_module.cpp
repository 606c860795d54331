// SPDX-License-Identifier: MIT
// ngx_http_oauth_module: signing people in, in front of any web application, inside nginx. This is the front
// door: the table of directives and nginx's hooks. docs/directives.md has an entry for each directive,
// src/ngx/conf/conf.cpp its default.
#include "src/ngx/ngx.hpp"

#include "src/ngx/boundary.hpp"
#include "src/ngx/conf/conf.hpp"
#include "src/ngx/conf/directives.hpp"
#include "src/ngx/conf/guards.hpp"
#include "src/ngx/request/filter.hpp"
#include "src/ngx/request/phases.hpp"
#include "src/ngx/request/variables.hpp"
#include "src/ngx/worker/worker.hpp"
#include "src/ngx/worker/zone.hpp"

#include <cstddef>

namespace {

using namespace oauth::ngx;
using Setter = char* (*)(ngx_conf_t*, ngx_command_t*, void*);

constexpr ngx_uint_t in_main = NGX_HTTP_MAIN_CONF;
constexpr ngx_uint_t in_server = NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF;
constexpr ngx_uint_t in_location = in_server | NGX_HTTP_LOC_CONF;

ngx_conf_enum_t unauthenticated_choices[] = {
    {ngx_string("auto"), static_cast<ngx_uint_t>(oauth::flow::Unauthenticated::automatic)},
    {ngx_string("redirect"), static_cast<ngx_uint_t>(oauth::flow::Unauthenticated::redirect)},
    {ngx_string("401"), static_cast<ngx_uint_t>(oauth::flow::Unauthenticated::status_401)},
    {ngx_null_string, 0},
};

ngx_conf_enum_t policy_modes[] = {
    {ngx_string("enforce"), policy_enforce},
    {ngx_string("shadow"), policy_shadow},
    {ngx_null_string, 0},
};

ngx_conf_enum_t session_choices[] = {
    {ngx_string("cookie"), 0},
    {ngx_null_string, 0},
};

ngx_command_t main_command(const char* name, ngx_uint_t type, Setter set, std::size_t offset) {
    return {{ngx_strlen(name), reinterpret_cast<u_char*>(const_cast<char*>(name))},
            in_main | type,
            set,
            NGX_HTTP_MAIN_CONF_OFFSET,
            offset,
            nullptr};
}

ngx_command_t server_command(const char* name, ngx_uint_t type, Setter set, std::size_t offset,
                             void* post = nullptr) {
    return {{ngx_strlen(name), reinterpret_cast<u_char*>(const_cast<char*>(name))},
            in_server | type,
            set,
            NGX_HTTP_SRV_CONF_OFFSET,
            offset,
            post};
}

ngx_command_t location_command(const char* name, ngx_uint_t type, Setter set, std::size_t offset,
                               void* post = nullptr) {
    return {{ngx_strlen(name), reinterpret_cast<u_char*>(const_cast<char*>(name))},
            in_location | type,
            set,
            NGX_HTTP_LOC_CONF_OFFSET,
            offset,
            post};
}

constexpr ngx_uint_t one = NGX_CONF_TAKE1;
constexpr ngx_uint_t some = NGX_CONF_1MORE;

ngx_command_t commands[] = {
    // who and where
    location_command("oauth", one, guarded<set_mode>, 0),
    main_command("oauth_provider", NGX_CONF_BLOCK | NGX_CONF_TAKE12, guarded<set_provider_block>, 0),
    location_command("oauth_providers", some, guarded<set_providers>, offsetof(LocationConf, providers)),
    server_command("oauth_base_url", one, guarded<set_base_url>, 0),
    server_command("oauth_path", one, guarded<set_path>, 0),
    // may they
    location_command("oauth_allow", some, guarded<set_rule>, 0),
    location_command("oauth_deny", some, guarded<set_rule>, 0),
    main_command("oauth_policy", NGX_CONF_BLOCK | one, guarded<set_policy_block>, 0),
    location_command("oauth_policy_mode", one, guarded<set_choice>, offsetof(LocationConf, policy_mode),
                     policy_modes),
    location_command("oauth_unauthenticated", one, guarded<set_choice>,
                     offsetof(LocationConf, unauthenticated), unauthenticated_choices),
    // for how long
    server_command("oauth_session", one, guarded<set_choice>, offsetof(ServerConf, session_store),
                   session_choices),
    server_command("oauth_session_key", one, guarded<set_session_key>, 0),
    server_command("oauth_session_lifetime", one, guarded<set_time>, offsetof(ServerConf, session_lifetime)),
    server_command("oauth_tokens", one, guarded<set_flag>, offsetof(ServerConf, tokens)),
    server_command("oauth_cookie", some, guarded<set_cookie>, 0),
    server_command("oauth_login_lifetime", one, guarded<set_time>, offsetof(ServerConf, login_lifetime)),
    main_command("oauth_zone", one, guarded<set_size>, offsetof(MainConf, zone_size)),
    // what the application is told
    location_command("oauth_identity", one, guarded<set_flag>, offsetof(LocationConf, identity)),
    location_command("oauth_identity_header", one, guarded<set_identity_header>, 0),
    server_command("oauth_identity_key", NGX_CONF_TAKE12, guarded<set_identity_key>, 0),
    location_command("oauth_identity_audience", one, guarded<set_identity_audience>, 0),
    location_command("oauth_identity_ttl", one, guarded<set_time>, offsetof(LocationConf, identity_ttl)),
    location_command("oauth_identity_claims", some, guarded<set_names>,
                     offsetof(LocationConf, identity_claims)),
    // pages
    server_command("oauth_login_page", one, guarded<set_login_page>, 0),
    server_command("oauth_page_title", one, guarded<set_text>, offsetof(ServerConf, page_title)),
    // the way to providers
    server_command("oauth_http_timeout", one, guarded<set_milliseconds>, offsetof(ServerConf, http_timeout)),
    server_command("oauth_http_connect_timeout", one, guarded<set_milliseconds>,
                   offsetof(ServerConf, http_connect_timeout)),
    server_command("oauth_http_max_body", one, guarded<set_size>, offsetof(ServerConf, http_max_body)),
    server_command("oauth_http_trusted_certificate", one, guarded<set_trusted_certificate>, 0),
    server_command("oauth_http_proxy", one, guarded<set_http_proxy>, 0),
    server_command("oauth_clock_skew", one, guarded<set_time>, offsetof(ServerConf, clock_skew)),
    ngx_null_command,
};

ngx_int_t finish(ngx_conf_t* cf) {
    if (finish_configuration(cf) != NGX_OK) {
        return NGX_ERROR;
    }
    MainConf& main = *main_conf(cf);
    make_guards(cf, *main.compiled);
    return !main.in_use || (add_zone(cf, main) && add_phase_handlers(cf)) ? NGX_OK : NGX_ERROR;
}

// The second module comes later than nginx's own header filter and rewrite modules.
ngx_int_t finish_filter(ngx_conf_t* cf) {
    if (!main_conf(cf)->in_use) {
        return NGX_OK;
    }
    add_header_filter();
    return add_rewrite_handlers(cf) ? NGX_OK : NGX_ERROR;
}

ngx_http_module_t context = {
    guarded<add_variables>, // preconfiguration
    guarded<finish>,        // postconfiguration
    guarded<create_main_conf>,
    nullptr, // init main configuration
    guarded<create_server_conf>,
    guarded<merge_server_conf>,
    guarded<create_location_conf>,
    guarded<merge_location_conf>,
};

ngx_http_module_t filter_context = {
    nullptr,                // preconfiguration
    guarded<finish_filter>, // postconfiguration
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
};

} // namespace

ngx_module_t ngx_http_oauth_module = {
    NGX_MODULE_V1,
    &context,
    commands,
    NGX_HTTP_MODULE,
    nullptr,              // init master
    nullptr,              // init module
    guarded<init_worker>, // init process
    nullptr,              // init thread
    nullptr,              // exit thread
    guarded<exit_worker>, // exit process
    nullptr,              // exit master
    NGX_MODULE_V1_PADDING,
};

ngx_module_t ngx_http_oauth_filter_module = {
    NGX_MODULE_V1,
    &filter_context,
    nullptr, // directives
    NGX_HTTP_MODULE,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    nullptr, // hooks
    NGX_MODULE_V1_PADDING,
};
