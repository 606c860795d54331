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

// The host, with its port if it has one, as the client wrote it; empty: it wrote none. What the request line
// or ":authority" says goes before the Host header, as it does for nginx. Where that is left differs:
// - HTTP/2: a Host header that nginx makes of it, since 1.29.1 and 1.28.1 also host_start to host_end;
// - HTTP/3: host_start to host_end alone;
// - an address in the request line: the host alone is between them, since 1.29.3 with the port.
inline std::string_view authority_of(const ngx_http_request_t* r) {
    r = r->main; // a subrequest has its headers, and not its request line
    if (r->host_end == nullptr) {
        return r->headers_in.host == nullptr ? std::string_view() : view(r->headers_in.host->value);
    }
    const u_char* end = r->host_end;
    if (r->http_version < NGX_HTTP_VERSION_20 && *end == ':') { // the path, or a space, ends the port
        do {
            ++end;
        } while (*end >= '0' && *end <= '9');
    }
    return {reinterpret_cast<const char*>(r->host_start), static_cast<std::size_t>(end - r->host_start)};
}

} // namespace oauth::ngx
