// SPDX-License-Identifier: MIT
// Private to this folder: where a pattern of NAME~REGEX is anchored. A pattern that was meant for a whole
// address and is found in the middle of another one lets strangers in, so it is anchored unless it says
// otherwise itself.
#pragma once

#include <string>
#include <string_view>

namespace oauth::policy {

// The whole value has to match, unless the pattern itself says at one end where it is anchored ("^adm",
// "@example\.org$"): then the other end is open. Alternatives do not escape the anchors, and a newline at the
// end is not overlooked.
std::string anchored_pattern(std::string_view regex);

bool is_anchored_at_end(std::string_view regex);

// Nothing but anchors and flags.
bool is_empty_pattern(std::string_view regex);

} // namespace oauth::policy
