// SPDX-License-Identifier: MIT
// The configuration as nginx keeps it. The structs that directives address are plain; they point to C++
// objects, which are made in the configuration's pool and destroyed with it. Nothing is global, because
// during a reload the old and the new configuration exist side by side.
#pragma once

#include "../ngx.hpp"

#include "../../../providers/provider.hpp"
#include "../../figures/exposition.hpp"
#include "../../flow/endpoints.hpp"
#include "../../flow/admission.hpp"
#include "../../flow/protected_resource.hpp"
#include "../../flow/signed_identity.hpp"
#include "../../flow/site.hpp"
#include "../../net/curl_client.hpp"
#include "../../policy/policy.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace oauth::ngx {

class Runtime;

// Where in the files something was written, for errors found later.
struct Place {
    std::string file;
    ngx_uint_t line = 0;
};

Place place_of(ngx_conf_t* cf);
Place* make_place(ngx_conf_t* cf); // in the configuration's pool

struct RawRule {
    policy::Action action;
    std::vector<std::string> words;
    Place place;
};

// The rules of one level, compiled when all of the configuration has been read.
struct RuleHolder {
    std::vector<RawRule> raw;
    std::shared_ptr<const policy::RuleSet> rules;
    std::string policy_name; // of an oauth_policy block
    enum class Progress { raw, compiling, compiled } progress = Progress::raw;
};

struct DynamicParameter { // authorize_param with variables
    std::string name;
    ngx_http_complex_value_t value;
};

struct ProviderEntry {
    providers::Settings settings;
    std::vector<DynamicParameter> dynamic_parameters;
    Place place;
};

struct ServerConf;
struct LocationConf;

struct MainConf {
    // What has been read, in C++: made in the configuration's pool and destroyed with it.
    struct Compiled {
        std::vector<std::unique_ptr<ProviderEntry>> providers;
        std::vector<RuleHolder*> rule_holders;
        std::vector<RuleHolder*> policies;
        std::vector<ServerConf*> servers;
        std::vector<LocationConf*> locations;
        std::optional<std::string> ignored_proxy; // the variable that names one; empty: none does
        std::shared_ptr<policy::Effort> effort = std::make_shared<policy::Effort>(); // for all rules
        flow::Requirements requirements;
        figures::Named named; // that figures are about
        std::vector<std::string>
            cookie_names;                 // of all servers that use the module: none of theirs goes upstream
        std::set<std::string> variables;  // of the environment, that have been asked for
        ngx_uint_t environment_lines = 0; // `env` directives that stand above the end of the http block
        bool steps_up = false;            // some location has oauth_step_up
    };

    size_t zone_size;
    ngx_shm_zone_t* zone;
    ngx_shm_zone_t* late_zone;    // see session::LateNews
    ngx_shm_zone_t* figures_zone; // see figures::Memory
    bool in_use;                  // by some server, or its figures are asked for
    Compiled* compiled;
    Runtime* runtime; // this worker's; made after fork
};

struct ServerName {
    std::string name; // lower case; empty where it is a regular expression
    bool is_plain = false;
#if (NGX_PCRE)
    ngx_regex_t* regex = nullptr;
#endif
};

struct ServerConf {
    struct Compiled {
        flow::SiteOptions options;
        std::vector<std::string> session_keys; // empty: the zone's
        identity::KeyRing identity_ring;       // configured keys; empty: the zone's
        net::HttpLimits limits;
        std::vector<ServerName> names; // nginx's own array is gone once the configuration has been read
        std::vector<std::string> cookie_names; // its cookies' base names, whatever the scheme of a request
        std::vector<std::string> identity_headers; // normalised names, of all its locations
        std::vector<const LocationConf*> places;   // its locations that have a path, where some take tokens
        bool takes_tokens = false;                 // some location has oauth_bearer or oauth_mcp
        bool has_mcp = false;
    };

