// SPDX-License-Identifier: MIT
// See sign_in.hpp. Nothing from the visitor's request gets into the authorization request. The page to return
// to stays here, in the sealed cookie.
#include "sign_in.hpp"

#include "../core/bytes.hpp"
#include "../core/url.hpp"
#include "../oidc/authorization.hpp"
#include "../session/sign_in.hpp"
#include "last_provider.hpp"
#include "pushed_request.hpp"
#include "step_up.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace oauth::flow {

namespace {

session::CookieSettings sign_in_cookie_settings(const SiteOptions& options,
                                                const providers::Settings& provider) {
    using SameSite = session::CookieSettings::SameSite;
    session::CookieSettings settings = options.cookie;
    // The callback comes from another site: a browser sends Lax cookies with its GET, but only None cookies
    // with a form_post.
    settings.same_site = provider.uses_form_post() ? SameSite::none : SameSite::lax;
    return settings;
}

oidc::AuthorizationRequest authorization_request(const SiteOptions& options,
                                                 const providers::Settings& settings,
                                                 const oidc::Metadata& metadata,
                                                 const session::SignIn& begun) {
    oidc::AuthorizationRequest authorization;
    authorization.authorization_endpoint = metadata.authorization_endpoint;
    authorization.client_id = settings.client_id;
    authorization.scopes = sign_in_scopes(options, settings, metadata.scopes_supported);
    if (settings.is_hybrid()) {
        authorization.response_type = "code id_token";
    }
    authorization.state = begun.state();
    if (settings.is_openid() && settings.nonce) {
        authorization.nonce = begun.nonce();
    }
    if (settings.pkce) {
        authorization.code_verifier = begun.code_verifier();
    }
    authorization.response_mode = settings.response_mode == "query" ? "" : settings.response_mode;
    authorization.extra = settings.authorize_parameters;
    const auto is_prompt = [](const auto& parameter) { return parameter.first == "prompt"; };
    const bool has_prompt = std::any_of(authorization.extra.begin(), authorization.extra.end(), is_prompt);
    if (!settings.prompt.empty() && !has_prompt) { // which may be of the environment, for all providers
        authorization.extra.emplace_back("prompt", settings.prompt);
    }
    return authorization;
}

// Instead of any other prompt: a parameter is given once.
void ask_for_account(const providers::Settings& settings, oidc::AuthorizationRequest& authorization) {
    const auto is_prompt = [](const auto& parameter) { return parameter.first == "prompt"; };
    std::erase_if(authorization.extra, is_prompt);
    authorization.extra.emplace_back("prompt", settings.account_prompt);
}

// Google gives a refresh token with each consent, and with nothing else.
void ask_for_refresh_token(oidc::AuthorizationRequest& authorization) {
    constexpr std::string_view consent = "consent";
    std::string* prompt = nullptr;
    bool has_access_type = false;
    for (auto& [name, value] : authorization.extra) {
        prompt = name == "prompt" ? &value : prompt;
        has_access_type = has_access_type || name == "access_type";
    }
    if (prompt == nullptr) {
        authorization.extra.emplace_back("prompt", consent);
    } else if (prompt->find(consent) == std::string::npos) {
        prompt->append(" ").append(consent);
    }
    if (!has_access_type) {
        authorization.extra.emplace_back("access_type", "offline");
    }
}

void evict_sign_ins(const Site& site, const Request& request, const std::string& cookie_name,
                    std::size_t new_size, web::Answer& answer) {
    const std::string prefix = session::sign_in_cookie_name(cookie_name, "");
    std::vector<session::SignInCookie> present;
    std::size_t others = 0;
    for (const auto& [name, value] : request.cookies) {
        if (name.starts_with(prefix)) {
            present.push_back({name, value.size()});
        } else {
            others += name.size() + value.size();
        }
    }
    for (const std::string& name :
         session::sign_ins_to_evict(std::move(present), cookie_name, site.clock.now(), new_size, others)) {
        forget_cookie(site, request, name, answer);
    }
}

struct Start {
    std::string return_to;
    Account account = Account::any;
    const session::StepUp* step_up = nullptr; // null: nothing more is asked
};

core::Task<web::Answer> begin(Site& site, const Request& request, Provider& provider, const Offer& offer,
                              Start start) {
    const Account account = start.account;
    const std::string& return_to = start.return_to;
    const providers::Settings& settings = provider.settings();
    const Page page{request.home(), return_to, offer_names(site.options, offer)};
    const auto failed = [&](core::Code code, const std::string& detail) {
        web::Audience to = audience(site, request, page, provider, offer);
        to.retry_url = account == Account::another ? to.other_account_url : to.retry_url;
        to.has_own_address = is_get(request); // or that of the endpoint, which a redirect gave the fragment
        return web::failure({code, detail}, to);
    };
    std::optional<Turn> turn; // for as long as this runs
    if (provider.has_to_ask() || is_pushed(provider)) {
        auto taken = Turn::take(site.turns, settings.name, request.client);
        if (!taken) {
            co_return come_again(failed(taken.error().code, settings.name + ": " + taken.error().detail));
        }
        turn.emplace(std::move(taken.value()));
    }
    auto metadata = co_await provider.metadata(site.http);
    if (!metadata) {
        co_return failed(metadata.error().code, settings.name + ": " + metadata.error().detail);
    }
    if (const auto fault = provider.why_no_proofs(*metadata.value())) {
        co_return failed(fault->code, settings.name + ": " + fault->detail);
    }
    // Nobody types a password for a sign-in that could not end.
    if (const auto credentials = provider.explained_credentials(*metadata.value()); !credentials) {
        co_return failed(credentials.error().code, settings.name + ": " + credentials.error().detail);
    }
    std::array<char, session::SignIn::seed_size + session::SignIn::id_random_size> random{};
    if (!site.random.fill(random.data(), random.size())) {
        co_return failed(core::Code::internal_error, "no randomness");
    }
    session::SignIn begun = session::make_sign_in({random.data(), random.size()}, site.clock.now());
    begun.begun_at = site.clock.now_in_milliseconds();
    begun.expires_at = begun.started_at + site.options.sign_in_lifetime;
    begun.provider = settings.name;
    begun.provider_fingerprint = provider.fingerprint();
    begun.token_endpoint = (*metadata.value()).token_endpoint;
    begun.userinfo_endpoint =
        settings.userinfo == providers::UserinfoUse::off ? "" : (*metadata.value()).userinfo_endpoint;
    begun.return_to = return_to;
    begun.origin = request.family_origin;
    begun.offer = page.offer;

    oidc::AuthorizationRequest authorization =
        authorization_request(site.options, settings, *metadata.value(), begun);
    const std::string callback_url = redirect_uri(site.options, request.base_url, settings.name);
    authorization.redirect_uri = callback_url;
    for (const auto& parameter : request.authorize_parameters) {
        if (parameter.provider == settings.name) { // before what the environment says for all
            std::erase_if(authorization.extra,
                          [&](const auto& other) { return other.first == parameter.name; });
            authorization.extra.emplace_back(parameter.name, parameter.value);
        }
    }
    if (account == Account::another || has_left(site, request, provider)) {
        ask_for_account(settings, authorization);
    }
    if (site.options.refresh != 0 && settings.type->refresh == providers::Refresh::by_parameter) {
        ask_for_refresh_token(authorization);
    }
    begun.max_age = requested_max_age(authorization);
    if (start.step_up != nullptr) {
        begun.step_up = *start.step_up;
        ask_for_step_up(*settings.type, *start.step_up, authorization);
    }

    const std::string base_name = session::cookie_name(site.options.cookie, request.base_url);
    const std::string name = session::sign_in_cookie_name(base_name, begun.id);
    const auto sealed = site.sign_in_sealer.seal(site.random, session::binding(name, request.base_url),
                                                 session::serialize(begun));
    if (!sealed) {
        co_return failed(core::Code::internal_error, "the sign-in cannot be sealed");
    }
    const auto url = co_await authorization_url(site, provider, metadata.value(), std::move(authorization));
    if (!url) {
        co_return failed(url.error().code, settings.name + ": " + url.error().detail);
    }
    web::Answer answer = web::redirect(302, url.value());
    // A provider that does not know the callback shows its own page, and nothing comes back.
    answer.log_level = web::LogLevel::info;
    answer.log = "a sign-in begins at " + settings.name + ": client_id \"" +
                 core::for_log(settings.client_id) + "\" and the callback URL \"" + callback_url +
                 "\" have to be registered there";
    evict_sign_ins(site, request, base_name, name.size() + sealed->size(), answer);
    answer.set_cookies.push_back(
        session::set_cookie(sign_in_cookie_settings(site.options, settings), request.base_url, name, *sealed,
                            site.options.sign_in_lifetime + session::sign_in_afterlife));
    co_return answer;
}

core::Task<web::Answer> begin_and_count(Site& site, const Request& request, Provider& provider,
                                        const Offer& offer, Start start) {
    // CB-23: nobody asked yet, and perhaps nobody will.
    if (is_prefetch(request)) {
        co_return web::failure({core::Code::request_invalid, "the sign-in was prefetched"},
                               audience(site, request, start.return_to));
    }
    web::Answer answer = co_await begin(site, request, provider, offer, std::move(start));
    if (answer.code) { // else it has begun, and ends with its callback
        provider.count_login(answer.code);
    }
    co_return answer;
}

} // namespace

web::Answer come_again(web::Answer answer) {
    answer.headers.emplace_back("Retry-After", "10");
    return answer;
}

core::Task<web::Answer> sign_in(Site& site, const Request& request, Provider& provider, const Offer& offer,
                                std::string return_to, Account account) {
    Start start{std::move(return_to), account};
    co_return co_await begin_and_count(site, request, provider, offer, std::move(start));
}

core::Task<web::Answer> sign_in(Site& site, const Request& request, Provider& provider, const Offer& offer,
                                std::string return_to, const session::StepUp& step_up) {
    Start start{std::move(return_to), Account::any, &step_up};
    co_return co_await begin_and_count(site, request, provider, offer, std::move(start));
}

} // namespace oauth::flow
