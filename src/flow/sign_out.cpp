// SPDX-License-Identifier: MIT
// See sign_out.hpp. The ledger records that the session has ended, so that copies of its cookie stop working.
#include "sign_out.hpp"

#include "../core/url.hpp"
#include "../oidc/logout.hpp"

#include <set>

namespace oauth::flow {

namespace {

std::string requested_return(const Request& request) {
    for (const std::string& source : {request.arguments, request.body}) {
        if (auto asked = asked_return_to(source, request.base_url)) {
            return std::move(*asked);
        }
    }
    return "/";
}

// Empty if there is none or the provider does not answer: the session here ends in any case. The provider is
// asked only where neither the configuration nor anything seen before tells, however long ago that was.
core::Task<std::string> find_end_session_endpoint(Site& site, Provider& provider) {
    if (!provider.settings().end_session_endpoint.empty()) {
        co_return provider.settings().end_session_endpoint;
    }
    if (const auto known = provider.known_metadata()) {
        co_return known->end_session_endpoint;
    }
    const auto metadata = co_await provider.metadata(site.http);
    co_return metadata ? (*metadata.value()).end_session_endpoint : "";
}

// One header a name, however often the browser sent it.
void delete_cookies(const Site& site, const Request& request, web::Answer& answer) {
    std::set<std::string_view> names;
    for (const auto& [name, value] : request.cookies) {
        if (names.insert(name).second) {
            answer.set_cookies.push_back(session::delete_cookie(site.options.cookie, request.base_url, name));
        }
    }
}

// Where the provider ends its session; empty: it has no such endpoint.
core::Task<std::string> provider_exit(Site& site, const session::Session& session, std::string target) {
    Provider* provider = site.find_provider(session.identity.provider);
    oidc::EndSessionRequest end;
    end.end_session_endpoint = co_await find_end_session_endpoint(site, *provider);
    if (end.end_session_endpoint.empty()) {
        co_return "";
    }
    end.client_id = provider->settings().client_id;
    end.post_logout_redirect_uri = std::move(target);
    end.id_token_hint = session.id_token;
    const auto special = provider->settings().type->end_session_url;
    co_return special != nullptr ? special(provider->settings(), end) : oidc::build_end_session_url(end);
}

} // namespace

core::Task<web::Answer> sign_out(Site& site, const Request& request, Visitor& visitor) {
    const std::string return_to = requested_return(request);
    if (is_cross_site(request)) {
        std::string url = request.base_url + site.options.path + "/logout";
        core::append_parameter(url, "return_to", return_to);
        co_return web::sign_out_confirmation(url, audience(site, request, "/"));
    }
    const core::Status looked_up = co_await visitor.look_up();
    if (!looked_up) {
        co_return web::failure(looked_up.error(), audience(site, request, return_to));
    }
    const session::OpenedSessionPointer current = visitor.session();
    std::string target = request.base_url + return_to;
    if (current) {
        const core::Status ended = co_await site.store->erase(current);
        if (!ended) {
            const core::Error failed{ended.error().code, "session " + session::log_id(current->session) +
                                                             " could not be ended: " + ended.error().detail};
            co_return web::failure(failed, audience(site, request, return_to));
        }
        std::string exit = co_await provider_exit(site, current->session, target);
        target = exit.empty() ? target : exit;
    }
    web::Answer answer = web::redirect(request.method == "POST" ? 303 : 302, target);
    delete_cookies(site, request, answer);
    if (current) {
        answer.log_level = web::LogLevel::info;
        answer.log = "signed out, session " + session::log_id(current->session);
    }
    co_return answer;
}

} // namespace oauth::flow
