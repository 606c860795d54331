// SPDX-License-Identifier: MIT
// Private to this folder: how a pattern of NAME~REGEX is anchored. A pattern that is meant for a whole
// address but matches in the middle of another one would let strangers in, so a pattern without anchors gets
// them.
#pragma once

#include <string>
#include <string_view>

namespace oauth::policy {

// The whole value must match. If the pattern has an anchor of its own at one end ("^adm", "@example\.org$"),
// the other end is open. The anchors hold for all alternatives, and a newline at the end of a value is not
// ignored.
std::string anchored_pattern(std::string_view regex);

bool is_anchored_at_end(std::string_view regex);

// True if the pattern has only anchors and flags.
bool is_empty_pattern(std::string_view regex);

} // namespace oauth::policy
