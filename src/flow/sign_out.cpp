// SPDX-License-Identifier: MIT
// See sign_out.hpp. The ledger records that the session has ended, so that copies of its cookie stop working.
#include "sign_out.hpp"

#include "../core/bytes.hpp"
#include "../core/url.hpp"
#include "../oidc/logout.hpp"
#include "../session/cookies.hpp"
#include "../session/sign_in.hpp"

namespace oauth::flow {

namespace {

std::string requested_return(const Request& request) {
    for (const std::string& source : {request.arguments, request.body}) {
        if (auto asked = asked_return_to(source, request.home())) {
            return std::move(*asked);
        }
    }
    return "/";
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

// Where the provider ends its session; empty: it has no such endpoint.
core::Task<std::string> provider_exit(Site& site, const session::Session& session, std::string target,
                                      std::string client) {
    Provider* provider = site.find_provider(session.identity.provider);
    oidc::EndSessionRequest end;
    end.end_session_endpoint = co_await find_end_session_endpoint(site, *provider, std::move(client));
    if (end.end_session_endpoint.empty()) {
        co_return "";
    }
    end.client_id = provider->settings().client_id;
    end.post_logout_redirect_uri = std::move(target);
    end.id_token_hint = session.id_token;
    const auto special = provider->settings().type->end_session_url;
    co_return special != nullptr ? special(provider->settings(), end) : oidc::build_end_session_url(end);
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

std::string confirmed_sign_out_url(const Site& site, const Request& request,
                                   const session::Session& session) {
    std::string url = request.home() + site.options.path + "/logout";
    core::append_parameter(url, "confirm", confirmation(session));
    return url;
}

void delete_session_cookies(const Site& site, const Request& request, web::Answer& answer) {
    const std::string sign_ins =
        session::sign_in_cookie_name(session::cookie_name(site.options.cookie, request.base_url), "");
    delete_cookies(site, request, [&](std::string_view name) { return !name.starts_with(sign_ins); }, answer);
}

core::Task<std::optional<web::Answer>> end_sessions(Site& site, const Request& request, Visitor& visitor,
                                                    Asked asked) {
    const core::Status looked_up = co_await visitor.look_up();
    if (!looked_up) {
        co_return web::failure(looked_up.error(), audience(site, request, asked.return_to));
    }
    const session::OpenedSessionPointer current = visitor.session();
    if (!current) {
        co_return std::nullopt;
    }
    if (!is_own_will(request) && !is_confirmed(request, current->session)) {
        std::string url = request.home() + asked.path;
        core::append_parameter(url, "confirm", confirmation(current->session));
        url += asked.arguments;
        co_return web::sign_out_confirmation(url, request.home() + "/", audience(site, request, "/"));
    }
    const std::vector<session::OpenedSessionPointer> all = visitor.all_sessions();
    for (const session::OpenedSessionPointer& each : all) {
        const core::Status ended = co_await site.store->erase(each);
        if (!ended) {
            const core::Error failed{ended.error().code, "session " + session::log_id(each->session) +
                                                             " could not be ended: " + ended.error().detail};
            co_return web::failure(failed, audience(site, request, asked.return_to));
        }
    }
    co_return std::nullopt;
}

core::Task<web::Answer> sign_out(Site& site, const Request& request, Visitor& visitor) {
    const std::string return_to = requested_return(request);
    Asked asked{site.options.path + "/logout", "", return_to};
    if (return_to != "/") {
        asked.arguments = "&return_to=" + core::percent_encode(return_to);
    }
    auto instead = co_await end_sessions(site, request, visitor, std::move(asked));
    if (instead) {
        co_return std::move(*instead);
    }
    const session::OpenedSessionPointer current = visitor.session();
    std::string target = request.home() + return_to;
    if (current) {
        std::string exit = co_await provider_exit(site, current->session, target, request.client);
        target = exit.empty() ? target : exit;
    }
    web::Answer answer = web::redirect(request.method == "POST" ? 303 : 302, target);
    if (current || is_own_will(request)) {
        delete_cookies(site, request, [](std::string_view) { return true; }, answer);
    } else { // nobody is signed in: a foreign page cannot end what another tab has begun
        delete_session_cookies(site, request, answer);
    }
    if (current) {
        answer.log_level = web::LogLevel::info;
        answer.log = "signed out, session " + session::log_id(current->session);
    }
    co_return answer;
}

} // namespace oauth::flow
