// SPDX-License-Identifier: MIT
// Amazon Cognito: people sign in at the pool's domain, but the issuer is another host that no variable names.
// If it is not configured, it is taken from the ID token, and accepted only if its metadata names the token
// endpoint of the configured domain.
#include "facts.hpp"
#include "types.hpp"

#include "../src/core/bytes.hpp"
#include "../src/core/url.hpp"

#include <algorithm>

namespace oauth::providers {

namespace {

bool is_word(std::string_view text, std::string_view more) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [more](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || more.find(c) != std::string_view::npos;
    });
}

// https://cognito-idp.REGION.amazonaws.com[.cn]/REGION_ID
bool is_cognito_issuer(std::string_view issuer) {
    constexpr std::string_view prefix = "https://cognito-idp.";
    if (!issuer.starts_with(prefix)) {
        return false;
    }
    issuer.remove_prefix(prefix.size());
    const std::size_t dot = issuer.find('.');
    const std::string_view region = issuer.substr(0, dot);
    if (dot == std::string_view::npos || !is_word(region, "-")) {
        return false;
    }
    std::string_view rest = issuer.substr(dot);
    const std::string_view host =
        rest.starts_with(".amazonaws.com.cn/") ? ".amazonaws.com.cn/" : ".amazonaws.com/";
    if (!rest.starts_with(host)) {
        return false;
    }
    rest.remove_prefix(host.size());
    return rest.starts_with(std::string(region) + "_") && is_word(rest.substr(region.size() + 1), "");
}

std::string complete_cognito(Settings& settings) {
    if (settings.domain.empty() &&
        (settings.authorization_endpoint.empty() || settings.token_endpoint.empty())) {
        return "\"domain\" is missing";
    }
    const std::string base = core::base_of(settings.domain);
    const auto fill = [&base](std::string& endpoint, std::string_view path) {
        if (endpoint.empty() && !base.empty()) {
            endpoint = base + std::string(path);
        }
    };
    fill(settings.authorization_endpoint, "/oauth2/authorize");
    fill(settings.token_endpoint, "/oauth2/token");
    fill(settings.userinfo_endpoint, "/oauth2/userInfo");
    fill(settings.end_session_endpoint, "/logout");
    // Keys of the block at the place where Cognito has them tell the issuer, without asking for it.
    constexpr std::string_view keys_path = "/.well-known/jwks.json";
    if (settings.issuer.empty() && settings.jwks_uri.ends_with(keys_path)) {
        const std::string issuer = settings.jwks_uri.substr(0, settings.jwks_uri.size() - keys_path.size());
        settings.issuer = is_cognito_issuer(issuer) ? issuer : "";
    }
    return "";
}

// Groups are in the tokens only, never in userInfo.
core::Status map_cognito(const Settings&, const UserData& data, const Needs&, session::Identity& identity) {
    if (const auto groups = list_fact(data.id_token_view().get("cognito:groups"))) {
        identity.groups = groups;
    }
    return core::Done{};
}

std::string end_cognito_session(const Settings& settings, const oidc::EndSessionRequest& request) {
    std::string url = request.end_session_endpoint;
    core::append_parameter(url, "client_id", settings.client_id);
    core::append_parameter(url, "logout_uri", request.post_logout_redirect_uri);
    return url;
}

} // namespace

const Type aws_cognito_type = {
    .name = "aws-cognito",
    .label = "Cognito",
    .scopes = {"openid", "profile", "email"},
    .tells = {"group", "role"},
    .parameters = {"domain"},
    .user_claims = {"email", "username", "cognito:username", "sub"},
    .variables = {{"OAUTH_COGNITO_CLIENT_ID", "client_id"},
                  {"OAUTH_COGNITO_CLIENT_SECRET", "client_secret"},
                  {"OAUTH_COGNITO_DOMAIN", "domain"},
                  {"OAUTH_COGNITO_SCOPE", "scope", Variable::Use::optional}},
    .prompt_variable = "OAUTH_COGNITO_PROMPT",
    .issuer_rule = IssuerRule::from_token,
    .verified_flag = Type::VerifiedFlag::boolean_or_text,
    .refresh = Refresh::always,
    .revocation = Revocation::refresh_tokens,
    .step_up = {.recent = StepUpWays::Recent::by_prompt},
    .complete = complete_cognito,
    .is_issuer = is_cognito_issuer,
    .map = map_cognito,
    .end_session_url = end_cognito_session,
};

} // namespace oauth::providers
