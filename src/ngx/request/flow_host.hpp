// SPDX-License-Identifier: MIT
// Runs a flow for a request that waits in a phase: started here, cancelled when the client goes away,
// answered when it is done.
#pragma once

#include "context.hpp"

namespace oauth::ngx {

// Starts the flow whose facts and offer are in the context. What the phase handler returns: the answer's code
// if the flow had nothing to wait for, else NGX_AGAIN.
ngx_int_t start_flow(ngx_http_request_t* r, Context& context, core::Task<web::Answer> task);

// The handler was entered again: NGX_AGAIN while the flow waits, then the answer.
ngx_int_t continue_flow(ngx_http_request_t* r, Context& context);

} // namespace oauth::ngx
