// SPDX-License-Identifier: MIT
// The rows that registry.cpp lists, one file each.
#pragma once

#include "provider.hpp"

namespace oauth::providers {

extern const Type oidc_type;
extern const Type oauth2_type;

} // namespace oauth::providers
