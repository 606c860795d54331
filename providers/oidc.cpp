// SPDX-License-Identifier: MIT
// Any OpenID provider: only the issuer is needed.
#include "types.hpp"

namespace oauth::providers {

const Type oidc_type = {
    .name = "oidc",
    .label = "Single sign-on",
    .scopes = {"openid", "profile", "email"},
    .tells = {"hd", "group", "role", "tenant", "acr", "amr"},
    .user_claims = {"email", "preferred_username", "sub"},
    .hint_rule = oidc::HintRule::for_return,
    .step_up = {.by_acr = true, .recent = StepUpWays::Recent::by_max_age},
};

} // namespace oauth::providers
