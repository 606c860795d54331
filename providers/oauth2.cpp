// SPDX-License-Identifier: MIT
// Any OAuth 2.0 provider with a userinfo endpoint. There is no ID token, so this endpoint says who signed in.
#include "types.hpp"

namespace oauth::providers {

const Type oauth2_type = {
    .name = "oauth2",
    .label = "Single sign-on",
    .protocol = Protocol::oauth2,
    .tells = {"group", "role"},
    .parameters = {"response_mode", "subject", "client_key", "client_certificate", "dpop"},
    .user_claims = {"email", "preferred_username", "sub"},
};

} // namespace oauth::providers
