// SPDX-License-Identifier: MIT
// GitLab: gitlab.com or your own instance, which may be under a path. OpenID Connect; the issuer is the
// instance's address.
#include "types.hpp"

#include "../src/core/url.hpp"

namespace oauth::providers {

namespace {

std::string complete_gitlab(Settings& settings) {
    settings.has_opaque_tokens = true;
    if (settings.issuer.empty()) {
        settings.issuer = core::base_of(settings.domain.empty() ? "gitlab.com" : settings.domain);
    }
    return "";
}

} // namespace

const Type gitlab_type = {
    .name = "gitlab",
    .label = "GitLab",
    .scopes = {"openid", "profile", "email"},
    .tells = {"group"},
    .parameters = {"domain"},
    .issuer_parameters = {"domain"},
    .user_claims = {"email", "preferred_username", "nickname", "sub"},
    .variables = {{"OAUTH_GITLAB_CLIENT_ID", "client_id"},
                  {"OAUTH_GITLAB_CLIENT_SECRET", "client_secret"},
                  {"OAUTH_GITLAB_DOMAIN", "domain"}},
    .refused_prompts = {"select_account"},
    .refresh = Refresh::always,
    .complete = complete_gitlab,
};

} // namespace oauth::providers
