// SPDX-License-Identifier: MIT
// Serves an endpoint of ours: facts and, where it takes one, the body in; flow::serve; the answer out.
#pragma once

#include "context.hpp"

namespace oauth::ngx {

// What a phase handler returns; entered again until the flow is done.
ngx_int_t serve_endpoint(ngx_http_request_t* r, Context& context);

} // namespace oauth::ngx
