// SPDX-License-Identifier: MIT
// An Answer as nginx's response.
#pragma once

#include "context.hpp"

namespace oauth::ngx {

// Sends it, or prepares the headers and leaves the body to an error_page of the location. What a phase
// handler returns.
ngx_int_t respond(ngx_http_request_t* r, Context& context, const web::Answer& answer);

// One line, with control characters made visible.
void log_answer(ngx_http_request_t* r, web::LogLevel level, std::string_view text);

} // namespace oauth::ngx
