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

// For requests that have to sign in: one line in the log if a proxy in front says https and the base URL does
// not.
void doubt_base_url(ngx_http_request_t* r, const ServerConf& server, std::string_view base_url);

// A sentence for the log where find_base_url() gave an empty text.
std::string why_no_base_url(ngx_http_request_t* r, const ServerConf& server);

} // namespace oauth::ngx
