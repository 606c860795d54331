// SPDX-License-Identifier: MIT
// The base URL of a request: as configured, or of its own scheme and host where that host is ours. Which
// hosts are, and with which ports: docs/operations.md.
#pragma once

#include "../conf/conf.hpp"

#include <string>
#include <string_view>

namespace oauth::ngx {

// "https://host[:port]", which lives as long as the request; empty: the request's host is none of ours.
std::string_view find_base_url(ngx_http_request_t* r, const ServerConf& server);

// The origin of the host that a request was sent to, beside a configured base URL; empty: there is none, or
// that host is no name of the server's. The scheme is https where the base URL says that a proxy speaks it.
std::string own_origin(ngx_http_request_t* r, const ServerConf& server);

// Is it one of the server's names, in lower case and without a final dot?
bool is_server_name(const ServerConf& server, std::string_view host);

// For requests that have to sign in: one line in the log if a proxy in front says https and the base URL does
// not.
void doubt_base_url(ngx_http_request_t* r, const ServerConf& server, std::string_view base_url);

// A sentence for the log where find_base_url() gave an empty text.
std::string why_no_base_url(ngx_http_request_t* r, const ServerConf& server);

} // namespace oauth::ngx
