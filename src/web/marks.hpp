// SPDX-License-Identifier: MIT
// The marks of provider types on the sign-in page: simple signs, drawn for this project, that tell them
// apart. They are nobody's trademark.
#pragma once

#include <string_view>

namespace oauth::web {

// An inline <svg> of 24 by 24 units in the colour of the text around it, hidden from screen readers.
std::string_view mark_of(std::string_view provider_type);

} // namespace oauth::web
