// SPDX-License-Identifier: MIT
// What is told of a provider's no: its words without the secrets that were sent, the address, and what mends
// it.
#include <string>
#include <vector>

#include "../../src/oidc/remedies.hpp"
#include "../../src/oidc/wire.hpp"
#include "unit.hpp"

namespace {

using namespace oauth;
using namespace oauth::oidc;

const std::string callback = "https://app.example/auth/oauth/op/callback";
const std::string url = "https://op.example/token?tenant=x";

net::HttpResponse answer(int status, std::string body, std::string type = "application/json") {
    net::HttpResponse response;
    response.status = status;
    response.content_type = std::move(type);
    response.body = std::move(body);
    return response;
}

std::string explain(const net::HttpResponse& response, const ClientCredentials& credentials,
                    const std::string& redirect_uri = callback) {
    const TokenQuestion question{url, credentials, redirect_uri, {"the-code-of-today"}};
    const core::Error told = explain_refusal(error_response(response), response, question);
    assert_int_equal(told.code, core::Code::provider_error);
    return told.detail;
}

void test_client(void**) {
    const auto wrong = answer(401, R"({"error":"invalid_client","error_description":"no such client"})");
    const std::string start =
        "status 401, error invalid_client, \"no such client\" (https://op.example/token): ";
    const std::string names = "client_id, client_secret and client_auth must be as the provider has them";
    const std::string basic = explain(wrong, {"id", "plain-secret", ClientAuth::basic});
    assert_text_equal(basic, start + names + "; client_auth is basic");
    assert_text_equal(explain(wrong, {"id", "se+cret", ClientAuth::post}),
                      start + names + "; client_auth is post");
    assert_text_equal(explain(wrong, {"id", "", ClientAuth::none}), start + names + "; client_auth is none");
    for (const char* secret : {"a+b", "a/b", "a=b", "a%b", "a:b", "a b", "a&b"}) {
        const std::string told = explain(wrong, {"id", secret, ClientAuth::basic});
        assert_true(told.find("set \"client_auth post\"; else " + names) != std::string::npos);
        assert_true(told.find(secret) == std::string::npos);
    }
    for (const auto& response :
         {answer(401, "", ""), answer(200, "error=incorrect_client_credentials", "x/y")}) {
        assert_true(explain(response, {"id", "secret", ClientAuth::basic}).find(names) != std::string::npos);
    }
}

// RFC 6750 3.1: a resource has it in the challenge, and the body empty.
void test_the_words_of_a_challenge(void**) {
    net::HttpResponse refused = answer(401, "", "");
    const auto told = [&refused](std::string challenge) {
        refused.headers = {{"www-authenticate", std::move(challenge)}};
        return with_answer(error_response(refused), refused, {"the-token-of-today"}).detail;
    };
    assert_text_equal(
        told(R"(Bearer realm="x", error="invalid_token", error_description="it \"ended\", at noon")"),
        R"(status 401, error invalid_token, "it "ended", at noon")");
    assert_text_equal(told(R"(Negotiate, DPoP algs="ES256", error=invalid_dpop_proof)"),
                      "status 401, error invalid_dpop_proof");
    assert_text_equal(told(R"(Basic realm="error")"), "status 401");
    assert_text_equal(told(R"(Bearer error="no code\n", error_description="the-token-of-today is old")"),
                      R"(status 401, "[...] is old")");
    assert_text_equal(told(R"(Bearer error="the-token-of-today")"), "status 401, error [...]");
    refused.body = R"({"error":"own_words"})"; // they come first
    assert_text_equal(told(R"(Bearer error="invalid_token", error_description="x")"),
                      "status 401, error own_words");
    refused.body.clear();
    assert_true(told("Bearer error=\"insufficient_scope\"").ends_with("error insufficient_scope"));
    assert_text_equal(resource_remedy(refused), "the parameter scope lacks what this endpoint wants");
    static_cast<void>(told("DPoP error=\"invalid_dpop_proof\""));
    assert_true(resource_remedy(refused).find("the clocks must be right") != std::string::npos);
    static_cast<void>(told("Bearer"));
    assert_text_equal(resource_remedy(refused), "");
}

void test_what_was_sent_is_not_told(void**) {
    const ClientCredentials short_one{"id", "Hunter2", ClientAuth::basic};
    const ClientCredentials none{"id", "", ClientAuth::none};
    const std::string code = "c/o+d%e=~-0123";
    const auto told = [&](const ClientCredentials& credentials, const std::string& error,
                          const std::string& description) {
        const auto response =
            answer(400, R"({"error":")" + error + R"(","error_description":")" + description + R"("})");
        const TokenQuestion question{url, credentials, callback, {code}};
        return explain_refusal(error_response(response), response, question).detail;
    };
    for (const std::string& repeated :
         {code, std::string("c%2Fo%2Bd%25e%3D~-0123"), std::string("c%2fo%2bd%25e%3d%7e-0123"),
          std::string("%63/o+d%25e=~-012%33")}) {
        for (const std::string& line : {told(none, "invalid_code:" + repeated, "no"),
                                        told(none, "invalid_grant", "no code " + repeated + " here")}) {
            assert_true(line.find("[...]") != std::string::npos);
            assert_true(line.find("012") == std::string::npos);
        }
    }
    for (const std::string& line : {told(short_one, "invalid_client", "not Hunter2"),
                                    told(short_one, "not_Hunter2", ""), told(short_one, "x", "%48unter2")}) {
        assert_true(line.find("unter2") == std::string::npos);
    }
    assert_true(told(none, "invalid_grant", "100% of %zz and %4").find("100% of %zz and %4") !=
                std::string::npos);
}

void test_an_outage_is_nobodys_mistake(void**) {
    const ClientCredentials client{"id", "plain-secret", ClientAuth::basic};
    for (const int status : {429, 500, 503}) {
        const auto down = answer(status, "<html>", "text/html");
        assert_true(
            explain(down, client).ends_with("): the provider, or what stands before it, is out of order"));
        assert_false(outage_remedy(down).empty());
    }
    assert_true(outage_remedy(answer(404, "")).empty());
}

void test_other_refusals(void**) {
    const ClientCredentials client{"id", "plain-secret", ClientAuth::basic};
    const std::string registering = "register the callback URL \"" + callback + "\" at the provider";
    struct Case {
        net::HttpResponse response;
        std::string remedy;
    };
    for (const Case& each : std::vector<Case>{
             {answer(400, R"({"error":"redirect_uri_mismatch"})"), registering},
             {answer(400, R"({"error":"invalid_request","error_description":"Redirect URI differs"})"),
              registering},
             {answer(400, R"({"error":"invalid_grant","error_description":"redirect_uri"})"), registering},
             {answer(400, R"({"error":"invalid_grant"})"),
              registering + "; else the code was used before, came too late, or is another client's"},
             {answer(400, R"({"error":"unauthorized_client"})"),
              "client_id must be as the provider has it, and the client be allowed the authorization code "
              "there"},
             {answer(400, R"({"error":"invalid_scope"})"),
              "the parameter scope has one that the provider does not give this client"},
             {answer(404, "<html>", "text/html"),
              "token_endpoint, or the issuer whose metadata names it, must be the provider's"},
         }) {
        assert_true(explain(each.response, client).ends_with("(https://op.example/token): " + each.remedy));
    }
    assert_text_equal(explain(answer(503, R"({"error":"temporarily_unavailable"})"), client),
                      "status 503, error temporarily_unavailable (https://op.example/token): the provider, "
                      "or what stands before it, is out of order");
    assert_text_equal(explain(answer(400, R"({"error":"invalid_grant"})"), client, ""), // a refresh
                      "status 400, error invalid_grant (https://op.example/token)");
    assert_true(explain(answer(404, "<html>secret", "text/html"), client)
                    .starts_with("status 404, text/html and no JSON (https://op.example/token): "));
}

void test_words_of_the_provider(void**) {
    const ClientCredentials client{"id", "s3cret/of the=client", ClientAuth::basic};
    for (const std::string& secret : {client.client_secret, std::string("s3cret%2Fof%20the%3Dclient"),
                                      std::string("the-code-of-today")}) {
        const std::string told = explain(
            answer(400, R"({"error":"invalid_grant","error_description":"no ')" + secret + R"(' here"})"),
            client);
        assert_true(told.find("\"no '[...]' here\"") != std::string::npos);
        assert_true(told.find(secret) == std::string::npos);
    }
    // Cut after the secrets have been taken out, not through one.
    const std::string filler(250, 'x');
    assert_text_equal(quoted_answer(filler + "the-code-of-today", {"the-code-of-today"}), filler + "[...]");
    assert_text_equal(quoted_answer("a\nb\xc3\xa9", {}), "a?b??");
    assert_int_equal(quoted_answer(std::string(300, 'x'), {}).size(), 256);
    assert_text_equal(quoted_answer("no secret", {"secret", ""}), "no secret"); // a word
}

// LG-01: what the client has proved itself with, in any form, and wherever the quotation is cut.
void lg_01_what_the_client_is_known_by_is_not_told(void**) {
    const ClientCredentials client{"id", "s3cret/of the=client", ClientAuth::basic};
    const std::string header = oidc::basic_credentials(client);
    for (const std::string& part : {header, header.substr(0, 20), header.substr(0, 12)}) {
        for (const std::string& around : {std::string("Basic "), std::string("'"), std::string("a=%27")}) {
            const std::string told = quoted_answer("no " + around + part + " here", {}, &client);
            assert_text_equal(told, "no " + around + "[...] here");
        }
    }
    const std::string percent = header.substr(0, header.find('=')) + "%3D";
    assert_text_equal(quoted_answer(percent + "&x", {}, &client), "[...]&x");
    assert_text_equal(quoted_answer("Basic authentication needs credentials", {}, &client),
                      "Basic authentication needs credentials");
    const std::string filler(250, 'x');
    for (const std::string& secret : {client.client_secret, header}) {
        const std::string told =
            explain(answer(400, R"({"error":"a","error_description":")" + filler + secret + R"("})"), client);
        assert_true(told.find(filler + "[...]\"") != std::string::npos);
    }
    const ClientCredentials public_client{"id", "", ClientAuth::none};
    assert_text_equal(quoted_answer("aWQ6 id", {}, &public_client), "aWQ6 id");
    const core::Error code{core::Code::provider_error, "status 400, error " + header};
    assert_text_equal(oidc::without_secrets(code, {}, &client).detail, "status 400, error [...]");
}

// An assertion or a proof of this client, whole or cut.
void test_what_was_signed_is_not_told(void**) {
    const std::string jwt = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJpZCJ9.c2lnbmF0dXJl-_x";
    for (const std::string& part : {jwt, jwt.substr(0, 30), jwt + "." + jwt}) {
        assert_text_equal(quoted_answer("bad '" + part + "', and again " + part, {}),
                          "bad '[...]', and again [...]");
    }
    assert_text_equal(quoted_answer("eyJ eyJabc.", {}), "eyJ eyJabc.");
    const ClientCredentials client{"id", "", ClientAuth::private_key_jwt};
    assert_true(explain(answer(401, R"({"error":")" + jwt.substr(0, 50) + R"("})"), client).find("eyJ") ==
                std::string::npos);
}

void test_a_key_or_a_certificate_may_be_wrong(void**) {
    const auto wrong = answer(401, R"({"error":"invalid_client"})");
    ClientCredentials client{"id", "", ClientAuth::tls};
    assert_true(explain(wrong, client)
                    .ends_with("client_id, client_certificate and client_auth must be as the provider has "
                               "them; client_auth is tls"));
    client.auth = ClientAuth::client_secret_jwt;
    assert_true(explain(wrong, client)
                    .ends_with("client_id, client_secret and client_auth must be as the "
                               "provider has them; client_auth is client_secret_jwt"));
    const auto proof = explain(answer(400, R"({"error":"use_dpop_nonce"})"), client);
    assert_true(proof.find("\"dpop on\" gives one") != std::string::npos);
}

void test_authorization(void**) {
    const std::string registering = "register the callback URL \"" + callback + "\" at the provider";
    assert_text_equal(authorization_remedy("redirect_uri_mismatch", "", callback), registering);
    assert_text_equal(authorization_remedy("invalid_request", "Invalid redirect", callback), registering);
    assert_text_equal(authorization_remedy("invalid_request", "", callback),
                      "where that is about the callback: " + registering);
    assert_true(authorization_remedy("invalid_scope", "", callback).find("scope") != std::string::npos);
    assert_true(authorization_remedy("unauthorized_client", "", callback).find("client_id") !=
                std::string::npos);
    assert_text_equal(authorization_remedy("server_error", "", callback), "");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_the_words_of_a_challenge),
        cmocka_unit_test(test_what_was_sent_is_not_told),
        cmocka_unit_test(test_an_outage_is_nobodys_mistake),
        cmocka_unit_test(test_client),
        cmocka_unit_test(test_other_refusals),
        cmocka_unit_test(test_words_of_the_provider),
        cmocka_unit_test(lg_01_what_the_client_is_known_by_is_not_told),
        cmocka_unit_test(test_what_was_signed_is_not_told),
        cmocka_unit_test(test_a_key_or_a_certificate_may_be_wrong),
        cmocka_unit_test(test_authorization),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
