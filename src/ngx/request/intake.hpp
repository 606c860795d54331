// SPDX-License-Identifier: MIT
// What is done with a request before anything else sees it, in POST_READ: what a client could forge is
// removed, our own cookies are cut out and kept, an endpoint of ours is recognised, and the query of a
// callback put out of sight. Linear in the request's size.
#pragma once

#include "context.hpp"

namespace oauth::ngx {

// Main requests of a server that uses the module; may be called again. Throws bad_alloc.
void take_in(ngx_http_request_t* r, const ServerConf& server);

// An internal redirect brought the request to another path: is that an endpoint of ours?
void find_route_again(ngx_http_request_t* r, const ServerConf& server);

// Who sends the main request that `r` belongs to; nullptr: this worker has no site for the server (see
// no_site).
flow::Visitor* visitor_of(ngx_http_request_t* r);

// Is it a cookie of this module, of whatever server, by its name?
bool is_own_cookie(ngx_http_request_t* r, std::string_view name);

} // namespace oauth::ngx
