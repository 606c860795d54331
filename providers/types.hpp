// SPDX-License-Identifier: MIT
// The rows that registry.cpp lists, one file each.
#pragma once

#include "provider.hpp"

namespace oauth::providers {

extern const Type github_type;
extern const Type google_type;
extern const Type azure_ad_type;
extern const Type azure_ad_hybrid_type;
extern const Type okta_type;
extern const Type auth0_type;
extern const Type descope_type;
extern const Type aws_cognito_type;
extern const Type gitlab_type;
extern const Type keycloak_type;
extern const Type generic_type;
extern const Type oidc_type;
extern const Type oauth2_type;

} // namespace oauth::providers