    ngx_str_t base_url;
    ngx_str_t path;
    ngx_str_t page_title;
    ngx_str_t page_logo; // as a data: URL
    ngx_str_t page_color;
    ngx_str_t page_language;
    ngx_str_t page_help;
    ngx_str_t login_page;
    ngx_msec_t session_timeout;
    ngx_msec_t session_cache;
    time_t session_lifetime;
    time_t session_idle;
    time_t refresh;
    time_t login_lifetime;
    time_t clock_skew;
    ngx_msec_t http_timeout;
    ngx_msec_t http_connect_timeout;
    size_t http_max_body;
    ngx_str_t http_proxy;
    ngx_str_t http_trusted_certificate; // its text
    ngx_flag_t tokens;
    session::StoreSettings* session_store; // NULL: the cookie
    Place* session_store_place;
    ngx_array_t* session_keys;    // of ngx_str_t, secrets
    ngx_array_t* identity_keys;   // of IdentityKey
    ngx_array_t* trusted_proxies; // of ngx_cidr_t; NULL: none
    session::CookieSettings* cookie;
    Place* cookie_place;
    Compiled* compiled;
    ngx_uint_t index;    // of the worker's site
    bool in_use;         // some location is not off
    bool has_own_cookie; // oauth_cookie or oauth_base_url stands in it, and is not inherited
};

struct IdentityKey {
    ngx_str_t text;
    ngx_str_t kid;
};

// oauth_mcp on.
struct McpSettings {
    bool is_on = false;
    const LocationConf* location = nullptr; // that it stands in; those inside have it, too
    std::string path;                       // the location's; of a regular expression, that of url
    std::string url;
    std::optional<std::vector<std::string>> scopes;
    std::vector<std::string> authorization_servers;
    Place place;
};

struct LocationConf {
    Place* place; // where its block begins
    const ngx_http_core_loc_conf_t* core;
    const void* rewrite; // bypasses.hpp
    bool is_server;      // it is what the server has outside of locations
    ngx_uint_t mode;
    Place* mode_place;
    ngx_array_t* providers; // of ngx_str_t; NULL: all
    Place* providers_place;
    RuleHolder* rules;
    session::StepUp* step_up; // NULL: none is set; empty: off
    Place* step_up_place;
    ngx_uint_t policy_mode;
    ngx_uint_t unauthenticated;
    ngx_uint_t session_streams;
    ngx_uint_t status; // of enum Status
    Place* status_place;
    ngx_flag_t identity;
    ngx_str_t identity_header;
    ngx_str_t identity_header_lowcase;
    ngx_uint_t identity_header_hash;
    ngx_http_complex_value_t* audience; // NULL: the base URL
    time_t identity_ttl;
    ngx_array_t* identity_claims; // of ngx_str_t
    flow::IdentitySettings* identity_settings;
    std::vector<std::size_t>* offer; // indexes of providers
    ngx_flag_t bearer;
    Place* bearer_place;
    ngx_array_t* bearer_audience; // of ngx_str_t
    ngx_uint_t bearer_type;
    McpSettings* mcp;                  // NULL: off
    flow::ProtectedResource* resource; // NULL: tokens count for nothing
    flow::Guard* guard;                // NULL: the module is off here
    const ServerConf* server;
};

enum SessionStreams : ngx_uint_t { streams_close, streams_keep };
enum Status : ngx_uint_t { status_none, status_prometheus, status_json };
enum PolicyMode : ngx_uint_t { policy_enforce, policy_shadow };
enum Mode : ngx_uint_t { mode_off, mode_optional, mode_on };

void* create_main_conf(ngx_conf_t* cf);
char* init_main_conf(ngx_conf_t* cf, void* conf);
void* create_server_conf(ngx_conf_t* cf);
void* create_location_conf(ngx_conf_t* cf);
char* merge_server_conf(ngx_conf_t* cf, void* parent, void* child);
char* merge_location_conf(ngx_conf_t* cf, void* parent, void* child);

// After everything has been read and merged: rules compiled, needs collected, servers checked.
ngx_int_t finish_configuration(ngx_conf_t* cf);

// What a message calls a server.
std::string names_of(const ServerConf& server);

MainConf* main_conf(ngx_conf_t* cf);
inline MainConf* main_conf(ngx_http_request_t* r) {
    return static_cast<MainConf*>(ngx_http_get_module_main_conf(r, ngx_http_oauth_module));
}
inline ServerConf* server_conf(ngx_http_request_t* r) {
    return static_cast<ServerConf*>(ngx_http_get_module_srv_conf(r, ngx_http_oauth_module));
}
inline LocationConf* location_conf(ngx_http_request_t* r) {
    return static_cast<LocationConf*>(ngx_http_get_module_loc_conf(r, ngx_http_oauth_module));
}

// "X-OAuth-Identity" -> "x_oauth_identity": what reaches an upstream as the same name has the same normalised
// name.
std::string normalise_header_name(std::string_view name);

} // namespace oauth::ngx
