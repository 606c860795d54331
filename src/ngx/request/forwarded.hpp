// SPDX-License-Identifier: MIT
// What a proxy in front says of the client's scheme. Nothing is decided by it, because anybody can say it: it
// makes a line for the log where oauth_base_url seems to be missing.
#pragma once

#include "../ngx.hpp"

#include <string_view>

namespace oauth::ngx {

// For a request whose base URL is http: true if a proxy says that it was https, after one line in the log.
bool tell_of_https_proxy(ngx_http_request_t* r, std::string_view base_url);

} // namespace oauth::ngx
