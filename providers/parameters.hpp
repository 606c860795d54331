// SPDX-License-Identifier: MIT
// The parameters of an oauth_provider block that are plain values: one table for blocks and for environment
// variables.
#pragma once

#include "provider.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace oauth::providers {

struct Parameter {
    std::string_view name;
    std::size_t min_values;
    std::size_t max_values;
    // An empty string, or what is wrong with the values. A secret is in no sentence.
    std::string (*set)(Settings& settings, const std::vector<std::string>& values);
};

const Parameter* find_parameter(std::string_view name);
std::string parameter_names(); // "client_id, client_secret, ..."

} // namespace oauth::providers
