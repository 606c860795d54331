// SPDX-License-Identifier: MIT
// The base URL of a request: docs/operations.md.
#pragma once

#include "../conf/conf.hpp"

#include <string_view>

namespace oauth::ngx {

// "https://host[:port]" as configured, or of the request where its host is one of the server's names or the
// address it was reached at; empty otherwise. A view that lives as long as the request.
std::string_view find_base_url(ngx_http_request_t* r, const ServerConf& server);

} // namespace oauth::ngx
