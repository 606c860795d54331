// SPDX-License-Identifier: MIT
// Lists in header fields, whose elements stand between commas: RFC 9110 5.6.1.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace oauth::core {

// Where the first element ends: at a comma that is in no quotes, or with the list. nullopt: quotes without an
// end.
constexpr std::optional<std::size_t> end_of_element(std::string_view list) {
    bool is_quoted = false;
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (is_quoted && list[i] == '\\') {
            ++i;
        } else if (list[i] == '"') {
            is_quoted = !is_quoted;
        } else if (list[i] == ',' && !is_quoted) {
            return i;
        }
    }
    return is_quoted ? std::nullopt : std::optional(list.size());
}

} // namespace oauth::core
