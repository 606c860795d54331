// SPDX-License-Identifier: MIT
// What every answer of an MCP server carries, its own and the application's, and that of the documents that
// its clients look for: see oauth_mcp.
#pragma once

#include "../conf/conf.hpp"

namespace oauth::ngx {

// In the header filter, of a main request: CORS for any origin, without credentials, and events that are not
// held back in a buffer. Throws bad_alloc.
void finish_mcp_answer(ngx_http_request_t* r);

// Of several challenges: clients read the first one alone, and auth_basic has written its own before.
void put_bearer_first(ngx_http_request_t* r);

inline bool is_of_mcp(ngx_http_request_t* r) {
    const flow::ProtectedResource* resource = location_conf(r)->resource;
    return resource != nullptr && resource->is_mcp;
}

} // namespace oauth::ngx
