// SPDX-License-Identifier: MIT
// See mcp_answers.hpp. nginx may run the header filter twice for one answer: doing it again changes nothing.
#include "mcp_answers.hpp"
#include "answer_headers.hpp"
#include "respond.hpp"
#include "streams.hpp"

#include <utility>

namespace oauth::ngx {

namespace {

constexpr std::string_view allow_origin = "Access-Control-Allow-Origin";
constexpr std::string_view allow_credentials = "Access-Control-Allow-Credentials";
constexpr std::string_view expose = "Access-Control-Expose-Headers";
constexpr std::string_view exposed = "WWW-Authenticate, Mcp-Session-Id";

// Two of them, and browsers take neither.
void keep_one_origin(ngx_http_request_t* r) {
    bool is_there = false;
    for_each_header_of(r, allow_origin, [&](ngx_table_elt_t& header) {
        header.hash = is_there ? 0 : header.hash;
        is_there = true;
    });
    if (!is_there) {
        push_header(r, allow_origin, "*");
    }
}

void expose_headers(ngx_http_request_t* r) {
    bool is_there = false;
    for_each_header_of(r, expose, [&](const ngx_table_elt_t& header) {
        is_there = is_there || view(header.value) == exposed;
    });
    if (!is_there) {
        push_header(r, expose, exposed);
    }
}

} // namespace

void put_bearer_first(ngx_http_request_t* r) {
    ngx_table_elt_t* first = nullptr;
    for_each_header_of(r, "WWW-Authenticate", [&](ngx_table_elt_t& header) {
        if (first != nullptr && view(header.value).starts_with("Bearer ") &&
            !view(first->value).starts_with("Bearer ")) {
            std::swap(first->value, header.value);
        }
        first = first == nullptr ? &header : first;
    });
}

void finish_mcp_answer(ngx_http_request_t* r) {
    put_bearer_first(r);
    keep_one_origin(r);
    expose_headers(r);
    for_each_header_of(r, allow_credentials, [](ngx_table_elt_t& header) { header.hash = 0; });
    if (r->upstream != nullptr && r->upstream->cacheable == 0 && is_event_stream(r)) {
        r->upstream->buffering = 0; // as X-Accel-Buffering: no has it
    }
}

} // namespace oauth::ngx
