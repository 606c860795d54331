// SPDX-License-Identifier: MIT
// Variables of the environment whose names are close to those that are read, and which nothing reads: what an
// administrator has set in vain. Only names are looked at, and shown.
#pragma once

#include "environment.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace oauth::providers {

// A sentence about a variable that is not among those that are `read`; empty: it is none of ours, or it is
// somebody else's. `get`: tells which types of providers are in use.
std::string explain_unread(std::string_view name, const std::vector<std::string>& read,
                           const GetVariable& get);

} // namespace oauth::providers
