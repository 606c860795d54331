// SPDX-License-Identifier: MIT
// Every difference between the nginx versions that this module builds with, 1.22 to mainline, and nothing
// else.
#pragma once

#include "ngx.hpp"

namespace oauth::ngx {

// Calls `visit(ngx_table_elt_t&)` for each Cookie header of the request.
template <class Visit>
void for_each_cookie_header(ngx_http_request_t* r, Visit visit) {
#if (nginx_version >= 1023000)
    for (ngx_table_elt_t* header = r->headers_in.cookie; header != nullptr; header = header->next) {
        visit(*header);
    }
#else
    auto** headers = static_cast<ngx_table_elt_t**>(r->headers_in.cookies.elts);
    for (ngx_uint_t i = 0; i < r->headers_in.cookies.nelts; ++i) {
        visit(*headers[i]);
    }
#endif
}

// Takes a header out of what $http_cookie and $cookie_NAME read.
inline void forget_cookie_header(ngx_http_request_t* r, const ngx_table_elt_t* gone) {
#if (nginx_version >= 1023000)
    for (ngx_table_elt_t** link = &r->headers_in.cookie; *link != nullptr; link = &(*link)->next) {
        if (*link == gone) {
            *link = (*link)->next;
            return;
        }
    }
#else
    auto** headers = static_cast<ngx_table_elt_t**>(r->headers_in.cookies.elts);
    ngx_uint_t kept = 0;
    for (ngx_uint_t i = 0; i < r->headers_in.cookies.nelts; ++i) {
        if (headers[i] != gone) {
            headers[kept++] = headers[i];
        }
    }
    r->headers_in.cookies.nelts = kept;
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
