// SPDX-License-Identifier: MIT
// What the rows of the directive table are read with, beside the plain values of table.hpp. Each reader
// checks its value at once and says what was found and what is accepted.
#pragma once

#include "conf.hpp"

#include <optional>
#include <string>

namespace oauth::ngx {

// "found ..., accepted: ...", without what stands before "@" in a URL or an address.
std::string found_instead(std::string_view found, std::string_view accepted);
// Logs "\"NAME\": found ..., accepted: ..." with file and line. Always conf_failed().
char* refuse_value(ngx_conf_t* cf, std::string_view found, std::string_view accepted);
char* refuse(ngx_conf_t* cf, std::string_view sentence);
// The directive, or the parameter of a block, stands there already.
char* refuse_duplicate(ngx_conf_t* cf);
char* refuse_at(ngx_conf_t* cf, const Place& place, std::string_view sentence);

// An argument of the directive that is being read; 0 is its name.
std::string argument(ngx_conf_t* cf, ngx_uint_t index);

// The value of file:PATH or env:NAME, or the literal value. Newlines at the end of a file are cut. nullopt:
// an error has been logged. No message has a secret in it.
struct Source {
    std::string text; // not empty, but for a literal
    enum class From { literal, file, variable } from = From::literal;
};
std::string why_no_secret(const Source& source); // see core/secrets.hpp
std::optional<Source> read_source(ngx_conf_t* cf, const std::string& source);
// For a parameter that is always a file; read_source() does it by itself.
void warn_of_open_file(ngx_conf_t* cf, const std::string& path);
// " "NAME"" for a message, or nothing where that could be a secret in the wrong place.
std::string shown_file(std::string_view name);
constexpr std::size_t max_file = 1024 * 1024;
std::optional<std::string> read_file(ngx_conf_t* cf, const std::string& path, std::string& error,
                                     std::size_t max_size = max_file);

// `include FILE;` in a block of ours; nullopt: the directive is another one.
std::optional<char*> read_include(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);

// Adds the providers whose environment variables are all set and that have no block. False: an error has been
// logged.
bool add_environment_providers(ngx_conf_t* cf, MainConf::Compiled& compiled);

// The readers of texts.
std::optional<std::string> read_printable(ngx_conf_t* cf, const std::string& found, std::string& problem);
std::optional<std::string> read_base_url(ngx_conf_t* cf, const std::string& found, std::string& problem);
std::optional<std::string> read_path(ngx_conf_t* cf, const std::string& found, std::string& problem);
std::optional<std::string> read_login_page(ngx_conf_t* cf, const std::string& found, std::string& problem);
std::optional<std::string> read_logo(ngx_conf_t* cf, const std::string& found, std::string& problem);
std::optional<std::string> read_page_color(ngx_conf_t* cf, const std::string& found, std::string& problem);
std::optional<std::string> read_language(ngx_conf_t* cf, const std::string& found, std::string& problem);
std::optional<std::string> read_header_name(ngx_conf_t* cf, const std::string& found, std::string& problem);
std::optional<std::string> read_http_proxy(ngx_conf_t* cf, const std::string& found, std::string& problem);
std::optional<std::string> read_certificates(ngx_conf_t* cf, const std::string& found, std::string& problem);

// The setters of directives that are more than a value.
char* set_rule(ngx_conf_t* cf, ngx_command_t* cmd, void* conf); // oauth_allow, oauth_deny
char* set_policy_block(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_provider_block(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_bearer_audience(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_mcp(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_session_store(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_session_key(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_cookie(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_trusted_proxy(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_identity_key(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
char* set_identity_audience(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);

} // namespace oauth::ngx
