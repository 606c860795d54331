// SPDX-License-Identifier: MIT
// See decision.hpp.
#include "decision.hpp"

#include "../core/bytes.hpp"
#include "../core/url.hpp"
#include "step_up.hpp"

#include <algorithm>

namespace oauth::flow {

namespace {

bool is_there(const web::Answer& answer, std::string_view name) {
    return std::any_of(answer.headers.begin(), answer.headers.end(), [&](const auto& header) {
        return header.first.size() == name.size() && core::equal_ignoring_case(header.first, name);
    });
}

// A value that could end a header line must not get into one, nor one that is another when it has been read:
// blanks at its ends are no part of a value (RFC 9110 5.5). Nor a second one into a header that the identity
// has.
void add(web::Answer& answer, std::string_view name, std::string value) {
    const bool is_kept = core::trim(value).size() == value.size() && !core::has_control_characters(value);
    if (!value.empty() && is_kept && !is_there(answer, name)) {
        answer.headers.emplace_back(name, std::move(value));
    }
}

// The answer is shown as no page, as far as is known: a sign-in would lead nowhere, and take the place of one
// that somebody is at. Proxies do not pass on all that is_page_load() asks for.
bool shows_no_page(const Request& request) {
    const std::string& target = request.sec_fetch_dest;
    const bool is_page = target.empty() || target == "document" || target == "iframe" || target == "frame";
    return !is_page || !is_get(request) || request.upgrade || is_prefetch(request) || is_grpc(request) ||
           core::equal_ignoring_case(request.requested_with, "XMLHttpRequest");
}

Page asked_page(const Site& site, const Request& request, const Offer& offer) {
    return {request.home(), local_return_to(request.target, request.home()),
            offer_names(site.options, offer)};
}

// To an endpoint that the visitor asks by itself: no cookie has to come through the other proxy, and nobody
// waits here for a provider.
web::Answer lead_to(const Request& request, std::string url) {
    web::Answer answer = web::redirect(302, std::move(url));
    tell_of_long_link(request.target, answer);
    answer.code = core::Code::login_required;
    return answer;
}

} // namespace

web::Answer pass(const Admission* admission, std::string_view identity_header,
                 const std::shared_ptr<const std::string>& identity) {
    web::Answer answer;
    answer.status = 204;
    if (admission == nullptr || !admission->passes() || admission->identity == nullptr) {
        return answer;
    }
    if (identity != nullptr) {
        add(answer, identity_header, *identity);
    }
    const session::Identity& who = *admission->identity;
    constexpr session::Fact groups("group");
    const bool is_cut = admission->session != nullptr && admission->session->session.groups_are_cut;
    add(answer, "X-Auth-Request-User", std::string(std::string_view(who.user)));
    if (who.email && who.email_verified) { // there is no header to say that it is not
        add(answer, "X-Auth-Request-Email", std::string(std::string_view(*who.email)));
    }
    add(answer, "X-Auth-Request-Groups", is_cut ? "" : session::shown_text(who, groups.row()));
    return answer;
}

core::Task<web::Answer> ask_to_sign_in(Site& site, const Request& request, const Offer& offer,
                                       Unauthenticated how) {
    if (how == Unauthenticated::status_401 || shows_no_page(request)) {
        co_return co_await challenge(site, request, offer, Unauthenticated::status_401);
    }
    if (std::string reason = why_endless(site, request, offer); !reason.empty()) {
        co_return web::endless(request.base_url, std::move(reason), audience(site, request, "/"));
    }
    co_return lead_to(request, login_url(site.options, asked_page(site, request, offer)));
}

core::Task<web::Answer> ask_to_step_up(Site& site, const Request& request, const Offer& offer,
                                       Unauthenticated how, const session::StepUp& wanted) {
    if (how == Unauthenticated::status_401 || shows_no_page(request)) {
        co_return co_await step_up(site, request, offer, Unauthenticated::status_401, wanted);
    }
    co_return lead_to(request, start_url(site.options, *offer.front(), asked_page(site, request, offer)));
}

web::Answer cannot_decide(const Site& site, const Request& request, const core::Error& error) {
    web::Audience to = audience(site, request, "/");
    to.retry_url = local_return_to(request.target, request.home());
    to.retry_is_sign_in = false;
    return web::failure(error, to);
}

bool wants_redirect(std::string_view arguments) {
    const auto parameters = core::Parameters::parse(arguments);
    return parameters && parameters->find("redirect").value_or("") == "1";
}

} // namespace oauth::flow
