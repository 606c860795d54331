// SPDX-License-Identifier: MIT
// What browsers do with cookies (RFC 6265bis 5.1 and 5.7), as far as settings can be wrong about it: which
// they refuse, and where they send those that they take. For the configuration, which refuses settings with
// which no sign-in could succeed, and for flows, which send nobody to a sign-in that cannot help.
#pragma once

#include "cookies.hpp"

#include <string>
#include <string_view>

namespace oauth::session {

// Is a cookie with this Path sent to `path`? Empty is "/".
bool path_covers(std::string_view cookie_path, std::string_view path);

// Is a cookie with this Domain taken from `host`, and sent there? Both without a port.
bool domain_covers(std::string_view domain, std::string_view host);

enum class Scheme { unknown, http, https };

// Why browsers take no cookie with these settings, whatever the host; empty: they take it. `scheme` is the
// base URL's.
std::string why_refused(const CookieSettings& cookie, Scheme scheme);

} // namespace oauth::session
