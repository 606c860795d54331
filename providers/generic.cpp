// SPDX-License-Identifier: MIT
// Any OAuth 2.0 provider by environment variables, as in Chainlit: three addresses, the scopes, and the claim
// that is the user.
#include "types.hpp"

namespace oauth::providers {

const Type generic_type = {
    .name = "generic",
    .label = "Single sign-on",
    .protocol = Protocol::oauth2,
    .tells = {"group", "role"},
    .parameters = {"response_mode", "subject", "client_key", "client_certificate", "dpop"},
    .user_claims = {"email", "preferred_username", "sub"},
    .variables = {{"OAUTH_GENERIC_CLIENT_ID", "client_id"},
                  {"OAUTH_GENERIC_CLIENT_SECRET", "client_secret"},
                  {"OAUTH_GENERIC_AUTH_URL", "authorization_endpoint"},
                  {"OAUTH_GENERIC_TOKEN_URL", "token_endpoint"},
                  {"OAUTH_GENERIC_USER_INFO_URL", "userinfo_endpoint"},
                  {"OAUTH_GENERIC_SCOPES", "scope"},
                  {"OAUTH_GENERIC_USER_IDENTIFIER", "user", Variable::Use::optional}},
    .name_variable = "OAUTH_GENERIC_NAME",
    .client_auth = oidc::ClientAuth::post,
};

} // namespace oauth::providers
