// SPDX-License-Identifier: MIT
// See sign_out.hpp. The ledger records that the session has ended, so that copies of its cookie stop working.
#include "sign_out.hpp"

#include "../core/bytes.hpp"
#include "../core/url.hpp"
#include "../oidc/logout.hpp"
#include "../session/cookies.hpp"
#include "../session/sign_in.hpp"
#include "../session/sign_out.hpp"
#include "last_provider.hpp"
#include "token_return.hpp"

#include <algorithm>
#include <array>

namespace oauth::flow {

namespace {

// nullopt: the visitor stays on our page.
std::optional<std::string> requested_return(const Request& request) {
    for (const std::string& source : {request.arguments, request.body}) {
        if (auto asked = asked_return_to(source, request.home())) {
            return asked;
        }
    }
    return std::nullopt;
}

// Empty if there is none or the provider does not answer: the session here ends in any case. The provider is
// asked only where neither the configuration nor anything seen before tells, however long ago that was.
core::Task<std::string> find_end_session_endpoint(Site& site, Provider& provider, std::string client) {
    if (!provider.settings().end_session_endpoint.empty()) {
        co_return provider.settings().end_session_endpoint;
    }
    if (const auto known = provider.known_metadata()) {
        co_return known->end_session_endpoint;
    }
    const auto turn = Turn::take(site.turns, provider.settings().name, client);
    if (!turn) {
        co_return "";
    }
    const auto metadata = co_await provider.metadata(site.http);
    co_return metadata ? (*metadata.value()).end_session_endpoint : "";
}

std::string signed_out_url(const Site& site, const std::string& origin) {
    return origin + site.options.path + "/signed-out";
}

// The one address to register at a provider, with a state that it is to give back.
oidc::EndSessionRequest end_session_request(Site& site, const Request& request, const Provider& provider) {
    oidc::EndSessionRequest end;
    end.client_id = provider.settings().client_id;
    end.post_logout_redirect_uri = signed_out_url(site, request.base_url);
    end.hint_rule = provider.settings().type->hint_rule;
    std::array<char, 16> random{};
    if (site.random.fill(random.data(), random.size())) { // without one the way back ends on our page
        end.state = core::base64url_encode({random.data(), random.size()});
    }
    return end;
}

// Where the provider ends its session; empty: it has no such endpoint, or takes nothing that we have.
core::Task<std::string> provider_exit(Site& site, session::OpenedSessionPointer current,
                                      oidc::EndSessionRequest end, std::string client) {
    Provider* provider = site.find_provider(current->session.identity.provider);
    end.end_session_endpoint = co_await find_end_session_endpoint(site, *provider, std::move(client));
    if (end.end_session_endpoint.empty()) {
        co_return "";
    }
    site.store->read_id_token(*current);
    end.id_token_hint = current->session.id_token;
    const auto special = provider->settings().type->end_session_url;
    co_return special != nullptr ? special(provider->settings(), end) : oidc::build_end_session_url(end);
}

session::CookieSettings sign_out_cookie_settings(const SiteOptions& options) {
    session::CookieSettings settings = options.cookie;
    // The way back from the provider is a page load from another site: a browser sends Lax cookies with it.
    settings.same_site = session::CookieSettings::SameSite::lax;
    return settings;
}

std::string cookie_of_sign_out(const Site& site, const Request& request) {
    return session::sign_out_cookie_name(session::cookie_name(site.options.cookie, request.base_url));
}

// Keeps where the visitor wants to go, over the provider. The state is asked for again if it was sent.
void keep_return(Site& site, const Request& request, session::SignOut kept, web::Answer& answer) {
    const std::string name = cookie_of_sign_out(site, request);
    kept.ends_at = site.clock.now() + session::sign_out_lifetime;
    const auto sealed = site.sign_out_sealer.seal(site.random, session::binding(name, request.base_url),
                                                  session::serialize(kept));
    if (sealed) {
        answer.set_cookies.push_back(session::set_cookie(sign_out_cookie_settings(site.options),
                                                         request.base_url, name, *sealed,
                                                         session::sign_out_lifetime));
    }
}

// What this browser's last sign-out has kept; nullopt: nothing, or it is over.
std::optional<session::SignOut> open_return(Site& site, const Request& request) {
    const std::string name = cookie_of_sign_out(site, request);
    const std::string binding = session::binding(name, request.base_url);
    for (const auto& [cookie_name, value] : request.cookies) {
        const auto record = cookie_name == name ? site.sign_out_sealer.open(binding, value) : std::nullopt;
        auto kept = record ? session::deserialize_sign_out(*record) : std::nullopt;
        if (kept && site.clock.now() <= kept->ends_at) {
            return kept;
        }
    }
    return std::nullopt;
}

// Only a page of ours that this browser was shown knows it.
std::string confirmation(const session::Session& session) {
    constexpr std::size_t size = 22; // characters: 132 bits
    return core::base64url_encode(core::hmac(core::Hash::sha256, session.id, "sign-out")).substr(0, size);
}

bool is_confirmed(const Request& request, const session::Session& session) {
    const auto parameters = core::Parameters::parse(request.arguments);
    const auto given = parameters ? parameters->find("confirm") : std::nullopt;
    return given && core::equal_constant_time(*given, confirmation(session));
}

// An image, a frame or a style sheet of a page: neither what a visitor follows nor what a script fetches.
bool is_embedded(const Request& request) {
    const std::string& target = request.sec_fetch_dest;
    return !target.empty() && target != "document" && target != "empty";
}

// LO-01. Browsers tell where a page load comes from, but not on http sites, where a GET need not say
// anything. A form that a browser posts does, so a POST that says nothing is a program's.
bool is_own_will(const Request& request) {
    if (request.method != "POST" && is_embedded(request)) { // what visitors may write into pages of ours
        return false;
    }
    const Origin origin = origin_of(request);
    return origin == Origin::own || (origin == Origin::unknown && request.method == "POST");
}

template <class Takes>
void delete_cookies(const Site& site, const Request& request, Takes takes, web::Answer& answer) {
    for (const auto& [name, value] : request.cookies) {
        if (takes(name)) {
            forget_cookie(site, request, name, answer);
        }
    }
}

} // namespace

std::string confirmed_sign_out_url(const Site& site, const Request& request, const session::Session& session,
                                   const std::string& return_to) {
    std::string url = request.home() + site.options.path + "/logout";
    core::append_parameter(url, "confirm", confirmation(session));
    if (!return_to.empty()) {
        core::append_parameter(url, "return_to", return_to);
    }
    return url;
}

void delete_session_cookies(const Site& site, const Request& request, web::Answer& answer) {
    const std::string base_name = session::cookie_name(site.options.cookie, request.base_url);
    const std::string sign_ins = session::sign_in_cookie_name(base_name, "");
    const std::string last = session::last_provider_cookie_name(base_name);
    const std::string kept = cookie_of_sign_out(site, request);
    const auto is_of_session = [&](std::string_view name) {
        return !name.starts_with(sign_ins) && name != kept && name != last;
    };
    delete_cookies(site, request, is_of_session, answer);
}

core::Task<std::optional<web::Answer>> end_sessions(Site& site, const Request& request, Visitor& visitor,
                                                    Asked asked) {
    const auto failed = [&](const core::Error& error) {
        web::Audience to = audience(site, request, asked.return_to);
        if (is_own_will(request)) { // else a click on a page of ours would make it so
            to.retry_url = request.home() + asked.path;
            to.retry_url += asked.arguments.empty() ? "" : "?" + asked.arguments.substr(1);
            to.retry_is_sign_in = false;
        } else if (asked.what == web::Leaving::sign_out) { // it tells who is signed in, and offers to
            to.retry_url = signed_out_url(site, request.home());
            to.retry_is_sign_in = false;
        }
        return web::failure(error, to);
    };
    const core::Status looked_up = co_await visitor.look_up();
    if (!looked_up) {
        co_return failed(looked_up.error());
    }
    const session::OpenedSessionPointer current = visitor.session();
    if (!current) {
        co_return std::nullopt;
    }
    if (!is_own_will(request) && !is_confirmed(request, current->session)) {
        std::string url = request.home() + asked.path;
        core::append_parameter(url, "confirm", confirmation(current->session));
        url += asked.arguments;
        web::Audience to = audience(site, request, "/");
        to.account = account_label(site, current->session.identity);
        const bool is_on_its_way = asked.what == web::Leaving::another_account;
        const std::string stay_url = request.home() + (is_on_its_way ? asked.return_to : "/");
        co_return web::leave_confirmation(asked.what, url, stay_url, to);
    }
    const std::vector<session::OpenedSessionPointer> all = visitor.all_sessions();
    for (const session::OpenedSessionPointer& each : all) {
        const core::Status ended = co_await site.store->erase(each);
        if (!ended) {
            co_return failed({ended.error().code, "session " + session::log_id(each->session) +
                                                      " could not be ended: " + ended.error().detail});
        }
        give_back_tokens(site, each->session);
    }
    co_return std::nullopt;
}

namespace {

// What a sign-out is answered with, once the sessions here have ended. `exit`: where the provider ends its
// own.
web::Answer lead_out(Site& site, const Request& request, const std::string& exit,
                     const std::optional<std::string>& return_to) {
    const std::string own_page = signed_out_url(site, request.home());
    const std::string here = return_to ? request.home() + *return_to : own_page;
    web::Answer answer = web::redirect(request.method == "POST" ? 303 : 302, exit.empty() ? here : exit);
    const std::size_t question = exit.find('?');
    const auto sent = core::Parameters::parse(
        question == std::string::npos ? "" : std::string_view(exit).substr(question + 1));
    const bool comes_back =
        sent && (sent->find("post_logout_redirect_uri") || sent->find("logout_uri")); // Cognito's
    if (return_to && comes_back) {
        keep_return(site, request,
                    {std::string(sent->find("state").value_or("")), request.family_origin, *return_to, 0},
                    answer);
    }
    return answer;
}

bool has_session_cookie(const Site& site, const Request& request) {
    const std::string name = session::cookie_name(site.options.cookie, request.base_url);
    return std::any_of(request.cookies.begin(), request.cookies.end(), [&](const auto& cookie) {
        return cookie.first == name || cookie.first == name + ".0";
    });
}

constexpr std::string_view once_more = "again";

// A browser sends no strict cookies with what another site has begun, redirects included: whether somebody
// is signed in shows only when a page of ours asks. A browser that does not tell whose page asks is asked
// once more only.
bool may_lack_cookies(const Site& site, const Request& request) {
    const Origin origin = origin_of(request);
    const auto parameters = core::Parameters::parse(request.arguments);
    const bool is_again = parameters && parameters->find(once_more);
    return site.options.cookie.same_site == session::CookieSettings::SameSite::strict &&
           is_page_load(request) && (origin == Origin::foreign || (origin == Origin::unknown && !is_again));
}

// Whose sessions the visitor had. Of one that was over already it is not known, unless there is no choice.
std::vector<const Provider*> providers_left(const Site& site, const Request& request,
                                            const Visitor& visitor) {
    std::vector<const Provider*> left;
    for (const session::OpenedSessionPointer& each : visitor.all_sessions()) {
        if (const Provider* provider = site.find_provider(each->session.identity.provider)) {
            left.push_back(provider);
        }
    }
    if (left.empty() && site.providers.size() == 1 && has_session_cookie(site, request)) {
        left.push_back(site.providers.front());
    }
    return left;
}

} // namespace

core::Task<web::Answer> sign_out(Site& site, const Request& request, Visitor& visitor) {
    const std::optional<std::string> return_to = requested_return(request);
    Asked asked{web::Leaving::sign_out, site.options.path + "/logout", "", return_to.value_or("/")};
    if (return_to) {
        asked.arguments = "&return_to=" + core::percent_encode(*return_to);
    }
    auto instead = co_await end_sessions(site, request, visitor, std::move(asked));
    if (instead) {
        co_return std::move(*instead);
    }
    const session::OpenedSessionPointer current = visitor.session();
    if (!current && may_lack_cookies(site, request)) { // what has not been ended is not answered as if it had
        co_return web::redirect(302, signed_out_url(site, request.home()));
    }
    std::string exit;
    if (current) {
        const Provider& provider = *site.find_provider(current->session.identity.provider);
        oidc::EndSessionRequest end = end_session_request(site, request, provider);
        exit = co_await provider_exit(site, current, std::move(end), request.client);
    }
    web::Answer answer = lead_out(site, request, exit, return_to);
    if (current || is_own_will(request)) {
        const std::string kept = cookie_of_sign_out(site, request);
        const std::string last =
            session::last_provider_cookie_name(session::cookie_name(site.options.cookie, request.base_url));
        delete_cookies(
            site, request, [&](std::string_view name) { return name != kept && name != last; }, answer);
        remember_sign_out(site, request, providers_left(site, request, visitor),
                          exit.empty() ? nullptr : site.find_provider(current->session.identity.provider),
                          answer);
    } else { // nobody is signed in: a foreign page cannot end what another tab has begun
        delete_session_cookies(site, request, answer);
    }
    if (current) {
        answer.log_level = web::LogLevel::info;
        answer.log = "signed out, session " + session::log_id(current->session);
    }
    co_return answer;
}

core::Task<web::Answer> signed_out(Site& site, const Request& request, Visitor& visitor) {
    const auto parameters = core::Parameters::parse(request.arguments);
    const auto kept = open_return(site, request);
    const std::string state(parameters ? parameters->find("state").value_or("") : "");
    const bool is_asked_ahead = request.method == "HEAD" || is_prefetch(request);
    // Whatever the provider makes of the state, here the way ends: never with an error, and at most once.
    const bool is_its_own = kept && (kept->state.empty() || core::equal_constant_time(kept->state, state));
    if (is_its_own && !is_asked_ahead) {
        // The host that it names may have left the family since.
        const std::string other = family_origin(site.options, request.base_url, kept->origin);
        web::Answer answer = web::redirect(302, (other.empty() ? request.base_url : other) + kept->return_to);
        forget_cookie(site, request, cookie_of_sign_out(site, request), answer);
        co_return answer;
    }
    web::Audience to = audience(site, request, "/");
    const core::Status looked_up = co_await visitor.look_up();
    if (!looked_up) { // "signed out" would be a promise
        to.retry_url = signed_out_url(site, request.home());
        to.retry_is_sign_in = false;
        co_return web::failure(looked_up.error(), to);
    }
    const session::OpenedSessionPointer current = visitor.session();
    if (!current && may_lack_cookies(site, request)) {
        std::string again = signed_out_url(site, request.home());
        core::append_parameter(again, once_more, "1");
        co_return web::onward_page(again, to);
    }
    if (!current) {
        co_return web::signed_out_page(to);
    }
    to.account = account_label(site, current->session.identity);
    to.login_url = confirmed_sign_out_url(site, request, current->session, "");
    co_return web::still_signed_in_page(request.home() + "/", to);
}

std::string confirmed_switch_url(const Site& site, const Provider& provider, const Page& return_to,
                                 const session::Session& session) {
    return start_url(site.options, provider, return_to, Account::another, confirmation(session));
}

} // namespace oauth::flow
