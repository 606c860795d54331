// SPDX-License-Identifier: MIT
// What counts as an e-mail address in a rule, and what as its domain. Deliberately narrower than RFC 5322: an
// address that two programs could read differently counts for nothing. Pure; the views borrow from the
// caller's text.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace oauth::policy {

constexpr std::size_t max_address_size = 320;

// ASCII letters, digits, '-', '_' and single dots between them: no trailing or leading dot, no empty label.
bool is_domain(std::string_view text);

// What follows the '@' of an address; nothing if the text is not exactly one plain address: one '@', no
// quotes, spaces, control characters or list separators, no encoded '@', a local part, a domain as above, at
// most 320 bytes.
std::optional<std::string_view> address_domain(std::string_view address);

} // namespace oauth::policy
