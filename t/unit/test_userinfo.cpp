// SPDX-License-Identifier: MIT
// Userinfo: UI-01..05 as far as they are pure (UI-02 and UI-06: what is merged is identity's), CONF-005,
// CONF-025..027, CONF-033.
#include "../../src/oidc/userinfo.hpp"

#include <string>

#include "id_token_case.hpp"

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
    const auto request =
        oidc::build_userinfo_request("https://op.example/userinfo?x=y", "token-1", oidc::UserinfoForm::json);
    assert_text_equal(request.method, "GET");
    assert_text_equal(request.url, "https://op.example/userinfo?x=y");
    assert_int_equal(request.headers.size(), 2);
    assert_text_equal(request.headers[0].name, "Authorization");
    assert_text_equal(request.headers[0].value, "Bearer token-1");
    assert_text_equal(request.headers[1].name, "Accept");
    assert_text_equal(request.headers[1].value, "application/json");
    assert_text_equal(request.body, "");
}

void json_is_asked_for_first(void**) {
    const auto request = oidc::build_userinfo_request("https://op.example/userinfo", "token-1",
                                                      oidc::UserinfoForm::json_or_signed);
    assert_text_equal(request.headers[1].value, "application/json, application/jwt");
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

void ui_04_a_signed_answer_is_no_json(void**) {
    for (const char* body : {"eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1MSJ9.", R"({"sub":"u1"})"}) {
        const net::HttpResponse response = answer(body, 200, "application/jwt");
        assert_true(oidc::is_signed_userinfo(response));
        const auto userinfo = oidc::process_userinfo_response(response, "u1");
        assert_false(userinfo.ok());
        assert_int_equal(userinfo.error().code, Code::provider_error);
        assert_true(userinfo.error().detail.starts_with("the answer is signed"));
    }
    for (const char* type : {"text/html", "", "text/plain", "application/jose"}) {
        assert_false(oidc::is_signed_userinfo(answer("a.b.c", 200, type)));
        expect_refused(answer(R"({"sub":"u1"})", 200, type), "u1", Code::provider_error);
    }
    assert_false(oidc::is_signed_userinfo(answer("a.b.c", 401, "application/jwt")));
    expect_refused(answer("a.b.c", 401, "application/jwt"), "u1", Code::provider_error);
    expect_refused(answer("a.b.c"), "u1", Code::provider_error);
}

// An answer as OpenID Connect Core 5.3.2 has it: iss and aud, and no times.
unit::Object signed_claims() {
    return {{"iss", "\"https://op.example/\""}, {"aud", "\"client\""}, {"sub", "\"user-1\""}};
}

core::Result<core::Json> validate(const std::string& token, std::string_view subject = "user-1",
                                  const oidc::TokenExpectation& expected = unit::expectation()) {
    const auto jws = jose::parse_compact(token);
    return jws ? oidc::validate_signed_userinfo(jws.value(), unit::provider().keys(), expected, subject)
               : core::Result<core::Json>(jws.error());
}

void expect_complaint(const std::string& token, std::string_view part,
                      const oidc::TokenExpectation& expected = unit::expectation()) {
    unit::expect_refused(validate(token, "user-1", expected), part);
}

void conf_027_a_signed_answer_is_taken(void**) {
    const auto now = unit::now;
    for (const unit::Object& claims :
         {signed_claims(), signed_claims().with("aud", "[\"client\"]"),
          signed_claims().with("exp", std::to_string(now + 1)).with("iat", std::to_string(now)),
          signed_claims().with("nbf", std::to_string(now))}) {
        const auto userinfo = validate(unit::rs256(claims.with("email", "\"a@b.example\"")));
        assert_true(userinfo.ok());
        assert_text_equal(*userinfo->root().get("email").as_string(), "a@b.example");
    }
    for (const char* typ : {"JWT", "application/jwt"}) {
        const std::string header = "{\"alg\":\"RS256\",\"typ\":\"" + std::string(typ) + "\"}";
        assert_true(
            validate(tokens::sign(unit::provider().rsa, "RS256", header, signed_claims().text())).ok());
    }
    assert_true(validate(unit::rs256(signed_claims().with("sub", "\"other\"")), "").ok());
}

void ui_04_who_signed_it_and_for_whom(void**) {
    for (const char* other : {"null", "\"https://op.example\"", "\"https://op.example/1\"", "7"}) {
        expect_complaint(unit::rs256(signed_claims().with("iss", other)), "iss ");
    }
    for (const char* other : {"null", "\"client1\"", "[]", "[\"client\",\"other\"]", "{}"}) {
        expect_complaint(unit::rs256(signed_claims().with("aud", other)), "aud ");
    }
    const std::string token = unit::rs256(signed_claims());
    expect_complaint(token.substr(0, token.rfind('.') + 1) + "AAAA", "no key of the provider verifies");
    expect_complaint(tokens::sign(unit::Key::rsa("rsa-1"), "RS256", signed_claims().text()),
                     "no key of the provider verifies");
    expect_complaint(tokens::sign(unit::provider().p256, "ES256", signed_claims().text()),
                     "its algorithm is not allowed");
    expect_complaint(tokens::sign_hmac("HS256", unit::provider().rsa.public_pem(), signed_claims().text()),
                     "its algorithm is not allowed");
    for (const char* alg : {"none", "None", ""}) {
        const std::string header = "{\"alg\":\"" + std::string(alg) + "\"}";
        assert_false(validate(tokens::unsigned_token(header, signed_claims().text())).ok());
        assert_false(validate(tokens::unsigned_token(header, signed_claims().text()) + "AAAA").ok());
    }
}

void ui_04_times_count_where_they_are_there(void**) {
    const auto now = unit::now;
    const auto skew = unit::skew;
    expect_complaint(unit::rs256(signed_claims().with("exp", std::to_string(now - skew))), "it has expired");
    expect_complaint(unit::rs256(signed_claims().with("exp", "\"soon\"")), "exp ");
    expect_complaint(unit::rs256(signed_claims().with("iat", std::to_string(now + skew + 1))),
                     "iat is in the future");
    expect_complaint(unit::rs256(signed_claims().with("iat", std::to_string(now - 86401))),
                     "iat is too long ago");
    expect_complaint(unit::rs256(signed_claims().with("nbf", std::to_string(now + skew + 1))),
                     "nbf is in the future");
}

void ui_04_no_token_of_another_kind(void**) {
    for (const char* typ : {"at+jwt", "logout+jwt", "dpop+jwt"}) {
        const std::string header = "{\"alg\":\"RS256\",\"typ\":\"" + std::string(typ) + "\"}";
        expect_complaint(tokens::sign(unit::provider().rsa, "RS256", header, signed_claims().text()),
                         "its typ");
    }
    expect_complaint(unit::rs256(signed_claims().with(
                         "events", "{\"http://schemas.openid.net/event/backchannel-logout\":{}}")),
                     "it is a logout token");
    for (const char* payload : {"[]", "x", "{\"sub\":\"user-1\",\"sub\":\"user-1\"}"}) {
        expect_complaint(tokens::sign(unit::provider().rsa, "RS256", payload), "not a strict JSON object");
    }
}

void ui_01_a_signed_answer_is_about_the_same_user(void**) {
    expect_complaint(unit::rs256(signed_claims().with("sub", "\"user-2\"")), "sub is not the ID token's");
    unit::expect_refused(validate(unit::rs256(signed_claims().with("sub", "1"))), "sub is missing",
                         "provider_error");
    unit::expect_refused(validate(unit::rs256(signed_claims().with("sub", "null"))), "sub is missing",
                         "provider_error");
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
        cmocka_unit_test(json_is_asked_for_first),
        cmocka_unit_test(the_claims_are_returned),
        cmocka_unit_test(ui_01_conf_025_the_subject_must_be_the_id_tokens),
        cmocka_unit_test(plain_oauth_2_has_no_subject),
        cmocka_unit_test(ui_03_what_is_no_object_is_refused),
        cmocka_unit_test(ui_04_a_signed_answer_is_no_json),
        cmocka_unit_test(conf_027_a_signed_answer_is_taken),
        cmocka_unit_test(ui_04_who_signed_it_and_for_whom),
        cmocka_unit_test(ui_04_times_count_where_they_are_there),
        cmocka_unit_test(ui_04_no_token_of_another_kind),
        cmocka_unit_test(ui_01_a_signed_answer_is_about_the_same_user),
        cmocka_unit_test(ui_05_other_statuses_are_refused),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
