// SPDX-License-Identifier: MIT
// Private to this folder: parses one word of a directive into one condition. Called by RuleSet::add while the
// configuration is read.
#pragma once

#include "rule.hpp"

namespace oauth::policy {

// NAME=VALUE,... with any operator, policy=NAME or if=$variable. Fills `condition` and returns an empty
// string, or returns the error for RuleSet::add.
std::string parse_condition(const std::string& word, const ParserPorts& ports, Condition& condition);

} // namespace oauth::policy
