// SPDX-License-Identifier: MIT
// Turns an Answer into nginx's response. Its cookies and its Cache-Control are written by the header filter
// (filter.hpp).
#pragma once

#include "context.hpp"

#include <string>

namespace oauth::ngx {

// Sends the answer, or sets the headers and leaves the body to an error_page of the location. Returns what a
// phase handler returns.
ngx_int_t respond(ngx_http_request_t* r, Context& context, const web::Answer& answer);

// The status, the type and the body alone: for a content handler, which returns what this does.
ngx_int_t write(ngx_http_request_t* r, const web::Answer& answer);

// One more header of the answer. Throws bad_alloc, and where the value has a control character.
ngx_table_elt_t* push_header(ngx_http_request_t* r, std::string_view name, std::string_view value);

// A whole Set-Cookie value for whatever answer the main request gets. Throws bad_alloc.
void set_cookie(ngx_http_request_t* r, const std::string& cookie);

// One line, with control characters made visible.
void log_answer(ngx_http_request_t* r, web::LogLevel level, std::string_view text);

} // namespace oauth::ngx
