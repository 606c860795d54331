// SPDX-License-Identifier: MIT
// Private to this folder: the words of the rule language, the nearest known one to a mistyped one, and which
// values a condition could never match. Used while the configuration is read.
#pragma once

#include "rule.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace oauth::policy {

// The fact of that name, claim.PATH among them; nothing if there is none. Not `policy` and not `if`.
std::optional<Name> find_fact(std::string_view name);

// "provider, sub, user, ...": for messages.
const std::string& accepted_conditions();

// ", did you mean \"group\"?", or just "." where no known word is near.
std::string nearest_hint(std::string_view word, const std::vector<std::string>& known);
std::string nearest_condition_hint(std::string_view word);

// Why no session can ever have this value; empty if one may.
std::string impossible_value(Name name, const ValueText& value);

} // namespace oauth::policy
