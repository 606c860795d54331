// SPDX-License-Identifier: MIT
// The push of an authorization request and its answer (PD-02, PD-03).
#include "../../src/oidc/pushed_authorization.hpp"
#include "../../src/oidc/remedies.hpp"

#include <string>

#include "unit.hpp"

namespace {

using namespace oauth;

oidc::AuthorizationRequest request() {
    oidc::AuthorizationRequest request;
    request.authorization_endpoint = "https://op.example/authorize?tenant=x";
    request.client_id = "client one";
    request.redirect_uri = "https://app.example/cb";
    request.scopes = {"openid"};
    request.state = "state-1";
    request.nonce = "nonce-1";
    request.extra = {{"acr_values", "urn:a"}, {"acr_values", "urn:b"}, {"client_secret", "x"}};
    return request;
}

net::HttpResponse answer(int status, std::string body, std::string type = "application/json") {
    net::HttpResponse response;
    response.status = status;
    response.content_type = std::move(type);
    response.body = std::move(body);
    return response;
}

void pd_02_the_form_has_each_parameter_once(void**) {
    for (const auto auth : {oidc::ClientAuth::basic, oidc::ClientAuth::post, oidc::ClientAuth::none}) {
        const oidc::ClientCredentials credentials{"client one", "se&cret", auth};
        const net::HttpRequest push =
            oidc::build_pushed_request("https://op.example/par", request(), credentials);
        assert_text_equal(push.method, "POST");
        assert_text_equal(push.url, "https://op.example/par");
        const auto form = core::Parameters::parse(push.body);
        assert_true(form.has_value());
        for (const char* name :
             {"client_id", "state", "nonce", "redirect_uri", "response_type", "acr_values"}) {
            assert_int_equal(form->count(name), 1);
        }
        assert_text_equal(*form->find("client_id"), "client one");
        assert_text_equal(*form->find("acr_values"), "urn:a");
        assert_int_equal(form->count("client_secret"), auth == oidc::ClientAuth::post ? 1 : 0);
        const bool has_header = push.headers.back().name == "Authorization";
        assert_int_equal(has_header, auth == oidc::ClientAuth::basic);
    }
}

void pd_02_the_browser_carries_its_name_alone(void**) {
    const std::string url = oidc::build_pushed_authorization_url(request(), {"urn:x:a b", 60});
    assert_text_equal(
        url, "https://op.example/authorize?tenant=x&client_id=client%20one&request_uri=urn%3Ax%3Aa%20b");
}

void pd_03_what_is_no_answer(void**) {
    const auto good = oidc::process_pushed_response(answer(201, R"({"request_uri":"urn:a","expires_in":1})"));
    assert_true(good.ok());
    assert_text_equal(good->request_uri, "urn:a");
    assert_int_equal(good->expires_in, 1);
    const auto long_lived =
        oidc::process_pushed_response(answer(201, R"({"request_uri":"urn:a","expires_in":1e300})"));
    assert_true(long_lived.ok());
    assert_int_equal(long_lived->expires_in, 86400);
    assert_true(oidc::process_pushed_response(
                    answer(201, R"({"request_uri":")" + std::string(2048, 'a') + R"(","expires_in":9})"))
                    .ok());
    const net::HttpResponse bad[] = {
        answer(200, R"({"request_uri":"urn:a","expires_in":60})"),
        answer(400, R"({"error":"invalid_request"})"),
        answer(201, R"({"request_uri":"urn:a","expires_in":60})", "text/html"),
        answer(201, R"({"request_uri":"urn:a"})"),
        answer(201, R"({"request_uri":"urn:a","expires_in":"60"})"),
        answer(201, R"({"request_uri":"urn:a","expires_in":0})"),
        answer(201, R"({"request_uri":"urn:a","expires_in":-1})"),
        answer(201, R"({"request_uri":null,"expires_in":60})"),
        answer(201, R"({"request_uri":"","expires_in":60})"),
        answer(201, R"({"request_uri":"urn:\u00e9","expires_in":60})"),
        answer(201, R"({"request_uri":"urn:a\r\nb","expires_in":60})"),
        answer(201, R"({"request_uri":")" + std::string(2049, 'a') + R"(","expires_in":9})"),
        answer(201, "[]"),
        answer(201, ""),
    };
    for (const net::HttpResponse& each : bad) {
        const auto read = oidc::process_pushed_response(each);
        assert_false(read.ok());
        assert_text_equal(core::code_name(read.error().code), "provider_error");
    }
}

void pd_03_the_log_has_no_secret_of_the_form(void**) {
    const oidc::ClientCredentials credentials{"client one", "se&cret", oidc::ClientAuth::post};
    const oidc::TokenQuestion question{
        "https://op.example/par?key=1", credentials, "https://app.example/cb", {"state-state"}};
    const auto refused =
        answer(400, R"({"error":"invalid_request","error_description":"se&cret se%26cret state-state"})");
    const core::Error told =
        oidc::explain_push_refusal({core::Code::provider_error, "status 400"}, refused, question);
    for (const char* secret : {"se&cret", "se%26cret", "state-state", "key=1"}) {
        assert_true(told.detail.find(secret) == std::string::npos);
    }
    assert_true(told.detail.find("https://app.example/cb") != std::string::npos);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(pd_02_the_form_has_each_parameter_once),
        cmocka_unit_test(pd_02_the_browser_carries_its_name_alone),
        cmocka_unit_test(pd_03_what_is_no_answer),
        cmocka_unit_test(pd_03_the_log_has_no_secret_of_the_form),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
