// SPDX-License-Identifier: MIT
// Any OAuth 2.0 provider with a userinfo endpoint: no ID token, so who signed in is what that endpoint says.
#include "types.hpp"

namespace oauth::providers {

const Type oauth2_type = {
    .name = "oauth2",
    .label = "Single sign-on",
    .protocol = Protocol::oauth2,
    .tells = {"group", "role"},
    .parameters = {"response_mode"},
    .user_claims = {"email", "preferred_username", "sub"},
};

} // namespace oauth::providers
