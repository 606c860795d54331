// SPDX-License-Identifier: MIT
// The body of a request to one of our endpoints, read into memory whatever the location says about buffering
// to files: reading a file would block the worker. It is taken piece by piece, over HTTP/1.1, 2 and 3, with a
// length or in chunks, up to a bound.
#pragma once

#include "context.hpp"

namespace oauth::ngx {

// Returns what a phase handler returns. The phases run again when UnderWay::body says `read` or `too_large`.
ngx_int_t read_form(ngx_http_request_t* r);

} // namespace oauth::ngx
