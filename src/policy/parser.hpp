// SPDX-License-Identifier: MIT
// Private to this folder: from one word of a directive to one condition. Called by RuleSet::add while the
// configuration is read.
#pragma once

#include "rule.hpp"

namespace oauth::policy {

// NAME=VALUE,... and its kin, policy=NAME, if=$variable. An error as RuleSet::add reports it; empty if
// `condition` is complete.
std::string parse_condition(const std::string& word, const ParserPorts& ports, Condition& condition);

} // namespace oauth::policy
