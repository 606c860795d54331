// SPDX-License-Identifier: MIT
// See sign_in.hpp. Nothing of the visitor's request reaches the authorization request but where to come back
// to, and that stays here, in the sealed cookie.
#include "sign_in.hpp"

#include "../core/bytes.hpp"
#include "../core/url.hpp"
#include "../oidc/authorization.hpp"
#include "../session/login.hpp"

#include <array>

namespace oauth::flow {

std::string redirect_uri(const Site& site, const std::string& base_url, const std::string& provider) {
    return base_url + site.path + "/" + provider + "/callback";
}

std::string login_url(const Site& site, const std::string& base_url, const std::string& return_to) {
    std::string url = base_url + site.path + "/login";
    if (return_to != "/") {
        core::append_parameter(url, "return_to", return_to);
    }
    return url;
}

std::string local_return_to(std::string_view value, const std::string& base_url) {
    const std::string safe = core::safe_return_to(value, base_url);
    if (safe.starts_with('/')) {
        return safe;
    }
    const std::string path = safe.substr(base_url.size());
    return path.starts_with('/') ? path : "/" + path;
}

web::Audience audience(const SiteState& state, const Request& request, const std::string& return_to) {
    web::Audience audience;
    audience.prefers_json = prefers_json(request);
    audience.title = state.site.page_title;
    audience.request_id = request.id;
    audience.login_url = login_url(state.site, request.base_url, return_to);
    return audience;
}

namespace {

session::CookieSettings login_cookie_settings(const Site& site, const providers::Settings& provider) {
    using SameSite = session::CookieSettings::SameSite;
    session::CookieSettings settings = site.cookie;
    // The browser comes back from another site: Lax is sent with that GET, only None with a form_post.
    settings.same_site = provider.uses_form_post() ? SameSite::none : SameSite::lax;
    return settings;
}

oidc::AuthorizationRequest authorization_request(const providers::Settings& settings,
                                                 const oidc::Metadata& metadata, const session::Login& login,
                                                 const providers::Needs& needs) {
    oidc::AuthorizationRequest authorization;
    authorization.authorization_endpoint = metadata.authorization_endpoint;
    authorization.client_id = settings.client_id;
    authorization.scopes = providers::scopes_for(settings, needs);
    if (settings.is_hybrid()) {
        authorization.response_type = "code id_token";
    }
    authorization.state = login.state();
    if (settings.is_openid() && settings.nonce) {
        authorization.nonce = login.nonce();
    }
    if (settings.pkce) {
        authorization.code_verifier = login.code_verifier();
    }
    authorization.response_mode = settings.response_mode == "query" ? "" : settings.response_mode;
    authorization.extra = settings.authorize_parameters;
    if (!settings.prompt.empty()) {
        authorization.extra.emplace_back("prompt", settings.prompt);
    }
    return authorization;
}

void evict_logins(const SiteState& state, const Request& request, const std::string& cookie_name,
                  std::size_t new_size, web::Answer& answer) {
    const std::string prefix = session::login_cookie_name(cookie_name, "");
    std::vector<session::LoginCookie> present;
    for (const auto& [name, value] : request.cookies) {
        if (name.starts_with(prefix)) {
            present.push_back({name, value.size()});
        }
    }
    for (const std::string& name : session::logins_to_evict(std::move(present), cookie_name, new_size)) {
        answer.set_cookies.push_back(session::set_cookie(state.site.cookie, request.base_url, name, "", 0));
    }
}

} // namespace

core::Task<web::Answer> sign_in(SiteState& state, const Request& request, ProviderState& provider,
                                std::string return_to) {
    const providers::Settings& settings = provider.settings();
    const web::Audience for_request = audience(state, request, return_to);
    auto metadata = co_await provider.metadata(state.http);
    if (!metadata) {
        co_return web::failure({metadata.error().code, settings.name + ": " + metadata.error().detail},
                               for_request);
    }
    std::array<char, session::Login::seed_size + session::Login::id_random_size> random{};
    if (!state.random.fill(random.data(), random.size())) {
        co_return web::failure({core::Code::internal_error, "no randomness"}, for_request);
    }
    session::Login login = session::make_login({random.data(), random.size()}, state.clock.now());
    login.provider = settings.name;
    login.token_endpoint = (*metadata.value()).token_endpoint;
    login.userinfo_endpoint =
        settings.userinfo == providers::UserinfoUse::off ? "" : (*metadata.value()).userinfo_endpoint;
    login.return_to = std::move(return_to);

    const std::string base_name = session::cookie_name(state.site.cookie, request.base_url);
    const std::string name = session::login_cookie_name(base_name, login.id);
    const auto sealed = state.login_sealer.seal(state.random, session::binding(name, request.base_url),
                                                session::serialize(login));
    if (!sealed) {
        co_return web::failure({core::Code::internal_error, "the sign-in cannot be sealed"}, for_request);
    }
    oidc::AuthorizationRequest authorization =
        authorization_request(settings, *metadata.value(), login, state.site.requirements->needs);
    authorization.redirect_uri = redirect_uri(state.site, request.base_url, settings.name);
    for (const auto& parameter : request.authorize_parameters) {
        if (parameter.provider == settings.name) {
            authorization.extra.emplace_back(parameter.name, parameter.value);
        }
    }
    web::Answer answer = web::redirect(302, oidc::build_authorization_url(authorization));
    evict_logins(state, request, base_name, name.size() + sealed->size(), answer);
    answer.set_cookies.push_back(session::set_cookie(login_cookie_settings(state.site, settings),
                                                     request.base_url, name, *sealed,
                                                     state.site.login_lifetime));
    co_return answer;
}

} // namespace oauth::flow
