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

// The name that this type's provider has by the environment: its own, or what OAUTH_KEYCLOAK_NAME and its
// like say.
std::string name_by_environment(const Type& type, const GetVariable& get);

// Fills what `settings` does not say already. A sentence that names the variable if a value is wrong; empty
// if all is well. `given`: the parameters that a block has set itself.
std::string fill_from_environment(Settings& settings, const std::vector<std::string>& given,
                                  const GetVariable& get);

enum class Activation { none, partial, complete };
// partial: some required variables are set; `missing` names the others.
Activation activation_of(const Type& type, const GetVariable& get, std::string& missing);

} // namespace oauth::providers
