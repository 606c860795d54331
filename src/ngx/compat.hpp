// SPDX-License-Identifier: MIT
// Every difference between the nginx versions that this module builds with, 1.22 to mainline, and nothing
// else.
#pragma once

#include "ngx.hpp"

namespace oauth::ngx {

// Calls `keep(ngx_table_elt_t&)` for each Cookie header of the request, and takes those out of what
// $http_cookie and $cookie_NAME read for which it says no.
template <class Keep>
void keep_cookie_headers(ngx_http_request_t* r, Keep keep) {
#if (nginx_version >= 1023000)
    ngx_table_elt_t** link = &r->headers_in.cookie;
    while (*link != nullptr) {
        if (keep(**link)) {
            link = &(*link)->next;
        } else {
            *link = (*link)->next;
        }
    }
#else
    auto** headers = static_cast<ngx_table_elt_t**>(r->headers_in.cookies.elts);
    ngx_uint_t kept = 0;
    for (ngx_uint_t i = 0; i < r->headers_in.cookies.nelts; ++i) {
        if (keep(*headers[i])) {
            headers[kept++] = headers[i];
        }
    }
    r->headers_in.cookies.nelts = kept;
#endif
}

// Makes it the one Cache-Control that nginx knows of the response. False: no memory.
inline bool set_only_cache_control(ngx_http_request_t* r, ngx_table_elt_t* header) {
#if (nginx_version >= 1023000)
    r->headers_out.cache_control = header;
    return true;
#else
    ngx_array_t& known = r->headers_out.cache_control;
    if (known.elts == nullptr && ngx_array_init(&known, r->pool, 1, sizeof(ngx_table_elt_t*)) != NGX_OK) {
        return false;
    }
    known.nelts = 0;
    auto** place = static_cast<ngx_table_elt_t**>(ngx_array_push(&known));
    if (place != nullptr) {
        *place = header;
    }
    return place != nullptr;
#endif
}

inline void terminate_chain(ngx_table_elt_t& header) {
#if (nginx_version >= 1023000)
    header.next = nullptr;
#else
    static_cast<void>(header);
#endif
}

} // namespace oauth::ngx
