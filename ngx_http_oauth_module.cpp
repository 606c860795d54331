// SPDX-License-Identifier: MIT
// ngx_http_oauth_module: signing people in, in front of any web application, inside nginx. This is the front
// door: the table of directives and nginx's hooks. docs/directives.md has an entry for each directive.
#include "src/ngx/ngx.hpp"

#include "src/ngx/boundary.hpp"
#include "src/ngx/conf/conf.hpp"
#include "src/ngx/conf/directives.hpp"
#include "src/ngx/conf/environment.hpp"
#include "src/ngx/conf/guards.hpp"
#include "src/ngx/conf/resources.hpp"
#include "src/ngx/conf/step_up.hpp"
#include "src/ngx/conf/table.hpp"
#include "src/ngx/request/filter.hpp"
#include "src/ngx/request/phases.hpp"
#include "src/ngx/request/status.hpp"
#include "src/ngx/request/variables.hpp"
#include "src/ngx/worker/worker.hpp"
#include "src/ngx/worker/zone.hpp"

#include <cstdint>
#include <limits>

namespace {

using namespace oauth::ngx;
using oauth::flow::IdentitySettings;
using oauth::flow::SiteOptions;
using oauth::flow::Unauthenticated;
using oauth::net::HttpLimits;
using oauth::web::Look;

constexpr std::int64_t hour = 3600;
constexpr std::int64_t year = 366 * 24 * hour;

constexpr Range lifetime{1, year, "a time above 0 and up to a year, such as 30s, 10m or 8h"};
constexpr Range tolerance{0, year, "a time of up to a year, such as 30s or 2m, or 0"};
constexpr Range patience{1, hour * 1000, "a time above 0 and up to an hour, such as 500ms or 10s"};
constexpr Range interval{1, year, "a time above 0 and up to a year, such as 5m or 1h, or off"};
constexpr Range reuse{1, hour * 1000, "a time above 0 and up to an hour, such as 500ms or 1s, or off"};
constexpr Range zone{4096, std::numeric_limits<ssize_t>::max(), "a size of at least 32k, such as 8m"};
constexpr Range memory{4096, std::numeric_limits<ssize_t>::max(), "a size of at least 4k, such as 64k or 8m"};

constexpr Choice modes[] = {{"on", mode_on}, {"optional", mode_optional}, {"off", mode_off}};
constexpr Choice policy_modes[] = {{"enforce", policy_enforce}, {"shadow", policy_shadow}};
constexpr Choice answers[] = {{"auto", static_cast<ngx_uint_t>(Unauthenticated::automatic)},
                              {"redirect", static_cast<ngx_uint_t>(Unauthenticated::redirect)},
                              {"401", static_cast<ngx_uint_t>(Unauthenticated::status_401)}};
constexpr Choice token_types[] = {
    {"at+jwt", static_cast<ngx_uint_t>(oauth::oidc::AccessTokenExpectation::Type::at_jwt)},
    {"any", static_cast<ngx_uint_t>(oauth::oidc::AccessTokenExpectation::Type::any)}};
constexpr Choice stream_ends[] = {{"close", streams_close}, {"keep", streams_keep}};

// Name, where it may stand, arguments, how it is read, its field, its default, and who else is given the
// value.
constexpr Directive directives[] = {
    // who and where
    {"oauth", in_location, one, noted_at<&LocationConf::mode_place>(choice(modes)),
     field<&LocationConf::mode>, value("off")},
    {"oauth_provider", in_http, block | one_or_two, own<set_provider_block>(), no_field, words("none")},
    {"oauth_providers", in_location, some, noted_at<&LocationConf::providers_place>(list),
     field<&LocationConf::providers>, value("all")},
    {"oauth_base_url", in_server, one, text(read_base_url), field<&ServerConf::base_url>,
     words("environment `OAUTH_BASE_URL`, else environment `CHAINLIT_URL`, else from the request"),
     gives<&SiteOptions::base_url>},
    {"oauth_path", in_server, one, text(read_path), field<&ServerConf::path>, value("/auth/oauth"),
     gives<&SiteOptions::path>},
    // may they
    {"oauth_allow", in_location, some, own<set_rule>(), field<&LocationConf::rules>, words("none")},
    {"oauth_deny", in_location, some, own<set_rule>(), no_field, words("none")}, // in the same list
    {"oauth_policy", in_http, block | one, own<set_policy_block>(), no_field, words("none")},
    {"oauth_policy_mode", in_location, one, choice(policy_modes), field<&LocationConf::policy_mode>,
     value("enforce")},
    {"oauth_unauthenticated", in_location, one, choice(answers), field<&LocationConf::unauthenticated>,
     value("auto")},
    {"oauth_step_up", in_location, some, own<set_step_up>(), field<&LocationConf::step_up>, words("none")},
    // programs
    {"oauth_bearer", in_location, one, noted_at<&LocationConf::bearer_place>(flag),
     field<&LocationConf::bearer>, value("off")},
    {"oauth_bearer_audience", in_location, some, checked_by<set_bearer_audience>(list),
     field<&LocationConf::bearer_audience>, words("none; of an MCP server its own URL")},
    {"oauth_bearer_type", in_location, one, choice(token_types), field<&LocationConf::bearer_type>,
     value("at+jwt")},
    {"oauth_mcp", in_location_alone, some, own<set_mcp>(), field<&LocationConf::mcp>, words("`off`")},
    // for how long
    {"oauth_session", in_server, some, own<set_session_store>(), field<&ServerConf::session_store>,
     words("`cookie`"), gives<&SiteOptions::store>},
    {"oauth_session_key", in_server, one, own<set_session_key>(), field<&ServerConf::session_keys>,
     words("a random key, kept in the zone")},
    {"oauth_session_timeout", in_server, one, milliseconds(patience), field<&ServerConf::session_timeout>,
     value("1s"), gives<&SiteOptions::store_timeout>},
    {"oauth_session_cache", in_server, one, milliseconds_or_off(reuse), field<&ServerConf::session_cache>,
     value("1s"), gives<&SiteOptions::store_cache>},
    {"oauth_session_lifetime", in_server, one, seconds(lifetime), field<&ServerConf::session_lifetime>,
     value("8h"), gives<&SiteOptions::session_lifetime>},
    {"oauth_session_streams", in_location, one, choice(stream_ends), field<&LocationConf::session_streams>,
     value("close")},
    {"oauth_session_idle", in_server, one, seconds_or_off(interval), field<&ServerConf::session_idle>,
     value("off"), gives<&SiteOptions::session_idle>},
    {"oauth_refresh", in_server, one, seconds_or_off(interval), field<&ServerConf::refresh>, value("off"),
     gives<&SiteOptions::refresh>},
    {"oauth_tokens", in_server, one, flag, field<&ServerConf::tokens>, value("off"),
     gives<&SiteOptions::keep_tokens>},
    {"oauth_cookie", in_server, some, own<set_cookie>(), field<&ServerConf::cookie>,
     words("`samesite=lax secure=auto`"), gives<&SiteOptions::cookie>},
    {"oauth_login_lifetime", in_server, one, seconds(lifetime), field<&ServerConf::login_lifetime>,
     value("10m"), gives<&SiteOptions::sign_in_lifetime>},
    {"oauth_zone", in_http, one, size(zone), field<&MainConf::zone_size>, value("8m")},
    // what the application is told
    {"oauth_identity", in_location, one, flag, field<&LocationConf::identity>, value("on")},
    {"oauth_identity_header", in_location, one, text(read_header_name), field<&LocationConf::identity_header>,
     value("X-OAuth-Identity")},
    {"oauth_identity_key", in_server, one_or_two, own<set_identity_key>(), field<&ServerConf::identity_keys>,
     words("an ES256 key made at the start, kept in the zone")},
    {"oauth_identity_audience", in_location, one, own<set_identity_audience>(),
     field<&LocationConf::audience>, words("the base URL")},
    {"oauth_identity_ttl", in_location, one, seconds(lifetime), field<&LocationConf::identity_ttl>,
     value("5m"), gives<&IdentitySettings::lifetime>},
    {"oauth_identity_claims", in_location, some, list, field<&LocationConf::identity_claims>, words("none"),
     gives<&IdentitySettings::extra_claims>},
    // for other proxies
    {"oauth_trusted_proxy", in_server, some, own<set_trusted_proxy>(), field<&ServerConf::trusted_proxies>,
     words("none")},
    // pages
    {"oauth_login_page", in_server, one, text(read_login_page), field<&ServerConf::login_page>,
     words("the built-in page"), gives<&SiteOptions::login_page>},
    {"oauth_page_title", in_server, one, text(read_printable), field<&ServerConf::page_title>,
     words("the host"), gives<&Look::title>},
    {"oauth_page_logo", in_server, one, text(read_logo), field<&ServerConf::page_logo>, words("none"),
     gives<&Look::logo>},
    {"oauth_page_color", in_server, one, text(read_page_color), field<&ServerConf::page_color>,
     words("built-in"), gives<&Look::color>},
    {"oauth_page_language", in_server, one, text(read_language), field<&ServerConf::page_language>,
     value("auto"), gives<&Look::language>},
    {"oauth_page_help", in_server, one, text(read_printable), field<&ServerConf::page_help>, words("none"),
     gives<&Look::help>},
    // the way to providers
    {"oauth_http_timeout", in_server, one, milliseconds(patience), field<&ServerConf::http_timeout>,
     value("10s"), gives<&HttpLimits::timeout>},
    {"oauth_http_connect_timeout", in_server, one, milliseconds(patience),
     field<&ServerConf::http_connect_timeout>, value("5s"), gives<&HttpLimits::connect_timeout>},
    {"oauth_http_max_body", in_server, one, size(memory), field<&ServerConf::http_max_body>, value("1m"),
     gives<&HttpLimits::max_body>},
    {"oauth_http_trusted_certificate", in_server, one, text(read_certificates),
     field<&ServerConf::http_trusted_certificate>, words("the system's certificates"),
     gives<&HttpLimits::trusted_certificates>},
    {"oauth_http_proxy", in_server, one, text(read_http_proxy), field<&ServerConf::http_proxy>, words("none"),
     gives<&HttpLimits::proxy>},
    {"oauth_clock_skew", in_server, one, seconds(tolerance), field<&ServerConf::clock_skew>, value("60s"),
     gives<&SiteOptions::clock_skew>},
    // what goes on
    {"oauth_status", in_location_alone, none_or_one, own<set_status>(), no_field, words("none")},
};

#ifndef __SANITIZE_ADDRESS__ // with which an address of a function is no constant
static_assert(fit(directives), "each row's kind, field, level and receiver fit together");
#endif

auto commands = commands_of(directives);

ngx_int_t finish(ngx_conf_t* cf) {
    if (finish_configuration(cf) != NGX_OK) {
        return NGX_ERROR;
    }
    MainConf& main = *main_conf(cf);
    if (!check_status(cf, *main.compiled)) {
        return NGX_ERROR;
    }
    if (!make_resources(cf, *main.compiled)) {
        return NGX_ERROR;
    }
    make_guards(cf, *main.compiled);
    collect_cookie_names(*main.compiled);
    return !main.in_use || (add_zone(cf, main) && add_phase_handlers(cf)) ? NGX_OK : NGX_ERROR;
}

// When all of the configuration has been read, its zones are there, and nothing can be refused any more.
ngx_int_t finish_cycle(ngx_cycle_t* cycle) {
    warn_of_late_variables(cycle);
    return close_former_zone(cycle);
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
    guarded<init_main_conf>,
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
    commands.data(),
    NGX_HTTP_MODULE,
    nullptr,               // init master
    guarded<finish_cycle>, // init module
    guarded<init_worker>,  // init process
    nullptr,               // init thread
    nullptr,               // exit thread
    guarded<exit_worker>,  // exit process
    nullptr,               // exit master
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
