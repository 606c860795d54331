// SPDX-License-Identifier: MIT
// See form.hpp. As nginx's own proxy_request_buffering off: nginx gives what has come, and is asked again
// when it has been taken.
#include "form.hpp"
#include "../boundary.hpp"

#include <algorithm>

namespace oauth::ngx {

namespace {

constexpr off_t max_form = 64 * 1024;

void go_on(ngx_http_request_t* r, UnderWay& under_way, UnderWay::Body outcome) {
    under_way.body = outcome;
    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}

// Takes what nginx has. False: it is too large.
bool take(ngx_http_request_t* r, std::string& form) {
    for (ngx_chain_t* chain = r->request_body->bufs; chain != nullptr; chain = chain->next) {
        ngx_buf_t& buffer = *chain->buf;
        const auto size = static_cast<std::size_t>(ngx_buf_in_memory(&buffer) ? buffer.last - buffer.pos : 0);
        if (form.size() + size > static_cast<std::size_t>(max_form)) {
            return false;
        }
        form.append(reinterpret_cast<const char*>(buffer.pos), size);
        buffer.pos = buffer.last; // nginx may fill it again
    }
    r->request_body->bufs = nullptr;
    return true;
}

void read_more(ngx_http_request_t* r) {
    UnderWay& under_way = make_under_way(make_context(r));
    for (;;) {
        if (r->request_body != nullptr && !take(r, under_way.form)) {
            go_on(r, under_way, UnderWay::Body::too_large);
            return;
        }
        if (r->reading_body == 0) {
            go_on(r, under_way, UnderWay::Body::read);
            return;
        }
        const ngx_int_t rc = ngx_http_read_unbuffered_request_body(r);
        if (rc == NGX_ERROR || rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            ngx_http_finalize_request(r, rc);
            return;
        }
        if (rc == NGX_AGAIN && r->request_body->bufs == nullptr) {
            return;
        }
    }
}

// The client sends, or is silent for too long.
void on_more(ngx_http_request_t* r) {
    try {
        read_more(r);
    } catch (...) {
        log_exception(std::current_exception());
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }
}

// What has come with the headers.
void on_body(ngx_http_request_t* r) {
    if (r->reading_body != 0) {
        r->read_event_handler = guarded<on_more>;
        r->write_event_handler = ngx_http_request_empty_handler;
    }
    on_more(r);
}

} // namespace

ngx_int_t read_form(ngx_http_request_t* r) {
    UnderWay& under_way = make_under_way(make_context(r));
    if (r->headers_in.content_length_n > max_form) { // before it is asked for
        under_way.body = UnderWay::Body::too_large;
        return NGX_OK;
    }
    under_way.form.reserve(static_cast<std::size_t>(std::max<off_t>(r->headers_in.content_length_n, 0)));
    r->request_body_no_buffering = 1;
    r->request_body_in_file_only = 0;
    const ngx_int_t rc = ngx_http_read_client_request_body(r, guarded<on_body>);
    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }
    ngx_http_finalize_request(r, NGX_DONE);
    return NGX_DONE;
}

} // namespace oauth::ngx
