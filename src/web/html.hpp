// SPDX-License-Identifier: MIT
// Text on its way into HTML.
#pragma once

#include <string>
#include <string_view>

namespace oauth::web {

// For text and for quoted attributes; control characters become U+FFFD.
std::string html_escape(std::string_view text);

} // namespace oauth::web
