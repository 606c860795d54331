// SPDX-License-Identifier: MIT
// The setters of the directive table. Each checks its value at once and says, with the directive's name, what
// was found and what is accepted. `cmd->offset` addresses the field, as in nginx's own setters.
#pragma once

#include "conf.hpp"

#include <optional>
#include <string>

namespace oauth::ngx {

// Logs "\"NAME\": found ..., accepted: ..." with file and line. Always conf_failed().
char* refuse_value(ngx_conf_t* cf, std::string_view found, std::string_view accepted);
char* refuse(ngx_conf_t* cf, std::string_view sentence);
char* refuse_at(ngx_conf_t* cf, const Place& place, std::string_view sentence);

// An argument of the directive that is being read; 0 is its name.
std::string argument(ngx_conf_t* cf, ngx_uint_t index);

// file:PATH, env:NAME or the literal value. A file's trailing newlines are cut. Nothing: an error has been
// logged; a secret is in no message.
std::optional<std::string> read_source(ngx_conf_t* cf, const std::string& source);
std::optional<std::string> read_file(ngx_conf_t* cf, const std::string& path, std::string& error);

// Providers whose environment variables are all set and that no block has named. False: an error has been
// logged.
bool add_environment_providers(ngx_conf_t* cf, MainConf::Compiled& compiled);

char* set_time(ngx_conf_t* cf, ngx_command_t* cmd, void* conf); // seconds, into time_t
char* set_milliseconds(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_size(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_flag(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_choice(ngx_conf_t* cf, ngx_command_t* cmd, void* conf); // cmd->post: ngx_conf_enum_t[]
char* set_text(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_names(ngx_conf_t* cf, ngx_command_t* cmd, void* conf); // a list of ngx_str_t

char* set_mode(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_providers(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_base_url(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_path(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_login_page(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_rule(ngx_conf_t* cf, ngx_command_t* cmd, void* conf); // oauth_allow, oauth_deny
char* set_policy_block(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_provider_block(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_session_key(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_cookie(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_identity_header(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_identity_key(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_identity_audience(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_http_proxy(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_trusted_certificate(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);

} // namespace oauth::ngx
