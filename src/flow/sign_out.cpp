// SPDX-License-Identifier: MIT
// See sign_out.hpp. The session is ended in the ledger too, so that a copy of its cookie is worth nothing
// afterwards.
#include "sign_out.hpp"

#include "../core/url.hpp"
#include "../oidc/logout.hpp"
#include "exchange.hpp"
#include "sign_in.hpp"

namespace oauth::flow {

namespace {

std::string requested_return(const Request& request) {
    for (const std::string& source : {request.arguments, request.body}) {
        const auto parameters = core::Parameters::parse(source);
        const auto value = parameters ? parameters->find("return_to") : std::nullopt;
        if (value) {
            return local_return_to(*value, request.base_url);
        }
    }
    return "/";
}

// Empty: none, or the provider does not answer, which keeps nobody signed in here.
core::Task<std::string> find_end_session_endpoint(Site& site, Provider& provider) {
    if (const auto known = provider.known_metadata()) {
        co_return known->end_session_endpoint;
    }
    const auto metadata = co_await provider.metadata(site.http);
    co_return metadata ? (*metadata.value()).end_session_endpoint : "";
}

void delete_session_cookies(const Site& site, const Request& request, web::Answer& answer) {
    for (const auto& cookie : request.cookies) {
        answer.set_cookies.push_back(
            session::set_cookie(site.options.cookie, request.base_url, cookie.first, "", 0));
    }
}

} // namespace

core::Task<web::Answer> sign_out(Site& site, const Request& request, session::OpenedSessionPointer current) {
    const std::string return_to = requested_return(request);
    if (is_cross_site(request)) {
        std::string url = request.base_url + site.options.path + "/logout";
        core::append_parameter(url, "return_to", return_to);
        co_return web::sign_out_confirmation(url, audience(site, request, "/"));
    }
    std::string target = request.base_url + return_to;
    std::string log;
    web::LogLevel log_level = web::LogLevel::none;
    if (current) {
        log_level = web::LogLevel::info;
        log = "signed out, session " + session::log_id(current->session);
        if (site.ledger.revoke(current->session.id, current->session.expires_at) ==
            session::Ledger::Revocation::full) {
            log_level = web::LogLevel::error;
            log += "; the zone is full, a copy of its cookie stays valid: raise oauth_zone";
        }
        Provider* provider = site.find_provider(current->session.identity.provider);
        const std::string end_session_endpoint = co_await find_end_session_endpoint(site, *provider);
        if (!end_session_endpoint.empty()) {
            oidc::EndSessionRequest end;
            end.end_session_endpoint = end_session_endpoint;
            end.client_id = provider->settings().client_id;
            end.post_logout_redirect_uri = target;
            end.id_token_hint = current->session.id_token;
            const auto special = provider->settings().type->end_session_url;
            target =
                special != nullptr ? special(provider->settings(), end) : oidc::build_end_session_url(end);
        }
    }
    web::Answer answer = web::redirect(request.method == "POST" ? 303 : 302, target);
    delete_session_cookies(site, request, answer);
    answer.log_level = log_level;
    answer.log = std::move(log);
    co_return answer;
}

} // namespace oauth::flow
