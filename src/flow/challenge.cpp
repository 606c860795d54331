// SPDX-License-Identifier: MIT
// What a request gets that no session, or no rule, lets in: see endpoints.hpp.
#include "endpoints.hpp"

#include "../core/url.hpp"
#include "../session/cookie_rules.hpp"
#include "sign_in.hpp"
#include "sign_out.hpp"

namespace oauth::flow {

namespace {

// The cookies of a family of hosts are refused at a host outside of its domain: a sign-in that began there
// would have none when it comes to the callback.
bool is_outside_of_family(const Site& site, const Request& request) {
    const auto host = core::parse_url(request.own_origin);
    return !site.options.cookie.domain.empty() && host &&
           !session::domain_covers(site.options.cookie.domain, host->host);
}

// Why a sign-in would lead back to the same question for ever; empty: it does not.
std::string why_endless(const Site& site, const Request& request, const Offer& offer) {
    const SiteOptions& options = site.options;
    if (!session::path_covers(options.cookie.path, request.path)) {
        return "the page is outside of \"oauth_cookie path=" + options.cookie.path +
               "\", so that no sign-in can reach it: protect only what the path covers, or widen it";
    }
    if (offer.size() != 1 && !options.login_page.empty() &&
        request.path == login_page_path(options.login_page)) {
        return "the page is that of \"oauth_login_page " + options.login_page +
               "\", where visitors choose how to sign in: set \"oauth off\" in its location";
    }
    return "";
}

} // namespace

core::Task<web::Answer> challenge(Site& site, const Request& request, const Offer& offer,
                                  Unauthenticated how) {
    const bool page =
        how == Unauthenticated::redirect || (how == Unauthenticated::automatic && is_page_load(request));
    if (!page || is_prefetch(request)) {
        co_return web::unauthenticated(request.base_url, audience(site, request, "/"));
    }
    if (std::string reason = why_endless(site, request, offer); !reason.empty()) {
        web::Answer answer =
            web::failure({core::Code::login_required, std::move(reason)}, audience(site, request, "/"));
        answer.log_level = web::LogLevel::error;
        co_return answer;
    }
    std::string return_to = is_get(request) ? local_return_to(request.target, request.home()) : "/";
    web::Answer answer;
    if (offer.size() == 1 && !is_outside_of_family(site, request)) {
        answer = co_await sign_in(site, request, *offer.front(), std::move(return_to));
    } else {
        answer = web::redirect(302, login_url(site.options, request.home(), return_to));
    }
    if (is_get(request)) {
        tell_of_long_link(request.target, answer);
    }
    if (answer.status == 302) {
        answer.code = core::Code::login_required;
        if (!is_get(request)) {
            answer.status = 303;
        }
    }
    co_return answer;
}

web::Answer refuse(const Site& site, const Request& request, const Admission& denied, std::string reason) {
    const std::string return_to = local_return_to(request.target, request.home());
    web::Audience to = audience(site, request, return_to);
    to.account = denied.identity->user + " (" + denied.identity->provider + ")";
    if (!to.prefers_json) {
        to.login_url = confirmed_sign_out_url(site, request, denied.session->session, return_to);
    }
    const core::Code code =
        denied.verdict.email_unverified ? core::Code::email_unverified : core::Code::policy_denied;
    return web::failure({code, std::move(reason)}, to);
}

} // namespace oauth::flow
