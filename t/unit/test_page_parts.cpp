// SPDX-License-Identifier: MIT
// The pieces of pages and answers, one by one: links and what they do with a fragment, whom to ask, the ways
// on of each failure, what waits, and what the log says.
#include "../../src/web/pages.hpp"

#include <string>
#include <string_view>

#include "unit.hpp"

using namespace oauth;
using core::Code;
using web::Answer;
using web::Audience;

namespace {

Audience audience() {
    Audience audience;
    audience.request_id = "req-1";
    audience.site = "app.example";
    audience.login_url = audience.retry_url = "/login";
    audience.start_url = "/start";
    return audience;
}

bool has(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

std::string header(const Answer& answer, std::string_view name) {
    for (const auto& [header_name, value] : answer.headers) {
        if (header_name == name) {
            return value;
        }
    }
    return "";
}

void links_do_what_they_are_for(void**) {
    using enum web::Weight;
    using enum web::Fragment;
    assert_text_equal(web::button("/a\"", "<b>"), "<a class=\"b p\" href=\"/a&quot;\">&lt;b&gt;</a>\n");
    assert_text_equal(web::button("/a", "b", secondary, in_return_to),
                      "<a class=\"b\" href=\"/a\" data-r>b</a>\n");
    assert_text_equal(web::button("/a", "b", secondary, own), "<a class=\"b\" href=\"/a\" data-h>b</a>\n");
}

void the_provider_that_was_used_last(void**) {
    Audience to = audience();
    const std::vector<web::Choice> choices = {{"a", "A", "/a", "github", true}, {"b", "B", "/b"}};
    const std::string list = web::choice_list(to, choices);
    assert_true(has(list, "<a class=\"b p\" href=\"/a\" data-r><svg "));
    assert_true(has(list, "<em>Last used</em>"));
    assert_true(has(list, "<a class=\"b\" href=\"/b\" data-r><svg "));
    to.account = "ann"; // the main button is the one to go on with
    assert_false(has(web::choice_list(to, choices), "class=\"b p\""));
    const std::string page = web::sign_in_page(choices, {"/who", "/x"}, to).body;
    assert_true(has(page, "<a class=\"b p\" href=\"/x\" data-h>"));
}

void what_a_script_is_told(void**) {
    Audience to = audience();
    to.nonce = "n";
    const std::string page = web::sign_in_page({}, {"/who?\"", "/x\""}, to).body;
    assert_true(has(page, "<body data-f=\"1\" data-w=\"/who?&quot;\" data-t=\"/x&quot;\">"));
    web::Content waiting{web::Phrase::sign_in_title};
    waiting.waits_for = "/who";
    const Answer answer = web::framed_page(200, to, waiting);
    assert_true(has(answer.body, "<body data-w=\"/who\" data-t=\"\">"));
    assert_true(has(answer.body, "<script nonce=\"n\">"));
    assert_true(has(header(answer, "Content-Security-Policy"), "connect-src 'self'"));
}

void what_all_pages_have(void**) {
    Audience to = audience();
    web::Look look;
    look.logo = "data:\"";
    look.color = "#ffffff";
    to.look = &look;
    const std::string page = web::not_found(to).body;
    assert_true(has(page, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"));
    assert_true(has(page, "<meta name=\"robots\" content=\"noindex\">"));
    assert_true(has(page, "<img src=\"data:&quot;\""));
    assert_true(has(page, "--o:#000000}a.b.p{border-color:var(--l)}")); // a pale button has a border
}

void help_links_lead_where_they_say(void**) {
    struct {
        const char* help;
        const char* html;
    } const rows[] = {
        {"http://help.example/?<a>",
         "<a href=\"http://help.example/?&lt;a&gt;\">http://help.example/?&lt;a&gt;</a>"},
        {"a@b.example!)", "<a href=\"mailto:a@b.example\">a@b.example</a>!)"},
        {"javascript:alert(1)", " javascript:alert(1)"},
        {"ftp://a.example", " ftp://a.example"},
        {"@b.example", " @b.example"},
        {"a@b", " a@b"},
        {"a.b@c", " a.b@c"},
        {"a@b.example?cc=c@d.example", " a@b.example?cc=c@d.example"},
        {"x:a@b.example", " x:a@b.example"},
        {"a&b@c.example", " a&amp;b@c.example"},
        {"a%0a@b.example", " a%0a@b.example"},
    };
    for (const auto& row : rows) {
        web::Look look;
        look.help = std::string("see ") + row.help;
        Audience to = audience();
        to.look = &look;
        const std::string page = web::signed_out_page(to).body;
        if (!has(page, std::string(row.html) + "</p>")) {
            fail_msg("%s: %s", row.help, page.substr(page.find("<footer>")).c_str());
        }
    }
}

void other_ways_where_they_help(void**) {
    Audience to = audience();
    to.others = {{"b", "B", "/b"}};
    struct {
        Code code;
        bool helps;
    } const rows[] = {{Code::access_denied, true},    {Code::policy_denied, true},
                      {Code::provider_error, true},   {Code::provider_timeout, true},
                      {Code::internal_error, false},  {Code::state_invalid, false},
                      {Code::request_invalid, false}, {Code::store_unavailable, false}};
    for (const auto& row : rows) {
        assert_true(has(web::failure({row.code, ""}, to).body, "href=\"/b\"") == row.helps);
    }
}

void the_first_way_is_the_main_one(void**) {
    Audience to = audience();
    to.other_account_url = "/other";
    to.retry_is_sign_in = true;
    const std::string cancelled = web::failure({Code::access_denied, ""}, to).body;
    assert_true(has(cancelled, "<a class=\"b p\" href=\"/other\" data-r>"));
    assert_true(has(cancelled, "<a class=\"b\" href=\"/login\" data-r>"));
    const std::string unverified = web::failure({Code::email_unverified, ""}, to).body;
    assert_true(has(unverified, "<a class=\"b p\" href=\"/login\" data-r>"));
    assert_true(has(unverified, "<a class=\"b\" href=\"/other\" data-r>"));
    assert_true(has(web::failure({Code::login_required, ""}, to).body,
                    "<a class=\"b p\" href=\"/login\" data-r>Sign in</a>"));
    to.retry_is_sign_in = false; // the page itself
    assert_true(
        has(web::failure({Code::provider_error, ""}, to).body, "href=\"/login\" data-h>Try again</a>"));
    to.retry_url.clear();
    assert_false(has(web::failure({Code::provider_error, ""}, to).body, "class=\"on\""));
}

void each_question_is_its_own(void**) {
    const auto title = [](web::Leaving what) {
        const std::string page = web::leave_confirmation(what, "/out", "/", audience()).body;
        return page.substr(page.find("<h1>"), page.find("</h1>") - page.find("<h1>"));
    };
    assert_text_equal(title(web::Leaving::sign_out), "<h1>Sign out?");
    assert_text_equal(title(web::Leaving::another_account), "<h1>Use another account?");
}

void programs_are_told_in_json(void**) {
    Audience to = audience();
    to.prefers_json = true;
    assert_text_equal(web::signed_out_page(to).body, R"({"signed_in":false})");
    assert_text_equal(web::still_signed_in_page("/", to).body, R"({"signed_in":true})");
    to.login_url.clear();
    assert_false(has(web::failure({Code::policy_denied, ""}, to).body, "login_url"));
}

void programs_are_told_in_grpc(void**) {
    Audience to = audience();
    to.is_grpc = true;
    assert_text_equal(header(web::not_found(to), "grpc-status"), "12");
    assert_text_equal(header(web::not_allowed("POST", to), "grpc-status"), "12");
    assert_text_equal(header(web::failure({Code::provider_unreachable, ""}, to), "grpc-status"), "14");
    assert_text_equal(header(web::failure({Code::store_unavailable, ""}, to), "grpc-message"),
                      "store_unavailable: " + web::say(to, web::Phrase::store_what));
    assert_text_equal(header(web::grpc(403, Code::policy_denied, "\x7f~ "), "grpc-message"),
                      "policy_denied: %7F~ ");
}

void each_log_line_ends_with_the_reference(void**) {
    const Audience to = audience();
    struct {
        Answer answer;
        web::LogLevel level;
    } const rows[] = {
        {web::not_sent("https://app.example", to), web::LogLevel::info},
        {web::endless("https://app.example", "why", to), web::LogLevel::error},
        {web::not_found(to), web::LogLevel::info},
        {web::not_allowed("POST", to), web::LogLevel::info},
        {web::failure({Code::policy_denied, "why"}, to), web::LogLevel::warn},
    };
    for (const auto& row : rows) {
        assert_true(row.answer.log_level == row.level);
        assert_true(row.answer.log.ends_with(", reference req-1"));
    }
    assert_text_equal(web::failure({Code::policy_denied, "why"}, {}).log, "policy_denied: why");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(links_do_what_they_are_for),
        cmocka_unit_test(the_provider_that_was_used_last),
        cmocka_unit_test(what_a_script_is_told),
        cmocka_unit_test(what_all_pages_have),
        cmocka_unit_test(help_links_lead_where_they_say),
        cmocka_unit_test(other_ways_where_they_help),
        cmocka_unit_test(the_first_way_is_the_main_one),
        cmocka_unit_test(each_question_is_its_own),
        cmocka_unit_test(programs_are_told_in_json),
        cmocka_unit_test(programs_are_told_in_grpc),
        cmocka_unit_test(each_log_line_ends_with_the_reference),
    };
    return cmocka_run_group_tests_name("page_parts", tests, nullptr, nullptr);
}
