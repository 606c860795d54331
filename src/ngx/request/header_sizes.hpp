// SPDX-License-Identifier: MIT
// Headers that are too large for somebody, and what this module has added to them: for the log. nginx refuses
// a request with large cookies, an application one with a large identity, a proxy in front an answer.
#pragma once

#include "context.hpp"

namespace oauth::ngx {

// Of each answer of a server that uses the module, when its headers are about to be sent. `context`: null
// where the module has had nothing to do.
void tell_of_header_sizes(ngx_http_request_t* r, const Context* context);

} // namespace oauth::ngx
