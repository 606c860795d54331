// SPDX-License-Identifier: MIT
// Private to this folder: the words of the rule language, the nearest known one to a mistyped one, and which
// values a condition could never match. Used while the configuration is read.
#pragma once

#include "rule.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace oauth::policy {

// What a condition of that name is about, claim.PATH among them; nullopt if there is none. Not `policy` and
// not `if`.
std::optional<Topic> find_topic(std::string_view name);

std::string in_quotes(std::string_view text);

// "provider, sub, user, ...": for messages.
const std::string& accepted_conditions();

// ", did you mean \"group\"?", or "." if no known word is near.
std::string nearest_hint(std::string_view word, const std::vector<std::string>& known);
std::string nearest_condition_hint(std::string_view word);

// Why no session can ever have this value; empty if a session can.
std::string impossible_value(const Topic& topic, const ValueText& value);

} // namespace oauth::policy
