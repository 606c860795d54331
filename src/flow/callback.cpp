// SPDX-License-Identifier: MIT
// See callback.hpp. The order matters for security. Before anything is sent, the sign-in must be this
// browser's and this provider's, not expired and not used. Nothing from the provider is used before it is
// verified. A sign-in is used up when its code goes out (exchange.cpp).
#include "callback.hpp"

#include "../core/bytes.hpp"
#include "../core/url.hpp"
#include "../oidc/authorization.hpp"
#include "../session/sign_in.hpp"
#include "exchange.hpp"
#include "last_provider.hpp"
#include "renewed_session.hpp"
#include "sign_in.hpp"
#include "signed_response.hpp"
#include "step_up.hpp"

#include <algorithm>

namespace oauth::flow {

namespace {

using core::Code;
using core::Error;
using Sessions = std::vector<session::OpenedSessionPointer>;

core::Result<core::Parameters> read_parameters(const Request& request, const providers::Settings& settings) {
    if (!settings.uses_form_post()) {
        auto parameters = core::Parameters::parse(request.arguments);
        return parameters ? core::Result<core::Parameters>(std::move(*parameters))
                          : Error{Code::request_invalid, "the query is malformed"};
    }
    if (!is_form(request)) {
        return Error{Code::request_invalid, "the callback is not application/x-www-form-urlencoded"};
    }
    auto parameters = core::Parameters::parse(request.body);
    return parameters ? core::Result<core::Parameters>(std::move(*parameters))
                      : Error{Code::request_invalid, "the form is malformed"};
}

// The sign-in of this state, from the browser's cookie.
core::Result<session::SignIn> open_sign_in(Site& site, const Request& request,
                                           const std::string& state_parameter) {
    const auto id = session::sign_in_id(state_parameter);
    if (!id) {
        return Error{Code::state_invalid, "the state is none of ours"};
    }
    const std::string base_name = session::cookie_name(site.options.cookie, request.base_url);
    const std::string name = session::sign_in_cookie_name(base_name, *id);
    const std::string binding = session::binding(name, request.base_url);
    const session::SealMarks marks = site.sign_in_sealer.marks();
    bool is_there = false;
    bool has_other_key = false;
    std::optional<session::SignIn> sign_in;
    for (const auto& [cookie_name, value] : request.cookies) {
        if (cookie_name == name && !sign_in) { // the one that opens: others may have set that name, too
            const auto record = site.sign_in_sealer.open(binding, value);
            sign_in = record ? session::deserialize_sign_in(*record) : std::nullopt;
            is_there = true;
            has_other_key = has_other_key || marks.look_at(value) == session::SealMarks::Look::other_key;
        }
    }
    if (!is_there) {
        return Error{Code::state_invalid, "no sign-in of this browser has this state"};
    }
    if (!sign_in) {
        return Error{Code::state_invalid,
                     "the sign-in's cookie " +
                         std::string(has_other_key ? session::of_other_key
                                                   : "is damaged, or was made for another base URL")};
    }
    if (!core::equal_constant_time(sign_in->state(), state_parameter)) {
        return Error{Code::state_invalid, "the state is not the sign-in's"};
    }
    return std::move(*sign_in);
}

// Why it cannot be finished here; nullopt: it can.
std::optional<Error> find_fault(Site& site, const Provider& provider, const session::SignIn& sign_in) {
    if (sign_in.provider != provider.settings().name) {
        return Error{Code::state_invalid, "the sign-in was begun at another provider"};
    }
    if (sign_in.provider_fingerprint != provider.fingerprint()) {
        return Error{Code::state_invalid, "the provider has been configured anew since the sign-in began"};
    }
    // The sooner of the two ends holds: the one it began with, and that of the configuration as it is now.
    const std::int64_t now = site.clock.now();
    const std::int64_t end = std::min(sign_in.expires_at, sign_in.started_at + site.options.sign_in_lifetime);
    if (now < sign_in.started_at || now > end) {
        return Error{Code::state_invalid, "the sign-in took longer than oauth_login_lifetime"};
    }
    return std::nullopt;
}

// Parts of an older, larger session must not be read together with the new one.
void delete_leftovers(const Site& site, const Request& request, const std::string& base_name,
                      const std::vector<std::pair<std::string, std::string>>& written, web::Answer& answer) {
    const std::string logins = session::sign_in_cookie_name(base_name, "");
    for (const auto& cookie : request.cookies) {
        const std::string& name = cookie.first;
        bool keep = name.starts_with(logins) || name == session::last_provider_cookie_name(base_name);
        for (const auto& part : written) {
            keep = keep || part.first == name;
        }
        if (!keep) {
            forget_cookie(site, request, name, answer);
        }
    }
}

core::Result<session::Session> make_session(Site& site, SignedIn signed_in, const session::SignIn& sign_in) {
    session::Session session;
    session.identity = std::move(signed_in.identity);
    session.provider_fingerprint = sign_in.provider_fingerprint;
    std::string id(16, '\0');
    if (!site.random.fill(id.data(), id.size())) {
        return Error{Code::internal_error, "no randomness"};
    }
    session.id = id;
    const std::int64_t now = site.clock.now();
    session.begun_at = sign_in.begun_at;
    session.made_at = now;
    session.used_at = now;
    session.checked_at = now;
    // One that is to come, of a wrong clock or in milliseconds, tells nothing.
    session.auth_time_is_told = signed_in.auth_time && *signed_in.auth_time <= now + site.options.clock_skew;
    session.signed_in_at = std::clamp<std::int64_t>(signed_in.auth_time.value_or(now), 0, now);
    session.expires_at = now + site.options.session_lifetime;
    session.sid = signed_in.sid;
    session.id_token = signed_in.id_token; // at least a hint for the sign-out: see keep()
    keep_tokens(site.options, signed_in, now, session);
    session.nonce = session.refresh_token.empty() ? "" : std::move(signed_in.nonce);
    session.made_for = site.options.requirements->mark;
    return session;
}

// Is the ID token kept for the sign-out? A store has room for it; a cookie, where the provider fails without.
bool wants_hint(const Site& site, const session::Session& session) {
    Provider* provider = site.find_provider(session.identity.provider);
    const auto metadata = provider->known_metadata();
    const bool is_stored = site.options.store.kind != session::StoreSettings::Kind::cookie;
    return (is_stored || provider->settings().type->hint_rule != oidc::HintRule::optional) && metadata &&
           !metadata->end_session_endpoint.empty();
}

// An ID token that nobody but the sign-out uses stays as long as one cookie holds it. Where a user has more
// groups than the store takes, only those that rules name are kept.
core::Task<core::Result<session::CookieParts>> keep(Site& site, session::Session& session,
                                                    std::string base_url) {
    const bool is_hint = !site.options.keep_tokens;
    if (is_hint && !wants_hint(site, session)) {
        session.id_token.clear();
    }
    for (;;) {
        auto parts = co_await site.store->create(session, base_url);
        const bool is_too_large = !parts && parts.error().code == Code::session_too_large;
        const bool is_over_one = is_hint && !session.id_token.empty() && parts && parts->size() > 1;
        if ((is_too_large || is_over_one) && make_smaller(site.options, session)) {
            continue;
        }
        co_return std::move(parts);
    }
}

// Where it leads. The cookie that says so is sealed, and what it names may have left the family since.
Page page_of(const Site& site, const Request& request, const session::SignIn& sign_in) {
    std::string origin = family_origin(site.options, request.base_url, sign_in.origin);
    if (origin.empty()) {
        origin = request.base_url;
    }
    return {std::move(origin), sign_in.return_to, sign_in.offer};
}

// The same as far as it can be told; else the start page.
Page wanted_page(Site& site, const Request& request, const core::Parameters& parameters) {
    const auto state_parameter = oidc::find_state(parameters);
    const auto sign_in = state_parameter ? open_sign_in(site, request, state_parameter.value())
                                         : core::Result<session::SignIn>(state_parameter.error());
    return sign_in ? page_of(site, request, sign_in.value()) : Page{request.home(), "/"};
}

// The way to the page. A browser that comes from another site would not send a strict cookie along.
web::Answer way_to(const Site& site, const Request& request, const Page& return_to) {
    const std::string target = return_to.origin + return_to.path;
    return site.options.cookie.same_site == session::CookieSettings::SameSite::strict
               ? web::continue_page(target, audience(site, request, return_to))
               : web::redirect(request.method == "POST" ? 303 : 302, target);
}

// The same, with the session's cookies.
web::Answer lead_on(const Site& site, const Request& request, const session::SignIn& sign_in,
                    const session::CookieParts& parts) {
    web::Answer answer = way_to(site, request, page_of(site, request, sign_in));
    for (const auto& [name, value] : parts) {
        answer.set_cookies.push_back(
            session::set_cookie(site.options.cookie, request.base_url, name, value, std::nullopt));
    }
    delete_leftovers(site, request, session::cookie_name(site.options.cookie, request.base_url), parts,
                     answer);
    return answer;
}

// A new session in place of what was there.
core::Task<core::Result<web::Answer>> begin_session(Site& site, const Request& request, SignedIn signed_in,
                                                    const session::SignIn& sign_in, Sessions replaced) {
    const std::string note = std::move(signed_in.note);
    const std::string missing = std::move(signed_in.missing);
    auto session = make_session(site, std::move(signed_in), sign_in);
    if (!session) {
        co_return session.error();
    }
    const auto parts = co_await keep(site, session.value(), request.base_url);
    if (!parts) {
        co_return parts.error();
    }
    web::Answer answer = lead_on(site, request, sign_in, parts.value());
    const Provider& provider = *site.find_provider(sign_in.provider);
    if (site.providers.size() > 1 || has_left(site, request, provider)) {
        remember_sign_in(site, request, provider, answer);
    }
    answer.log_level = web::LogLevel::info;
    answer.log =
        "signed in at " + session->identity.provider + ", session " + session::log_id(session.value());
    if (!note.empty()) {
        answer.log += "; " + note;
    }
    if (!missing.empty()) {
        answer.log_level = web::LogLevel::warn;
        answer.log += "; " + missing;
    }
    for (const session::OpenedSessionPointer& before : replaced) {
        const core::Status ended = co_await site.store->erase(before);
        if (!ended) {
            answer.log_level = web::LogLevel::error;
            answer.log += "; the one before it, " + session::log_id(before->session) +
                          ", could not be ended: " + ended.error().detail;
        }
    }
    co_return std::move(answer);
}

// After a double click or the back button: somebody who is already signed in is sent on and gets no error.
web::Answer not_a_sign_in(Site& site, const Request& request, const Error& error,
                          const session::OpenedSessionPointer& current, const Page& return_to) {
    if (current && error.code == Code::state_invalid) {
        return way_to(site, request, return_to);
    }
    return web::failure(error, audience(site, request, return_to));
}

// The provider was away before the code went out: the same callback may come again.
bool may_come_again(Site& site, const session::SignIn& sign_in, const core::Parameters& parameters,
                    const Error& error) {
    const bool away = error.code == Code::provider_unreachable || error.code == Code::provider_timeout ||
                      error.code == Code::provider_error;
    return away && !oidc::find_given(parameters, "error") && !site.ledger.is_used(sign_in.state());
}

core::Task<web::Answer> finish(Site& site, const Request& request, Provider& provider, const Offer& offer,
                               Visitor& visitor) {
    const providers::Settings& settings = provider.settings();
    auto given = read_answer(read_parameters(request, settings), settings);
    if (!given) {
        co_return web::failure(given.error(), audience(site, request, "/"));
    }
    const core::Status looked_up = co_await visitor.look_up();
    if (!looked_up) {
        const Page page = wanted_page(site, request, given->parameters);
        const Offer wanted = named_offer(site, page.offer, offer);
        co_return web::failure(looked_up.error(), audience(site, request, page, provider, wanted));
    }
    const session::OpenedSessionPointer current = visitor.session();
    Page page{request.home(), "/"};
    const auto state_parameter = oidc::find_state(given->parameters);
    if (!state_parameter) {
        co_return not_a_sign_in(site, request, state_parameter.error(), current, page);
    }
    const auto sign_in = open_sign_in(site, request, state_parameter.value());
    if (!sign_in) {
        co_return not_a_sign_in(site, request, sign_in.error(), current, page);
    }
    page = page_of(site, request, sign_in.value());
    const Offer wanted = named_offer(site, page.offer, offer);
    if (const auto fault = find_fault(site, provider, sign_in.value())) {
        co_return not_a_sign_in(site, request, *fault, current, page);
    }
    // The back button, a double click, or two at once: another one has the code, and with it the session.
    if (site.ledger.is_used(state_parameter.value())) {
        co_return way_to(site, request, page);
    }

    auto turn = Turn::take(site.turns, settings.name, request.client); // for as long as this runs
    if (!turn) { // nothing has been sent: the same callback may come again
        const Error failed{turn.error().code, settings.name + ": " + turn.error().detail};
        co_return come_again(web::failure(failed, audience(site, request, page, provider, wanted)));
    }
    auto signed_in = co_await ask_provider(site, provider, given.value(), sign_in.value(),
                                           redirect_uri(site.options, request.base_url, settings.name));
    if (!signed_in && signed_in.error().code == Code::state_invalid) { // used while this one waited
        co_return way_to(site, request, page);
    }
    core::Result<web::Answer> answer(web::Answer{});
    std::string weakness;
    if (signed_in) {
        weakness = why_unmet(site, sign_in->step_up, signed_in.value());
    } else if (signed_in.error().code == Code::access_denied &&
               is_unmet(sign_in->step_up, given->parameters)) {
        weakness = signed_in.error().detail;
    }
    if (!weakness.empty()) {
        answer = Error{Code::policy_denied, weakness};
    } else if (signed_in) {
        Sessions replaced = visitor.all_sessions();
        answer = co_await begin_session(site, request, std::move(signed_in.value()), sign_in.value(),
                                        std::move(replaced));
        if (answer) {
            provider.count_login();
        }
    } else {
        answer = signed_in.error();
    }
    bool keeps_cookie = true; // which tells the way to whoever comes back
    if (!answer) {
        keeps_cookie = may_come_again(site, sign_in.value(), given->parameters, answer.error());
        const Error failed{answer.error().code, settings.name + ": " + answer.error().detail};
        web::Audience to = audience(site, request, page, provider, wanted);
        if (!weakness.empty()) {
            tell_of_step_up(site, signed_in ? &signed_in->identity : nullptr, page, to);
        }
        answer = web::failure(failed, to);
    }
    if (!keeps_cookie) {
        const std::string base_name = session::cookie_name(site.options.cookie, request.base_url);
        const std::string name = session::sign_in_cookie_name(base_name, sign_in->id);
        forget_cookie(site, request, name, answer.value());
    }
    co_return std::move(answer.value());
}

} // namespace

namespace {

// Counts a sign-in whose visitor has given up.
class SignInUnderWay {
public:
    explicit SignInUnderWay(const Provider& provider) : provider_(provider), patience_(provider.figures()) {}
    SignInUnderWay(const SignInUnderWay&) = delete;
    SignInUnderWay& operator=(const SignInUnderWay&) = delete;
    ~SignInUnderWay() {
        if (!is_over && patience_.is_worn_out()) {
            provider_.count_login(Code::provider_timeout);
        }
    }
    bool is_over = false;

private:
    const Provider& provider_;
    figures::Patience patience_;
};

} // namespace

core::Task<web::Answer> callback(Site& site, const Request& request, Provider& provider, const Offer& offer,
                                 Visitor& visitor) {
    SignInUnderWay under_way(provider);
    web::Answer answer = co_await finish(site, request, provider, offer, visitor);
    under_way.is_over = true;
    if (answer.code) {
        provider.count_login(answer.code);
    }
    co_return answer;
}

} // namespace oauth::flow
