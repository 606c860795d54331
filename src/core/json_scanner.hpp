// SPDX-License-Identifier: MIT
// Decides whether a text is RFC 8259 JSON as this module accepts it, before the tree is built. Only json.cpp
// calls it.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace oauth::core {

// The numbers of a text, as they stand there and in its order.
using NumberTexts = std::vector<std::string_view>;

// For one JSON value in valid UTF-8 without BOM, NUL or lone surrogates, nested at most `max_depth` arrays
// and objects deep, with at most 100000 values and numbers of at most 60 characters: its numbers. nullopt for
// anything else. Linear time.
std::optional<NumberTexts> scan_strict_json(std::string_view text, int max_depth);

} // namespace oauth::core
