// SPDX-License-Identifier: MIT
// What people and programs are told when something failed: for each code a title, what happened, what to do,
// and the way on.
#include "pages.hpp"

#include "../core/json.hpp"
#include "html.hpp"

namespace oauth::web {

namespace {

enum class Way { none, sign_in, retry, other_account, start };

struct Words {
    Phrase title;
    Phrase what;
    Phrase next;
    Way first;
    Way second = Way::none;
};

Words words(core::Code code, const Audience& audience) {
    using core::Code;
    using enum Phrase;
    switch (code) {
    case Code::login_required:
        if (audience.lacks_strength) {
            return {step_up_title, step_up_what, step_up_next, Way::sign_in};
        }
        return {login_required_title, login_required_what, login_required_next, Way::sign_in};
    case Code::policy_denied:
        if (audience.lacks_strength) {
            return {step_up_title, step_up_what, step_up_next, Way::retry, Way::other_account};
        }
        return {denied_title, audience.account.empty() ? denied_unknown_what : denied_what, denied_next,
                Way::other_account};
    case Code::access_denied:
        return {access_denied_title, access_denied_what, access_denied_next, Way::other_account, Way::retry};
    case Code::email_unverified:
        return {unverified_title, unverified_what, unverified_next, Way::retry, Way::other_account};
    case Code::state_invalid:
        return {expired_title, expired_what, expired_next, Way::retry};
    case Code::request_invalid:
        return {invalid_title, invalid_what, audience.start_url.empty() ? not_found_next : invalid_next,
                Way::start};
    case Code::provider_error:
        return {provider_error_title, provider_error_what, provider_error_next, Way::retry};
    case Code::token_invalid:
        return {token_title, token_what, token_next, Way::retry};
    case Code::provider_unreachable:
        return {unreachable_title, unreachable_what, unreachable_next, Way::retry};
    case Code::provider_timeout:
        return {timeout_title, timeout_what, timeout_next, Way::retry};
    case Code::session_too_large:
        return {too_large_title, too_large_what, too_large_next, Way::other_account};
    case Code::store_unavailable:
        // With a provider it is about a sign-in, else about a session.
        return {store_title, audience.provider.empty() ? store_what : store_sign_in_what, store_next,
                Way::retry};
    case Code::internal_error:
        break;
    }
    return {internal_title, internal_what, internal_next, Way::retry};
}

std::string way_html(Way way, Weight weight, const Audience& audience) {
    const auto label = [&](Phrase phrase) { return say(audience, phrase); };
    switch (way) {
    case Way::sign_in:
        return button(audience.login_url, label(Phrase::sign_in), weight, Fragment::in_return_to);
    case Way::retry:
        return button(audience.retry_url, label(Phrase::try_again), weight,
                      audience.retry_is_sign_in ? Fragment::in_return_to : Fragment::own);
    case Way::other_account:
        return button(audience.other_account_url, label(Phrase::use_another_account), weight,
                      Fragment::in_return_to);
    case Way::start:
        return button(audience.start_url, label(Phrase::go_to_start), weight);
    case Way::none:
        break;
    }
    return "";
}

bool is_open(Way way, const Audience& audience) {
    switch (way) {
    case Way::sign_in:
        return !audience.login_url.empty();
    case Way::retry:
        return !audience.retry_url.empty();
    case Way::other_account:
        return !audience.other_account_url.empty();
    case Way::start:
        return !audience.start_url.empty();
    case Way::none:
        break;
    }
    return false;
}

// Where another provider, or another account, may help.
bool is_about_provider(core::Code code) {
    using core::Code;
    return code != Code::store_unavailable && code != Code::internal_error && code != Code::state_invalid &&
           code != Code::request_invalid;
}

Answer failure_page(int status, core::Code code, const Words& said, const Audience& audience) {
    Content content{said.title};
    content.html = paragraph(audience, said.what) + paragraph(audience, said.next, "next");
    const bool is_blocked = said.first != Way::none && !is_open(said.first, audience);
    const Way first = is_blocked ? Way::retry : said.first;
    std::string ways = is_open(first, audience) ? way_html(first, Weight::primary, audience) : "";
    if (said.second != first && is_open(said.second, audience)) {
        ways += way_html(said.second, ways.empty() ? Weight::primary : Weight::secondary, audience);
    }
    content.html += ways.empty() ? "" : "<div class=\"on\">\n" + ways + "</div>\n";
    if (!audience.others.empty() && is_about_provider(code)) {
        content.html += "<h2>" + say_html(audience, Phrase::another_way) + "</h2>\n";
        content.html += choice_list(audience, audience.others);
    }
    content.keeps_fragment = audience.has_own_address;
    content.code = core::code_name(code);
    return framed_page(status, audience, content);
}

LogLevel log_level(core::Code code) {
    switch (core::code_status(code) / 100) {
    case 5:
        return LogLevel::error;
    default:
        return code == core::Code::login_required ? LogLevel::none : LogLevel::warn;
    }
}

Answer failure_with(int status, core::Code code, const Words& said, const Audience& audience) {
    Answer answer;
    if (audience.is_grpc) {
        answer = grpc(status, code, say(audience, said.what));
    } else if (audience.prefers_json) {
        core::JsonObjectWriter body;
        body.add("error", core::code_name(code));
        body.add("message", say(audience, said.what));
        body.add("request_id", audience.request_id);
        if (!audience.login_url.empty()) {
            body.add("login_url", audience.login_url);
        }
        answer = json(status, std::move(body).finish());
    } else {
        answer = failure_page(status, code, said, audience);
    }
    answer.code = code;
    return answer;
}

void add_challenge(std::string_view realm, Answer& answer) {
    // The realm is the base URL, which has no quote in it.
    answer.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"" + std::string(realm) + "\"");
}

} // namespace

