// SPDX-License-Identifier: MIT
// Refreshing tokens (RF-04, RF-05, RF-09): what is sent, and which answers mean that a session is over.
#include "../../src/oidc/refresh.hpp"
#include "fakes.hpp"

using namespace oauth;
using oidc::Refusal;

namespace {

net::HttpResponse answer(int status, std::string type, std::string body) {
    net::HttpResponse response;
    response.status = status;
    response.content_type = std::move(type);
    response.body = std::move(body);
    return response;
}

Refusal of_json(int status, const std::string& body) {
    return oidc::refusal_of(answer(status, "application/json", body));
}

void rf_09_the_request(void**) {
    oidc::RefreshRequest request{
        "https://op.example/token", "r 1", "", {"client 1", "secret", oidc::ClientAuth::post}};
    net::HttpRequest http = oidc::build_refresh_request(request);
    assert_text_equal(http.method, "POST");
    assert_text_equal(http.url, "https://op.example/token");
    assert_true(http.body.find("grant_type=refresh_token") != std::string::npos);
    assert_true(http.body.find("refresh_token=r%201") != std::string::npos);
    assert_true(http.body.find("client_id=client%201") != std::string::npos); // a confidential client's
    assert_true(http.body.find("client_secret=secret") != std::string::npos);
    assert_true(http.body.find("scope=") == std::string::npos);
    request.scope = "openid email";
    http = oidc::build_refresh_request(request);
    assert_true(http.body.find("scope=openid") != std::string::npos);
}

void rf_04_words_of_the_end(void**) {
    for (const char* word : {"invalid_grant", "bad_refresh_token", "access_denied", "interaction_required",
                             "login_required", "consent_required", "account_selection_required"}) {
        for (const int status : {200, 400, 401, 403, 500}) {
            assert_true(of_json(status, std::string(R"({"error":")") + word + "\"}") == Refusal::ended);
        }
    }
    assert_true(of_json(400, R"({"error":"invalid_request","error_description":"Refresh token expired."})") ==
                Refusal::ended);
    assert_true(oidc::refusal_of(answer(200, "application/x-www-form-urlencoded",
                                        "error=bad_refresh_token&error_description=x")) == Refusal::ended);
}

void rf_05_what_says_nothing_of_the_user(void**) {
    for (const char* word : {"invalid_client", "invalid_request", "temporarily_unavailable", "server_error",
                             "unauthorized_client", "invalid_scope", "Invalid_Grant", ""}) {
        assert_true(of_json(400, std::string(R"({"error":")") + word + "\"}") == Refusal::none);
    }
    for (const char* word : {"server_error", "temporarily_unavailable", "invalid_client", ""}) {
        const std::string error = std::string(R"({"error":")") + word + "\",";
        assert_true(of_json(400, error + R"("error_description":"The store of refresh tokens is down."})") ==
                    Refusal::none);
    }
    assert_true(of_json(502, "<html>invalid_grant</html>") == Refusal::none);
    assert_true(of_json(400, R"({"error":["invalid_grant"]})") == Refusal::none);
    assert_true(of_json(400, R"({"error":"invalid_grant"})" + std::string(70000, ' ')) == Refusal::none);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(rf_09_the_request),
        cmocka_unit_test(rf_04_words_of_the_end),
        cmocka_unit_test(rf_05_what_says_nothing_of_the_user),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
