// SPDX-License-Identifier: MIT
// What a request gets that no session, or no rule, lets in: see endpoints.hpp.
#include "endpoints.hpp"

#include "../core/bytes.hpp"
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

} // namespace

std::string own_page(const Request& request) {
    return request.referer.empty() ? "/" : local_return_to(request.referer, request.home());
}

std::string page_path(const Request& request) {
    std::string path;
    const std::string_view asked = request.path;
    for (const std::string_view segment : core::split(asked.substr(asked.starts_with('/') ? 1 : 0), '/')) {
        path.append("/").append(core::percent_encode(segment));
    }
    return local_return_to(path, request.home());
}

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

core::Task<web::Answer> challenge(Site& site, const Request& request, const Offer& offer, Unauthenticated how,
                                  const session::StepUp* step_up) {
    const bool is_page =
        how == Unauthenticated::redirect || (how == Unauthenticated::automatic && is_page_load(request));
    const std::string names = offer_names(site.options, offer);
    if (!is_page || is_prefetch(request) || is_grpc(request)) {
        const Page page{request.home(), own_page(request), names,
                        step_up == nullptr ? "" : page_path(request)};
        web::Audience to = audience(site, request, page);
        if (is_posted_form(request) && !to.is_grpc) {
            co_return web::not_sent(request.base_url, to);
        }
        const std::string return_to = names.empty() ? "/" : page.path;
        to.login_url = login_url(site.options, {page.origin, return_to, names, page.step_up});
        co_return web::unauthenticated(request.base_url, to);
    }
    if (std::string reason = why_endless(site, request, offer); !reason.empty()) {
        co_return web::endless(request.base_url, std::move(reason), audience(site, request, "/"));
    }
    std::string return_to =
        is_get(request) ? local_return_to(request.target, request.home()) : own_page(request);
    web::Answer answer;
    if (offer.size() == 1 && !is_outside_of_family(site, request)) {
        static const session::StepUp nothing_more;
        const session::StepUp& wanted = step_up == nullptr ? nothing_more : *step_up;
        answer = co_await sign_in(site, request, *offer.front(), offer, std::move(return_to), wanted);
    } else {
        answer = web::redirect(302, login_url(site.options, {request.home(), return_to, names}));
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

web::Answer refuse(const Site& site, const Request& request, const Offer& offer, const Admission& denied,
                   std::string reason) {
    const Page page{request.home(),
                    is_get(request) ? local_return_to(request.target, request.home()) : own_page(request),
                    offer_names(site.options, offer)};
    const session::Session& session = denied.session->session;
    const Provider* provider = site.find_provider(session.identity.provider);
    web::Audience to =
        provider != nullptr ? audience(site, request, page, *provider, offer) : audience(site, request, page);
    to.account = account_label(site, *denied.identity);
    if (provider != nullptr && !to.other_account_url.empty()) {
        to.other_account_url = confirmed_switch_url(site, *provider, page, session);
    }
    to.has_own_address = is_get(request);
    const core::Code code =
        denied.verdict.email_unverified ? core::Code::email_unverified : core::Code::policy_denied;
    return web::failure({code, std::move(reason)}, to);
}

} // namespace oauth::flow
