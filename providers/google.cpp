// SPDX-License-Identifier: MIT
// Google: OpenID Connect. Its ID tokens may name the issuer without a scheme. The domain of an organisation
// is in the signed hd claim; the hd parameter proves nothing.
#include "types.hpp"

namespace oauth::providers {

namespace {

std::string complete_google(Settings& settings) {
    settings.has_opaque_tokens = true;
    if (settings.issuer.empty()) {
        settings.issuer = "https://accounts.google.com";
    }
    return "";
}

} // namespace

const Type google_type = {
    .name = "google",
    .label = "Google",
    .scopes = {"openid", "email", "profile"},
    .tells = {"hd"},
    .user_claims = {"email", "sub"},
    .variables = {{"OAUTH_GOOGLE_CLIENT_ID", "client_id"}, {"OAUTH_GOOGLE_CLIENT_SECRET", "client_secret"}},
    .account_prompt = "select_account",
    .refused_prompts = {"login"},
    .issuers = {"accounts.google.com"},
    .userinfo_subject = "id",
    .refresh = Refresh::by_parameter,
    .complete = complete_google,
};

} // namespace oauth::providers
