// SPDX-License-Identifier: MIT
// See step_up.hpp.
#include "step_up.hpp"

#include "../core/bytes.hpp"
#include "../core/url.hpp"

#include <algorithm>
#include <utility>

namespace oauth::flow {

namespace {

bool has_acr(const session::StepUp& wanted, std::optional<std::string_view> acr) {
    return wanted.acr.empty() ||
           (acr && std::find(wanted.acr.begin(), wanted.acr.end(), *acr) != wanted.acr.end());
}

// A time to come would be recent for as long as it has not come.
bool is_recent(const session::StepUp& wanted, std::optional<std::int64_t> time, std::int64_t now,
               std::int64_t skew) {
    return !wanted.max_age || (time && *time <= now + skew && now - *time <= *wanted.max_age + skew);
}

std::string joined(const std::vector<std::string>& values) {
    std::string text;
    for (const std::string& value : values) {
        text.append(text.empty() ? "" : " ").append(value);
    }
    return text;
}

std::optional<std::string_view> view_of(const std::optional<core::Text>& text) {
    return text ? std::optional<std::string_view>(*text) : std::nullopt;
}

// RFC 6749 3.1: a parameter is given once.
void set_parameter(oidc::AuthorizationRequest& request, std::string_view name, std::string value) {
    std::erase_if(request.extra, [name](const auto& parameter) { return parameter.first == name; });
    request.extra.emplace_back(name, std::move(value));
}

} // namespace

bool meets(const session::StepUp& wanted, const Authentication& authentication, std::int64_t now,
           std::int64_t skew) {
    return has_acr(wanted, authentication.acr) && is_recent(wanted, authentication.time, now, skew);
}

bool meets(const session::StepUp& wanted, const session::Session& session, const Site& site) {
    Authentication authentication{view_of(session.identity.acr), std::nullopt};
    if (session.auth_time_is_told) {
        authentication.time = session.signed_in_at;
    }
    return meets(wanted, authentication, site.clock.now(), site.options.clock_skew);
}

std::string why_unmet(const Site& site, const session::StepUp& wanted, const SignedIn& signed_in) {
    const std::int64_t now = site.clock.now();
    const std::int64_t skew = site.options.clock_skew;
    if (!has_acr(wanted, view_of(signed_in.identity.acr))) {
        return std::string("the ID token has ") +
               (signed_in.identity.acr ? "an acr that is none of those" : "no acr, and one was") +
               " asked for (oauth_step_up): the provider has to know \"" + core::for_log(joined(wanted.acr)) +
               "\", and this account to be able to fulfil it";
    }
    if (wanted.max_age && signed_in.auth_time && *signed_in.auth_time > now + skew) {
        return "the ID token's auth_time is in the future: " + std::to_string(*signed_in.auth_time - now) +
               " seconds ahead of this machine's clock";
    }
    if (!is_recent(wanted, signed_in.auth_time, now, skew)) {
        return signed_in.auth_time
                   ? "the ID token's auth_time is " + std::to_string(now - *signed_in.auth_time) +
                         " seconds ago, and max_age was " + std::to_string(*wanted.max_age) +
                         " (oauth_step_up)"
                   : "the ID token has no auth_time, which max_age asks for (oauth_step_up)";
    }
    return "";
}

std::optional<std::int64_t> requested_max_age(const oidc::AuthorizationRequest& request) {
    for (const auto& [name, value] : request.extra) {
        if (name == "max_age") {
            constexpr std::uint64_t year = 366 * 24 * 3600;
            return static_cast<std::int64_t>(core::parse_decimal(value, year).value_or(0));
        }
    }
    return std::nullopt;
}

void ask_for_step_up(const providers::Type& type, const session::StepUp& wanted,
                     oidc::AuthorizationRequest& request) {
    using Recent = providers::StepUpWays::Recent;
    if (!wanted.acr.empty()) {
        set_parameter(request, "acr_values", joined(wanted.acr));
    }
    if (wanted.max_age && type.step_up.recent == Recent::by_prompt) {
        set_parameter(request, "prompt", "login");
    } else if (wanted.max_age) {
        const std::int64_t least =
            std::min(*wanted.max_age, requested_max_age(request).value_or(*wanted.max_age));
        set_parameter(request, "max_age", std::to_string(least));
    }
}

std::string asked_step_up(const Request& request) {
    const auto value = core::find_as_typed(request.arguments, step_up_parameter);
    return value ? local_return_to(*value, request.home()) : "";
}

std::string page_to_sign_in_for(const Request& request) {
    std::string page = asked_step_up(request);
    return page.empty() ? asked_return_to(request.arguments, request.home()).value_or("/") : page;
}

std::string step_up_challenge(const session::StepUp& wanted) {
    std::string value = "Bearer error=\"insufficient_user_authentication\"";
    if (!wanted.acr.empty()) {
        value.append(", acr_values=\"").append(joined(wanted.acr)).append("\"");
    }
    if (wanted.max_age) {
        value.append(", max_age=\"").append(std::to_string(*wanted.max_age)).append("\"");
    }
    return value;
}

core::Task<web::Answer> step_up(Site& site, const Request& request, const Offer& offer, Unauthenticated how,
                                const session::StepUp& wanted) {
    const bool is_page =
        how == Unauthenticated::redirect || (how == Unauthenticated::automatic && is_page_load(request));
    if (is_page && !is_prefetch(request) && !is_grpc(request)) {
        co_return co_await challenge(site, request, offer, how, &wanted);
    }
    web::Audience to = audience(site, request, Page{request.home(), "/"});
    to.lacks_strength = true;
    // From the page that holds the form or the script, which may ask for less itself.
    const Page page{request.home(), own_page(request), offer_names(site.options, offer), page_path(request)};
    to.login_url = start_url(site.options, *offer.front(), page);
    web::Answer answer = is_posted_form(request) && !to.is_grpc ? web::not_sent(request.base_url, to)
                                                                : web::unauthenticated(request.base_url, to);
    for (auto& [name, value] : answer.headers) {
        if (name == "WWW-Authenticate") {
            value = step_up_challenge(wanted);
        }
    }
    answer.log_level = web::LogLevel::info;
    answer.log =
        "login_required: the session's sign-in is not what oauth_step_up asks for, reference " + request.id;
    co_return answer;
}

bool is_unmet(const session::StepUp& wanted, const core::Parameters& answer) {
    return !wanted.empty() && answer.find("error") == "unmet_authentication_requirements";
}

void tell_of_step_up(const Site& site, const session::Identity* identity, const Page& page,
                     web::Audience& to) {
    to.lacks_strength = true;
    to.account = identity == nullptr ? "" : account_label(site, *identity);
    to.retry_url = page.origin + page.path; // which asks for it again
    to.retry_is_sign_in = false;
}

} // namespace oauth::flow
