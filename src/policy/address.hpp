// SPDX-License-Identifier: MIT
// What counts as an e-mail address in a rule, and what as its domain. Deliberately narrower than RFC 5322: an
// address that two programs could read differently does not count. Pure functions; the views point into the
// caller's text.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace oauth::policy {

constexpr std::size_t max_address_size = 320;

// ASCII letters, digits, '-', '_' and single dots between them: no trailing or leading dot, no empty label.
bool is_domain(std::string_view text);

// The domain of an address. nullopt unless the text is exactly one plain address: a local part, one '@', a
// domain as above; no quotes, spaces, control characters, list separators or encoded '@'; at most 320 bytes.
std::optional<std::string_view> address_domain(std::string_view address);

} // namespace oauth::policy
