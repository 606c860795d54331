// SPDX-License-Identifier: MIT
// See callback.hpp. The order is the security: the sign-in must be this browser's, this provider's, in time
// and not used before anything is sent anywhere; nothing the provider says is used before it is verified.
#include "callback.hpp"

#include "../core/bytes.hpp"
#include "../core/url.hpp"
#include "../oidc/authorization.hpp"
#include "../session/sign_in.hpp"
#include "exchange.hpp"
#include "sign_in.hpp"

#include <algorithm>

namespace oauth::flow {

namespace {

using core::Code;
using core::Error;

core::Result<core::Parameters> read_parameters(const Request& request, const providers::Settings& settings) {
    if (!settings.uses_form_post()) {
        auto parameters = core::Parameters::parse(request.arguments);
        return parameters ? core::Result<core::Parameters>(std::move(*parameters))
                          : Error{Code::request_invalid, "the query is malformed"};
    }
    const std::string media_type =
        core::to_lower_ascii(core::trim(request.content_type.substr(0, request.content_type.find(';'))));
    if (media_type != "application/x-www-form-urlencoded") {
        return Error{Code::request_invalid, "the callback is not application/x-www-form-urlencoded"};
    }
    auto parameters = core::Parameters::parse(request.body);
    return parameters ? core::Result<core::Parameters>(std::move(*parameters))
                      : Error{Code::request_invalid, "the form is malformed"};
}

// The sign-in that the state belongs to, from this browser's cookie.
core::Result<session::SignIn> find_sign_in(Site& site, const Request& request,
                                           const providers::Settings& settings,
                                           const std::string& state_parameter) {
    const auto id = session::sign_in_id(state_parameter);
    if (!id) {
        return Error{Code::state_invalid, "the state is none of ours"};
    }
    const std::string base_name = session::cookie_name(site.options.cookie, request.base_url);
    const std::string name = session::sign_in_cookie_name(base_name, *id);
    std::string sealed;
    for (const auto& [cookie_name, value] : request.cookies) {
        if (cookie_name == name) {
            sealed = value;
        }
    }
    if (sealed.empty()) {
        return Error{Code::state_invalid, "no sign-in of this browser has this state"};
    }
    const auto record = site.sign_in_sealer.open(session::binding(name, request.base_url), sealed);
    auto sign_in = record ? session::deserialize_sign_in(*record) : std::nullopt;
    if (!sign_in || !core::equal_constant_time(sign_in->state(), state_parameter)) {
        return Error{Code::state_invalid, "the state is not the sign-in's"};
    }
    if (sign_in->provider != settings.name) {
        return Error{Code::state_invalid, "the sign-in was begun at another provider"};
    }
    const std::int64_t age = site.clock.now() - sign_in->started_at;
    if (age < 0 || age > site.options.sign_in_lifetime) {
        return Error{Code::state_invalid, "the sign-in took longer than oauth_login_lifetime"};
    }
    return std::move(*sign_in);
}

void delete_cookie(const Site& site, const Request& request, const std::string& name, web::Answer& answer) {
    answer.set_cookies.push_back(session::set_cookie(site.options.cookie, request.base_url, name, "", 0));
}

// Parts of an older, larger session must not be read together with the new one.
void delete_leftovers(const Site& site, const Request& request, const std::string& base_name,
                      const std::vector<std::pair<std::string, std::string>>& written, web::Answer& answer) {
    const std::string logins = session::sign_in_cookie_name(base_name, "");
    for (const auto& cookie : request.cookies) {
        const std::string& name = cookie.first;
        bool keep = name.starts_with(logins);
        for (const auto& part : written) {
            keep = keep || part.first == name;
        }
        if (!keep) {
            delete_cookie(site, request, name, answer);
        }
    }
}

using CookieParts = std::vector<std::pair<std::string, std::string>>;

core::Result<CookieParts> seal_session(Site& site, const Request& request, const std::string& name,
                                       const session::Session& session) {
    const std::string record = session::serialize(session);
    if (record.empty()) {
        return Error{Code::session_too_large, "the session takes more than 64k"};
    }
    const auto sealed =
        site.session_sealer.seal(site.random, session::binding(name, request.base_url), record);
    if (!sealed) {
        return Error{Code::internal_error, "the session cannot be sealed"};
    }
    auto parts = session::split_cookie(name, *sealed);
    if (!parts) {
        return Error{Code::session_too_large,
                     "the session takes " + std::to_string(sealed->size()) +
                         " bytes, more than cookies can carry: use \"oauth_session shared\""};
    }
    return std::move(*parts);
}

core::Result<web::Answer> begin_session(Site& site, const Request& request, SignedIn signed_in,
                                        const session::SignIn& sign_in) {
    session::Session session;
    session.identity = std::move(signed_in.identity);
    session.id.resize(16);
    if (!site.random.fill(session.id.data(), session.id.size())) {
        return Error{Code::internal_error, "no randomness"};
    }
    const std::int64_t now = site.clock.now();
    session.signed_in_at = std::clamp<std::int64_t>(signed_in.auth_time.value_or(now), 0, now);
    session.expires_at = now + site.options.session_lifetime;
    if (site.options.keep_tokens) {
        session.id_token = std::move(signed_in.id_token);
        session.access_token = std::move(signed_in.access_token);
    }
    const std::string name = session::cookie_name(site.options.cookie, request.base_url);
    const Requirements& requirements = *site.options.requirements;
    session.made_for = requirements.mark;
    auto parts = seal_session(site, request, name, session);
    if (!parts && parts.error().code == Code::session_too_large && session.identity.groups &&
        !requirements.shows_groups) {
        std::erase_if(*session.identity.groups,
                      [&](const std::string& group) { return !requirements.mentions_group(group); });
        session.groups_are_cut = true;
        session.made_for = requirements.mark_with_groups;
        parts = seal_session(site, request, name, session);
    }
    if (!parts) {
        return parts.error();
    }
    const std::string target = request.base_url + sign_in.return_to;
    const bool strict = site.options.cookie.same_site == session::CookieSettings::SameSite::strict;
    web::Answer answer = strict ? web::continue_page(target, audience(site, request, sign_in.return_to))
                                : web::redirect(request.method == "POST" ? 303 : 302, target);
    for (const auto& [part, value] : parts.value()) {
        answer.set_cookies.push_back(
            session::set_cookie(site.options.cookie, request.base_url, part, value, std::nullopt));
    }
    delete_leftovers(site, request, name, parts.value(), answer);
    answer.log_level = web::LogLevel::info;
    answer.log = "signed in at " + session.identity.provider + ", session " + session::log_id(session);
    return answer;
}

// Double click, back button: who is signed in already is sent on, not to an error.
web::Answer not_a_sign_in(Site& site, const Request& request, const Error& error,
                          const session::OpenedSessionPointer& current, const std::string& return_to) {
    if (current && error.code == Code::state_invalid) {
        return web::redirect(request.method == "POST" ? 303 : 302, request.base_url + return_to);
    }
    return web::failure(error, audience(site, request, return_to));
}

} // namespace

core::Task<web::Answer> callback(Site& site, const Request& request, Provider& provider,
                                 session::OpenedSessionPointer current) {
    const providers::Settings& settings = provider.settings();
    const auto parameters = read_parameters(request, settings);
    if (!parameters) {
        co_return web::failure(parameters.error(), audience(site, request, "/"));
    }
    const auto state_parameter = oidc::find_state(parameters.value());
    if (!state_parameter) {
        co_return not_a_sign_in(site, request, state_parameter.error(), current, "/");
    }
    const auto sign_in = find_sign_in(site, request, settings, state_parameter.value());
    if (!sign_in) {
        co_return not_a_sign_in(site, request, sign_in.error(), current, "/");
    }
    const std::int64_t until = sign_in->started_at + site.options.sign_in_lifetime + 1;
    const auto mark = site.ledger.use_once(state_parameter.value(), until);
    if (mark == session::Ledger::Mark::full) {
        co_return web::failure({Code::store_unavailable, "the zone is full: raise oauth_zone"},
                               audience(site, request, sign_in->return_to));
    }
    if (mark == session::Ledger::Mark::again) {
        co_return not_a_sign_in(site, request, {Code::state_invalid, "this sign-in has been used"}, current,
                                sign_in->return_to);
    }

    auto signed_in = co_await exchange(site, provider, parameters.value(), sign_in.value(),
                                       redirect_uri(site.options, request.base_url, settings.name));
    core::Result<web::Answer> answer =
        signed_in ? begin_session(site, request, std::move(signed_in.value()), sign_in.value())
                  : signed_in.error();
    if (answer && current) {
        site.ledger.revoke(current->session.id, current->session.expires_at);
    }
    if (!answer) {
        const Error failed{answer.error().code, settings.name + ": " + answer.error().detail};
        answer = web::failure(failed, audience(site, request, sign_in->return_to));
    }
    const std::string base_name = session::cookie_name(site.options.cookie, request.base_url);
    delete_cookie(site, request, session::sign_in_cookie_name(base_name, sign_in->id), answer.value());
    co_return std::move(answer.value());
}

} // namespace oauth::flow
