// SPDX-License-Identifier: MIT
// Decides whether a text is RFC 8259 JSON as this module accepts it, before the tree is built. Only json.cpp
// calls it.
#pragma once

#include <cstddef>
#include <string_view>

namespace oauth::core {

// True for one JSON value in valid UTF-8 without BOM, NUL or lone surrogates, nested at most `max_depth`
// arrays and objects deep, with at most 100000 values and number tokens of at most 60 characters. Linear
// time, no allocation.
bool is_strict_json(std::string_view text, int max_depth);

} // namespace oauth::core
