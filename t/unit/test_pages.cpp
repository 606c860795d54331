// SPDX-License-Identifier: MIT
// What people and programs see: the status of every code, pages whose headers allow nothing but their own
// style (CS-07), and no text of a user or a provider that is not escaped (CS-09).
#include "../../src/core/bytes.hpp"
#include "../../src/core/json.hpp"
#include "../../src/web/pages.hpp"

#include <string>
#include <utility>
#include <vector>

#include "unit.hpp"

using namespace oauth;
using core::Code;
using web::Answer;
using web::Audience;

namespace {

const std::string nasty = "\"'><x onload=1>&</pre><script>\r\n\x7f";

Audience audience() {
    Audience audience;
    audience.request_id = "req-1";
    audience.login_url = "https://app.example/auth/oauth/login?a=1&b=2";
    return audience;
}

std::string header(const Answer& answer, std::string_view name) {
    for (const auto& [header_name, value] : answer.headers) {
        if (header_name == name) {
            return value;
        }
    }
    return "";
}

std::string style_of(const std::string& html) {
    const std::size_t begin = html.find("<style>") + 7;
    return html.substr(begin, html.find("</style>") - begin);
}

void assert_page_headers(const Answer& answer) {
    assert_text_equal(answer.content_type, "text/html; charset=utf-8");
    assert_text_equal(answer.cache_control, "no-store");
    assert_text_equal(header(answer, "X-Content-Type-Options"), "nosniff");
    assert_text_equal(header(answer, "X-Frame-Options"), "DENY");
    assert_text_equal(header(answer, "Referrer-Policy"), "no-referrer");
    const std::string hash = core::base64_encode(core::digest(core::Hash::sha256, style_of(answer.body)));
    assert_text_equal(header(answer, "Content-Security-Policy"),
                      "default-src 'none'; style-src 'sha256-" + hash +
                          "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    // Nothing of it needs more than that.
    for (const char* forbidden :
         {"<script", " style=", " onclick=", "<img", "<form", "<link", "javascript:"}) {
        assert_true(answer.body.find(forbidden) == std::string::npos);
    }
}

std::vector<Answer> all_pages(const Audience& to) {
    return {web::failure({Code::policy_denied, "detail"}, to),
            web::failure({Code::internal_error, "detail"}, to),
            web::sign_in_page({{"a", "A", "https://app.example/a"}}, to),
            web::sign_out_confirmation("https://app.example/out", "https://app.example/", to),
            web::continue_page("https://app.example/x", to)};
}

void cs_07_pages_carry_strict_headers(void**) {
    for (const Answer& answer : all_pages(audience())) {
        assert_page_headers(answer);
    }
}

struct Row {
    Code code;
    const char* name;
    int status;
};

constexpr Row table[] = {
    {Code::login_required, "login_required", 401},
    {Code::policy_denied, "policy_denied", 403},
    {Code::access_denied, "access_denied", 403},
    {Code::email_unverified, "email_unverified", 403},
    {Code::state_invalid, "state_invalid", 400},
    {Code::request_invalid, "request_invalid", 400},
    {Code::provider_error, "provider_error", 502},
    {Code::token_invalid, "token_invalid", 502},
    {Code::provider_unreachable, "provider_unreachable", 502},
    {Code::provider_timeout, "provider_timeout", 504},
    {Code::session_too_large, "session_too_large", 500},
    {Code::store_unavailable, "store_unavailable", 503},
    {Code::internal_error, "internal_error", 500},
};

void every_code_has_its_page(void**) {
    for (const Row& row : table) {
        const Answer answer = web::failure({row.code, "what the log says"}, audience());
        assert_int_equal(answer.status, row.status);
        assert_true(answer.code == row.code);
        assert_page_headers(answer);
        assert_true(answer.body.find(row.name) != std::string::npos);
        assert_true(answer.body.find("req-1") != std::string::npos);
        assert_true(answer.body.find("href=\"https://app.example/auth/oauth/login?a=1&amp;b=2\"") !=
                    std::string::npos);
        assert_true(answer.body.find("what the log says") == std::string::npos);
        assert_text_equal(answer.log, std::string(row.name) + ": what the log says");
    }
}

void every_code_has_its_json(void**) {
    Audience program = audience();
    program.prefers_json = true;
    for (const Row& row : table) {
        const Answer answer = web::failure({row.code, "what the log says"}, program);
        assert_int_equal(answer.status, row.status);
        assert_text_equal(answer.content_type, "application/json");
        assert_text_equal(answer.cache_control, "no-store");
        assert_text_equal(header(answer, "X-Content-Type-Options"), "nosniff");
        const auto json = core::Json::parse(answer.body);
        assert_true(json.has_value());
        assert_text_equal(json->root().get("error").as_string().value_or(""), row.name);
        assert_false(json->root().get("message").as_string().value_or("").empty());
        assert_text_equal(json->root().get("request_id").as_string().value_or(""), "req-1");
        assert_text_equal(json->root().get("login_url").as_string().value_or(""), program.login_url);
        assert_int_equal(json->root().members().size(), 4);
        assert_true(answer.body.find("what the log says") == std::string::npos);
    }
}

void what_is_loud_in_the_log(void**) {
    const auto level = [](Code code) { return web::failure({code, ""}, Audience()).log_level; };
    assert_true(level(Code::login_required) == web::LogLevel::none);
    assert_true(level(Code::state_invalid) == web::LogLevel::warn);
    assert_true(level(Code::policy_denied) == web::LogLevel::warn);
    assert_true(level(Code::provider_timeout) == web::LogLevel::error);
    assert_true(level(Code::store_unavailable) == web::LogLevel::error);
}

void a_refusal_names_the_account(void**) {
    Audience to = audience();
    to.account = "ann (corp)";
    const Answer answer = web::failure({Code::policy_denied, ""}, to);
    assert_true(answer.body.find("Signed in as <strong>ann (corp)</strong>") != std::string::npos);
    assert_true(answer.body.find("Sign in with another account") != std::string::npos);
    const Answer stranger = web::failure({Code::state_invalid, ""}, audience());
    assert_true(stranger.body.find("Signed in as") == std::string::npos);
}

void escaping(void**) {
    assert_text_equal(web::html_escape("a<b>&\"'c"), "a&lt;b&gt;&amp;&quot;&#39;c");
    assert_text_equal(web::html_escape("&amp;"), "&amp;amp;");
    assert_text_equal(web::html_escape(std::string("\0\t\r\n\x1f\x7f", 6)),
                      "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    assert_text_equal(web::html_escape("\xc3\xa9\xe2\x80\xa8"), "\xc3\xa9\xe2\x80\xa8");
    assert_text_equal(web::html_escape(""), "");
}

// What is left of the page when all that it should say is taken out holds nothing that could be markup of the
// visitor's.
void assert_harmless(const std::string& html) {
    for (const char* part : {"<x", "</pre>", "<script", "'>", "onload=1>", "\r"}) {
        if (html.find(part) != std::string::npos) {
            fail_msg("%s in %s", part, html.c_str());
        }
    }
}

void cs_09_no_page_repeats_markup(void**) {
    Audience to;
    to.title = to.request_id = to.login_url = to.account = nasty;
    std::vector<Answer> answers = all_pages(to);
    answers.push_back(web::sign_in_page({{nasty, nasty, nasty}}, to));
    answers.push_back(web::sign_out_confirmation(nasty, nasty, to));
    answers.push_back(web::continue_page(nasty, to));
    for (const Answer& answer : answers) {
        assert_harmless(answer.body);
        assert_true(answer.body.find("<title>" + web::html_escape(nasty) + "</title>") != std::string::npos);
    }
    assert_true(answers.back().body.find("content=\"0;url=" + web::html_escape(nasty) + "\"") !=
                std::string::npos);
    assert_true(answers[5].body.find("<a class=\"button\" href=\"" + web::html_escape(nasty) + "\">") !=
                std::string::npos);
}

void cs_09_no_json_repeats_markup(void**) {
    Audience to;
    to.prefers_json = true;
    to.request_id = to.login_url = nasty;
    const Answer failure = web::failure({Code::state_invalid, nasty}, to);
    const Answer list = web::providers_json({{nasty, nasty, nasty}, {"b", "B", "u"}});
    for (const Answer& answer : {failure, list}) {
        assert_true(answer.body.find('<') == std::string::npos);
        assert_true(answer.body.find('&') == std::string::npos);
        assert_false(core::has_control_characters(answer.body));
    }
    const auto json = core::Json::parse(list.body);
    assert_true(json.has_value());
    assert_int_equal(json->root().elements().size(), 2);
    assert_text_equal(json->root().elements()[0].get("label").as_string().value_or(""), nasty);
    assert_text_equal(web::providers_json({}).body, "[]");
}

void a_program_is_told_to_sign_in(void**) {
    const Answer answer = web::unauthenticated("https://app.example", audience());
    assert_int_equal(answer.status, 401);
    assert_text_equal(answer.content_type, "application/json");
    assert_text_equal(header(answer, "WWW-Authenticate"), "Bearer realm=\"https://app.example\"");
    assert_true(answer.code == Code::login_required);
    assert_true(answer.log_level == web::LogLevel::none);
    assert_true(answer.body.find("\"login_url\"") != std::string::npos);
}

void the_title_is_the_sites(void**) {
    Audience to = audience();
    to.title = "Example & Co";
    for (const Answer& answer : all_pages(to)) {
        assert_true(answer.body.find("<title>Example &amp; Co</title>") != std::string::npos);
    }
    assert_true(web::sign_in_page({}, audience()).body.find("<title>Sign in</title>") != std::string::npos);
}

void a_redirect_gives_nothing_away(void**) {
    const Answer answer = web::redirect(303, "https://app.example/x");
    assert_int_equal(answer.status, 303);
    assert_text_equal(header(answer, "Location"), "https://app.example/x");
    assert_text_equal(header(answer, "Referrer-Policy"), "no-referrer");
    assert_text_equal(answer.cache_control, "no-store");
    assert_text_equal(answer.body, "");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(cs_07_pages_carry_strict_headers), cmocka_unit_test(every_code_has_its_page),
        cmocka_unit_test(every_code_has_its_json),          cmocka_unit_test(what_is_loud_in_the_log),
        cmocka_unit_test(a_refusal_names_the_account),      cmocka_unit_test(escaping),
        cmocka_unit_test(cs_09_no_page_repeats_markup),     cmocka_unit_test(cs_09_no_json_repeats_markup),
        cmocka_unit_test(a_program_is_told_to_sign_in),     cmocka_unit_test(the_title_is_the_sites),
        cmocka_unit_test(a_redirect_gives_nothing_away),
    };
    return cmocka_run_group_tests_name("pages", tests, nullptr, nullptr);
}