Answer failure(const core::Error& error, const Audience& audience) {
    Answer answer =
        failure_with(core::code_status(error.code), error.code, words(error.code, audience), audience);
    answer.log_level = log_level(error.code);
    answer.log.append(core::code_name(error.code)).append(": ").append(error.detail);
    if (answer.log_level != LogLevel::none && !audience.request_id.empty()) {
        answer.log.append(", reference ").append(audience.request_id);
    }
    return answer;
}

Answer unauthenticated(std::string_view realm, const Audience& audience) {
    Audience program = audience;
    program.prefers_json = true;
    Answer answer =
        failure_with(401, core::Code::login_required, words(core::Code::login_required, program), program);
    add_challenge(realm, answer);
    return answer;
}

Answer not_sent(std::string_view realm, const Audience& audience) {
    Content content{Phrase::not_sent_title};
    content.html =
        paragraph(audience, audience.lacks_strength ? Phrase::not_sent_step_up : Phrase::not_sent_what) +
        paragraph(audience, Phrase::not_sent_next, "next") + "<div class=\"on\">\n";
    // A new tab: this one's history has the form.
    content.html += "<a class=\"b p\" target=\"_blank\" rel=\"noopener\" href=\"" +
                    html_escape(audience.login_url) + "\">" + say_html(audience, Phrase::sign_in_new_tab) +
                    "</a>\n</div>\n";
    content.code = core::code_name(core::Code::login_required);
    Answer answer = framed_page(401, audience, content);
    answer.code = core::Code::login_required;
    answer.log_level = LogLevel::info;
    answer.log = "login_required: a form was posted without a session, reference " + audience.request_id;
    add_challenge(realm, answer);
    return answer;
}

Answer endless(std::string_view realm, std::string reason, const Audience& audience) {
    using enum Phrase;
    Answer answer = failure_with(401, core::Code::login_required,
                                 {endless_title, endless_what, endless_next, Way::none}, audience);
    answer.log_level = LogLevel::error;
    answer.log.append(core::code_name(core::Code::login_required)).append(": ").append(reason);
    answer.log.append(", reference ").append(audience.request_id);
    add_challenge(realm, answer);
    return answer;
}

Answer not_found(const Audience& audience) {
    using enum Phrase;
    Answer answer = failure_with(404, core::Code::request_invalid,
                                 {not_found_title, not_found_what, not_found_next, Way::start}, audience);
    answer.log_level = LogLevel::info;
    answer.log = "request_invalid: there is no such endpoint, reference " + audience.request_id;
    return answer;
}

Answer not_allowed(std::string_view allow, const Audience& audience) {
    using enum Phrase;
    const bool is_program = audience.prefers_json || audience.is_grpc;
    Answer answer = failure_with(
        405, core::Code::request_invalid,
        {not_found_title, is_program ? not_allowed_what : not_found_what, not_found_next, Way::start},
        audience);
    answer.headers.emplace_back("Allow", allow);
    answer.log_level = LogLevel::info;
    answer.log = "request_invalid: the endpoint does not take this method, reference " + audience.request_id;
    return answer;
}

} // namespace oauth::web
