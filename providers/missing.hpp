// SPDX-License-Identifier: MIT
// What rules need of a user and the provider has not told: for the log line of a sign-in that will be of no
// use to them.
#pragma once

#include "provider.hpp"

#include <string>

namespace oauth::providers {

// A sentence with the names of what is missing and of what was told, never a value. Empty: nothing is missing
// that this type of provider can tell.
std::string find_missing(const Settings& settings, const UserData& data, const Needs& of_rules,
                         const session::Identity& identity);

} // namespace oauth::providers
