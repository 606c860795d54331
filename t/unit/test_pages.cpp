// SPDX-License-Identifier: MIT
// What people and programs see: the status of every code, pages whose headers allow nothing but their own
// style (CS-07), and no text of a user or a provider that is not escaped (CS-09).
#include "../../src/core/bytes.hpp"
#include "../../src/core/json.hpp"
#include "../../src/web/html.hpp"
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
    audience.site = "app.example";
    audience.login_url = audience.retry_url = "https://app.example/auth/oauth/login?a=1&b=2";
    audience.start_url = "https://app.example/";
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

std::string policy_of(const Answer& answer, const std::string& rest) {
    return "default-src 'none'; style-src 'sha256-" +
           core::base64_encode(core::digest(core::Hash::sha256, style_of(answer.body))) + "'" + rest +
           "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

// `rest`: what the policy has beside the style.
void assert_page_headers(const Answer& answer, const std::string& rest = "") {
    assert_text_equal(answer.content_type, "text/html; charset=utf-8");
    assert_text_equal(answer.cache_control, "no-store");
    assert_text_equal(header(answer, "X-Content-Type-Options"), "nosniff");
    assert_text_equal(header(answer, "X-Frame-Options"), "DENY");
    assert_text_equal(header(answer, "Referrer-Policy"), "no-referrer");
    assert_text_equal(header(answer, "Content-Security-Policy"), policy_of(answer, rest));
    // Nothing of it needs more than that.
    for (const char* forbidden :
         {" style=", " onclick=", "<form", "<link", "javascript:", "<iframe", "<base"}) {
        assert_true(answer.body.find(forbidden) == std::string::npos);
    }
    assert_true((answer.body.find("<script") != std::string::npos) ==
                (rest.find("script-src") != std::string::npos));
    assert_true((answer.body.find("<img") != std::string::npos) ==
                (rest.find("img-src") != std::string::npos));
}

std::vector<Answer> all_pages(const Audience& to) {
    return {web::failure({Code::policy_denied, "detail"}, to),
            web::failure({Code::internal_error, "detail"}, to),
            web::sign_in_page({{"a", "A", "https://app.example/a"}}, {"/auth/oauth/userinfo", "/x"}, to),
            web::leave_confirmation(web::Leaving::sign_out, "https://app.example/out", "https://app.example/",
                                    to),
            web::leave_confirmation(web::Leaving::another_account, "https://app.example/out",
                                    "https://app.example/", to),
            web::continue_page("https://app.example/x", to),
            web::signed_out_page(to),
            web::still_signed_in_page("https://app.example/x", to),
            web::not_sent("https://app.example", to),
            web::endless("https://app.example", "detail", to),
            web::not_found(to),
            web::not_allowed("POST", to)};
}

void cs_07_pages_carry_strict_headers(void**) {
    for (const Answer& answer : all_pages(audience())) {
        assert_page_headers(answer);
    }
    Audience with_logo = audience();
    web::Look look;
    look.logo = "data:image/png;base64,AA==";
    with_logo.look = &look;
    for (const Answer& answer : all_pages(with_logo)) {
        assert_page_headers(answer, "; img-src data:");
    }
}

void cs_07_a_script_runs_by_its_nonce_alone(void**) {
    Audience to = audience();
    to.nonce = "nonce-1";
    const Answer sign_in = web::sign_in_page({{"a", "A", "/a"}}, {"/auth/oauth/userinfo", "/x?\"y"}, to);
    assert_page_headers(sign_in, "; script-src 'nonce-nonce-1'; connect-src 'self'");
    assert_true(sign_in.body.find("<script nonce=\"nonce-1\">") != std::string::npos);
    assert_true(sign_in.body.find("data-w=\"/auth/oauth/userinfo\" data-t=\"/x?&quot;y\"") !=
                std::string::npos);
    // Who is signed in does not wait, but may take the fragment along.
    Audience known = to;
    known.account = "ann (Corp)";
    const Answer again = web::sign_in_page({{"a", "A", "/a"}}, {"/auth/oauth/userinfo", "/x"}, known);
    assert_page_headers(again, "; script-src 'nonce-nonce-1'");
    assert_true(again.body.find("data-w") == std::string::npos);
    // The address of a callback is the provider's: its fragment goes nowhere.
    assert_page_headers(web::failure({Code::state_invalid, ""}, to));
    to.has_own_address = true;
    assert_page_headers(web::failure({Code::policy_denied, ""}, to), "; script-src 'nonce-nonce-1'");
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
        const bool leads_to_start = row.code == Code::request_invalid;
        const std::string way = leads_to_start ? "href=\"https://app.example/\""
                                               : "href=\"https://app.example/auth/oauth/login?a=1&amp;b=2\"";
        assert_true(answer.body.find(way) != std::string::npos);
        assert_true(answer.body.find("what the log says") == std::string::npos);
        assert_text_equal(answer.log, std::string(row.name) + ": what the log says" +
                                          (row.code == Code::login_required ? "" : ", reference req-1"));
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

bool has(const Answer& answer, std::string_view text) {
    return answer.body.find(text) != std::string::npos;
}

// The same, with names as the rest.
bool says(const Answer& answer, std::string_view text) {
    std::string body = answer.body;
    for (const std::string_view tag : {"<bdi>", "</bdi>"}) {
        for (std::size_t at = body.find(tag); at != std::string::npos; at = body.find(tag, at)) {
            body.erase(at, tag.size());
        }
    }
    return body.find(text) != std::string::npos;
}

void a_name_does_not_turn_its_sentence(void**) {
    Audience to = audience();
    to.account = "\xe2\x80\xae"
                 "ann (Corp)"; // U+202E
    to.provider = "Corp & <Co>";
    to.other_account_url = "/other";
    to.others = {{"second", "Second", "https://app.example/auth/oauth/second"}};
    const Answer refused = web::failure({Code::policy_denied, ""}, to);
    assert_true(has(refused, "<p class=\"site\">\n<bdi>app.example</bdi>\n</p>"));
    assert_true(has(refused, " to <bdi>app.example</bdi> as <bdi>\xe2\x80\xae"
                             "ann (Corp)</bdi>, "));
    assert_true(has(refused, "<span>Sign in with <bdi>Second</bdi></span>"));
    const Answer away = web::failure({Code::provider_unreachable, ""}, to);
    assert_true(has(away, "<title>Corp &amp; &lt;Co&gt; cannot be reached &middot; app.example</title>"));
    assert_true(has(away, "<h1><bdi>Corp &amp; &lt;Co&gt;</bdi> cannot be reached</h1>"));
}

void a_refusal_names_the_account(void**) {
    Audience to = audience();
    to.account = "ann (Corp)";
    to.other_account_url = "https://app.example/auth/oauth/corp?account=other&return_to=%2Fx";
    to.others = {{"second", "Second", "https://app.example/auth/oauth/second"}};
    const Answer answer = web::failure({Code::policy_denied, ""}, to);
    assert_true(says(answer, "You are signed in to app.example as ann (Corp)"));
    assert_true(has(answer, "corp?account=other&amp;return_to=%2Fx\" data-r>Use another account</a>"));
    assert_true(says(answer, "Sign in with Second"));
    assert_false(says(web::failure({Code::store_unavailable, ""}, to), "Sign in with Second"));
    const Answer stranger = web::failure({Code::policy_denied, ""}, audience());
    assert_false(says(stranger, "signed in to"));
}

void whom_to_ask(void**) {
    Audience to = audience();
    assert_true(says(web::failure({Code::internal_error, ""}, to), "ask the people who run app.example"));
    assert_false(has(web::signed_out_page(to), "<footer>"));
    web::Look look;
    to.look = &look;
    look.help = "the desk, it@example.org, <b>, or https://help.example.org/?a=1&b=2.";
    for (const Answer& answer : all_pages(to)) {
        assert_true(has(
            answer, "<p>Where to get help: the desk, <a href=\"mailto:it@example.org\">it@example.org</a>, "
                    "&lt;b&gt;, or <a href=\"https://help.example.org/?a=1&amp;b=2\">"));
    }
}

void names_are_no_placeholders(void**) {
    Audience to = audience();
    to.site = "{account}{provider}";
    to.account = "{site}";
    to.other_account_url = "/x";
    const Answer answer = web::failure({Code::policy_denied, ""}, to);
    assert_true(says(answer, "You are signed in to {account}{provider} as {site}, "));
    to.site = "app.example";
    assert_true(says(web::not_found(to), "<p>app.example has no page"));
    assert_true(has(web::failure({Code::provider_error, ""}, to), "<p>The sign-in service reported"));
    to.site.clear();
    assert_true(has(web::not_found(to), "<p>This site has no page"));
    assert_true(has(web::failure({Code::internal_error, ""}, to), "ask the people who run this site"));
}

void grpc_has_its_own_status(void**) {
    Audience to = audience();
    to.is_grpc = true;
    struct {
        Code code;
        const char* status;
    } const rows[] = {{Code::policy_denied, "7"},     {Code::store_unavailable, "14"},
                      {Code::provider_timeout, "14"}, {Code::internal_error, "13"},
                      {Code::request_invalid, "3"},   {Code::login_required, "16"}};
    for (const auto& row : rows) {
        const Answer answer = web::failure({row.code, ""}, to);
        assert_text_equal(header(answer, "grpc-status"), row.status);
        assert_text_equal(answer.content_type, "application/grpc");
        assert_true(answer.body.empty());
        assert_int_equal(answer.status, core::code_status(row.code));
    }
    const Answer answer = web::unauthenticated("https://app.example", to);
    assert_text_equal(header(answer, "grpc-status"), "16");
    assert_text_equal(header(answer, "WWW-Authenticate"), "Bearer realm=\"https://app.example\"");
    assert_text_equal(header(web::grpc(403, Code::policy_denied, "a%\xc3\n"), "grpc-message"),
                      "policy_denied: a%25%C3%0A");
}

void a_form_was_not_sent(void**) {
    const Answer answer = web::not_sent("https://app.example", audience());
    assert_int_equal(answer.status, 401);
    assert_true(answer.code == Code::login_required);
    assert_text_equal(header(answer, "WWW-Authenticate"), "Bearer realm=\"https://app.example\"");
    assert_true(has(answer, "target=\"_blank\" rel=\"noopener\""));
    assert_true(answer.log.find("req-1") != std::string::npos);
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
    to.site = to.request_id = to.login_url = to.account = to.provider = to.retry_url = nasty;
    to.other_account_url = to.start_url = nasty;
    web::Look look;
    look.help = nasty;
    to.look = &look;
    to.others = {{nasty, nasty, nasty, nasty}};
    std::vector<Answer> answers = all_pages(to);
    answers.push_back(web::sign_in_page({{nasty, nasty, nasty}}, {nasty, nasty}, to));
    answers.push_back(web::leave_confirmation(web::Leaving::sign_out, nasty, nasty, to));
    answers.push_back(web::continue_page(nasty, to));
    for (const Row& row : table) {
        answers.push_back(web::failure({row.code, nasty}, to));
    }
    for (const Answer& answer : answers) {
        assert_harmless(answer.body);
        assert_true(has(answer, web::html_escape(nasty) + "</title>") || has(answer, "<title>"));
    }
    assert_true(has(web::continue_page(nasty, to), "content=\"0;url=" + web::html_escape(nasty) + "\""));
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

void the_title_names_page_and_site(void**) {
    Audience to = audience();
    to.site = "Example & Co";
    for (const Answer& answer : all_pages(to)) {
        const std::size_t begin = answer.body.find("<title>") + 7;
        const std::string title = answer.body.substr(begin, answer.body.find("</title>") - begin);
        assert_true(title.find("Example &amp; Co") != std::string::npos);
        assert_true(title.size() > std::string("Example &amp; Co &middot; ").size());
    }
    assert_true(has(web::sign_in_page({}, {}, audience()), "<title>Sign in to app.example</title>"));
}

void the_look_is_the_sites(void**) {
    Audience to = audience();
    web::Look look;
    look.color = "#ffd500";
    look.logo = "data:image/png;base64,AA==";
    to.look = &look;
    to.language = web::find_language("ja");
    for (const Answer& answer : all_pages(to)) {
        assert_true(has(answer, ":root{--a:#ffd500;--o:#000000}"));
        assert_true(has(answer, "<img src=\"data:image/png;base64,AA==\" alt=\"\">"));
        assert_true(has(answer, "<html lang=\"ja\">"));
    }
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
        cmocka_unit_test(cs_07_pages_carry_strict_headers),
        cmocka_unit_test(cs_07_a_script_runs_by_its_nonce_alone),
        cmocka_unit_test(every_code_has_its_page),
        cmocka_unit_test(every_code_has_its_json),
        cmocka_unit_test(what_is_loud_in_the_log),
        cmocka_unit_test(a_name_does_not_turn_its_sentence),
        cmocka_unit_test(a_refusal_names_the_account),
        cmocka_unit_test(whom_to_ask),
        cmocka_unit_test(names_are_no_placeholders),
        cmocka_unit_test(grpc_has_its_own_status),
        cmocka_unit_test(a_form_was_not_sent),
        cmocka_unit_test(escaping),
        cmocka_unit_test(cs_09_no_page_repeats_markup),
        cmocka_unit_test(cs_09_no_json_repeats_markup),
        cmocka_unit_test(a_program_is_told_to_sign_in),
        cmocka_unit_test(the_title_names_page_and_site),
        cmocka_unit_test(the_look_is_the_sites),
        cmocka_unit_test(a_redirect_gives_nothing_away),
    };
    return cmocka_run_group_tests_name("pages", tests, nullptr, nullptr);
}
