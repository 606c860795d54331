// SPDX-License-Identifier: MIT
// Userinfo: UI-01..05 as far as they are pure (UI-02 and UI-06: what is merged is identity's), CONF-005,
// CONF-025, CONF-026, CONF-033.
#include "../../src/oidc/userinfo.hpp"

#include <string>

#include "unit.hpp"

namespace {

using namespace oauth;
using core::Code;

net::HttpResponse answer(std::string text, int status = 200, std::string type = "application/json") {
    net::HttpResponse response;
    response.status = status;
    response.content_type = std::move(type);
    response.body = std::move(text);
    return response;
}

void expect_refused(const net::HttpResponse& response, std::string_view subject, Code code) {
    const auto userinfo = oidc::process_userinfo_response(response, subject);
    assert_false(userinfo.ok());
    assert_text_equal(core::code_name(userinfo.error().code), core::code_name(code));
    assert_false(userinfo.error().detail.empty());
    assert_true(userinfo.error().detail.find("secret") == std::string::npos);
}

void conf_005_conf_026_the_token_is_in_the_header(void**) {
    const auto request = oidc::build_userinfo_request("https://op.example/userinfo?x=y", "token-1");
    assert_text_equal(request.method, "GET");
    assert_text_equal(request.url, "https://op.example/userinfo?x=y");
    assert_int_equal(request.headers.size(), 2);
    assert_text_equal(request.headers[0].name, "Authorization");
    assert_text_equal(request.headers[0].value, "Bearer token-1");
    assert_text_equal(request.headers[1].name, "Accept");
    assert_text_equal(request.headers[1].value, "application/json");
    assert_text_equal(request.body, "");
}

void the_claims_are_returned(void**) { // CONF-033: _claim_sources is data like any other
    const auto userinfo = oidc::process_userinfo_response(
        answer(
            R"({"sub":"u1","email":"a@b.example","_claim_sources":{"x":{"endpoint":"http://10.0.0.1/"}}})"),
        "u1");
    assert_true(userinfo.ok());
    assert_text_equal(*userinfo->root().get("email").as_string(), "a@b.example");
}

void ui_01_conf_025_the_subject_must_be_the_id_tokens(void**) {
    for (const char* other : {"u1invalid", "U1", "u", "", "u1 ", "secret"}) {
        expect_refused(answer(R"({"sub":")" + std::string(other) + "\"}"), "u1", Code::token_invalid);
    }
    for (const char* body :
         {"{}", R"({"sub":null})", R"({"sub":1})", R"({"sub":["u1"]})", R"({"Sub":"u1"})"}) {
        expect_refused(answer(body), "u1", Code::provider_error);
    }
    expect_refused(answer(R"({"sub":"u1","\u0073ub":"u2"})"), "u1", Code::provider_error);
}

void plain_oauth_2_has_no_subject(void**) {
    const auto userinfo = oidc::process_userinfo_response(answer(R"({"id":7})"), "");
    assert_true(userinfo.ok());
    assert_true(userinfo->root().get("id").as_integer() == 7);
}

void ui_03_what_is_no_object_is_refused(void**) {
    for (const char* body :
         {"[]", "null", "\"u1\"", "1", "", "{", "{}{}", "\xef\xbb\xbf{}", R"({"sub":"\ud800"})"}) {
        expect_refused(answer(body), "", Code::provider_error);
    }
    expect_refused(answer("{}" + std::string(1024 * 1024, ' ')), "", Code::provider_error);
}

void ui_04_signed_answers_are_refused(void**) {
    for (const char* body : {"eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1MSJ9.", R"({"sub":"u1"})"}) {
        const auto userinfo = oidc::process_userinfo_response(answer(body, 200, "application/jwt"), "u1");
        assert_false(userinfo.ok());
        assert_int_equal(userinfo.error().code, Code::provider_error);
        assert_text_equal(userinfo.error().detail, "signed answers are not supported");
    }
    for (const char* type : {"text/html", "", "text/plain"}) {
        expect_refused(answer(R"({"sub":"u1"})", 200, type), "u1", Code::provider_error);
    }
}

void ui_05_other_statuses_are_refused(void**) {
    for (const int status : {201, 204, 302, 401, 403, 500}) {
        expect_refused(answer(R"({"sub":"u1"})", status), "u1", Code::provider_error);
        expect_refused(answer(R"({"sub":"u1"})", status), "", Code::provider_error);
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(conf_005_conf_026_the_token_is_in_the_header),
        cmocka_unit_test(the_claims_are_returned),
        cmocka_unit_test(ui_01_conf_025_the_subject_must_be_the_id_tokens),
        cmocka_unit_test(plain_oauth_2_has_no_subject),
        cmocka_unit_test(ui_03_what_is_no_object_is_refused),
        cmocka_unit_test(ui_04_signed_answers_are_refused),
        cmocka_unit_test(ui_05_other_statuses_are_refused),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
