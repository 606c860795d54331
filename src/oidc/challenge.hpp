// SPDX-License-Identifier: MIT
// What a server says in WWW-Authenticate of why it refused: RFC 9110 11.6.1, RFC 6750 3, RFC 9449 7.1. Used
// in this folder only.
#pragma once

#include "../net/http.hpp"
#include "wire.hpp"

#include <string_view>

namespace oauth::oidc {

// The first challenge of that scheme, in any case, with an error. Empty: there is none. What it says is as it
// was sent, of any size.
ErrorAnswer challenge_of(const net::HttpResponse& response, std::string_view scheme);

} // namespace oauth::oidc
