// SPDX-License-Identifier: MIT
// Providers from environment variables, as Chainlit names them: active when all required ones are set and not
// empty.
#pragma once

#include "provider.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::providers {

// nullptr or empty: not set.
using GetVariable = std::function<const char*(const std::string& name)>;

// The name of this type's provider from the environment: its own, or the value of OAUTH_KEYCLOAK_NAME and the
// like.
std::string name_by_environment(const Type& type, const GetVariable& get);

// Fills the settings that are not set yet. A sentence that names the variable if a value is wrong, else
// empty. `given`: the parameters that a block has set.
std::string fill_from_environment(Settings& settings, const std::vector<std::string>& given,
                                  const GetVariable& get);

// All variables that may be read, for whatever provider of the environment.
std::vector<std::string> variable_names();

enum class Activation { none, partial, complete };
// partial: some required variables are set; `missing` names the others.
Activation activation_of(const Type& type, const GetVariable& get, std::string& missing);

} // namespace oauth::providers
