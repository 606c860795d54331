// SPDX-License-Identifier: MIT
// Giving tokens back: LO-26 as far as it is pure, and the client's authentication there (TK-01..03).
#include "../../src/core/bytes.hpp"
#include "../../src/core/url.hpp"
#include "../../src/oidc/revocation.hpp"

#include <string>

#include "unit.hpp"

namespace {

using namespace oauth;
using oidc::ClientAuth;
using oidc::TokenKind;

oidc::RevocationRequest request() {
    return {"https://op.example/revoke",
            "r/t+1 =&",
            TokenKind::refresh,
            {"client", "s:ec ret", ClientAuth::basic}};
}

net::HttpResponse answer(int status, std::string body = "") {
    net::HttpResponse response;
    response.status = status;
    response.content_type = "application/json";
    response.body = std::move(body);
    return response;
}

std::string parameter(const net::HttpRequest& http, std::string_view name) {
    const auto form = core::Parameters::parse(http.body);
    assert_true(form.has_value());
    assert_true(form->count(name) <= 1);
    return std::string(form->find(name).value_or("(none)"));
}

void lo_26_the_request(void**) {
    const auto http = oidc::build_revocation_request(request());
    assert_text_equal(http.method, "POST");
    assert_text_equal(http.url, "https://op.example/revoke");
    assert_text_equal(parameter(http, "token"), "r/t+1 =&");
    assert_text_equal(parameter(http, "token_type_hint"), "refresh_token");
    assert_text_equal(http.headers[0].value, "application/x-www-form-urlencoded");
    assert_true(http.purpose == net::HttpRequest::Purpose::background);
    auto access = request();
    access.kind = TokenKind::access;
    assert_text_equal(parameter(oidc::build_revocation_request(access), "token_type_hint"), "access_token");
}

void tk_01_tk_02_the_client_is_authenticated_as_at_the_token_endpoint(void**) {
    const auto basic = oidc::build_revocation_request(request());
    assert_text_equal(basic.headers.back().name, "Authorization");
    assert_text_equal(basic.headers.back().value, "Basic " + core::base64_encode("client:s%3Aec%20ret"));
    assert_text_equal(parameter(basic, "client_secret"), "(none)");
    assert_text_equal(parameter(basic, "client_id"), "(none)");
    auto by_post = request();
    by_post.credentials.auth = ClientAuth::post;
    const auto post = oidc::build_revocation_request(by_post);
    assert_text_equal(post.headers.back().name, "Accept");
    assert_text_equal(parameter(post, "client_id"), "client");
    assert_text_equal(parameter(post, "client_secret"), "s:ec ret");
    auto by_nothing = request();
    by_nothing.credentials.auth = ClientAuth::none;
    const auto none = oidc::build_revocation_request(by_nothing);
    assert_text_equal(parameter(none, "client_id"), "client");
    assert_text_equal(parameter(none, "client_secret"), "(none)");
}

void lo_26_answers(void**) {
    for (const char* body : {"", "{}", "null", "<html>"}) {
        assert_true(oidc::process_revocation_response(answer(200, body)).ok());
    }
    assert_true(oidc::process_revocation_response(answer(204)).ok());
    const auto detail = [](int status, const std::string& body) {
        const core::Status refused = oidc::process_revocation_response(answer(status, body));
        assert_false(refused.ok());
        assert_text_equal(core::code_name(refused.error().code), "provider_error");
        return refused.error().detail;
    };
    assert_text_equal(detail(400, R"({"error":"unsupported_token_type","token":"secret"})"),
                      "status 400, error unsupported_token_type");
    assert_text_equal(detail(400, "error=unsupported_token_type&token=secret"),
                      "status 400, error unsupported_token_type");
    assert_text_equal(detail(503, "<html>secret"), "status 503");
    assert_text_equal(detail(401, R"({"error":"a b\nsecret"})"), "status 401");
    assert_text_equal(detail(302, ""), "status 302");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(lo_26_the_request),
        cmocka_unit_test(tk_01_tk_02_the_client_is_authenticated_as_at_the_token_endpoint),
        cmocka_unit_test(lo_26_answers),
    };
    return cmocka_run_group_tests_name("revocation", tests, nullptr, nullptr);
}
