// SPDX-License-Identifier: MIT
// The code for tokens: TK-01, TK-02, TK-06..12, TK-15, CB-05 (no injection into the request), CONF-003.
#include "../../src/oidc/token.hpp"
#include "tokens.hpp"

#include <string>
#include <vector>

#include "unit.hpp"

namespace {

using namespace oauth;
using core::Code;
using oidc::IdTokenRule;
using oidc::TokenFormat;
using tokens::Object;
using tokens::quote;

Object body() {
    return {{"access_token", "\"the-access\""},   {"token_type", "\"Bearer\""},  {"id_token", "\"a.b.c\""},
            {"refresh_token", "\"the-refresh\""}, {"scope", "\"openid email\""}, {"expires_in", "3600"}};
}

net::HttpResponse answer(std::string text, int status = 200, std::string type = "application/json") {
    net::HttpResponse response;
    response.status = status;
    response.content_type = std::move(type);
    response.body = std::move(text);
    return response;
}

net::HttpResponse form(std::string text) {
    return answer(std::move(text), 200, "application/x-www-form-urlencoded");
}

oidc::TokenSet accepted(const net::HttpResponse& response, IdTokenRule rule = IdTokenRule::required,
                        TokenFormat format = TokenFormat::json) {
    auto tokens = oidc::process_token_response(response, rule, format);
    if (!tokens.ok()) {
        print_error("%s\n", tokens.error().detail.c_str());
        fail();
    }
    return std::move(tokens.value());
}

std::string refused(const net::HttpResponse& response, IdTokenRule rule = IdTokenRule::required,
                    TokenFormat format = TokenFormat::json) {
    const auto tokens = oidc::process_token_response(response, rule, format);
    assert_false(tokens.ok());
    assert_text_equal(core::code_name(tokens.error().code), "provider_error");
    return tokens.error().detail;
}

void expect_refused(const Object& object, std::string_view detail_part) {
    const std::string detail = refused(answer(object.text()));
    if (detail.find(detail_part) == std::string::npos) {
        print_error("detail: %s\n", detail.c_str());
        fail();
    }
}

oidc::ValidatedCallback callback(const std::string& code) {
    oidc::AuthorizationExpectation expected;
    expected.state = "s";
    auto result = oidc::process_authorization_response(
        *core::Parameters::parse("state=s&code=" + core::percent_encode(code)), expected);
    assert_true(result.ok());
    return result.value();
}

oidc::TokenRequest token_request(oidc::ClientAuth auth) {
    oidc::TokenRequest request;
    request.token_endpoint = "https://op.example/token?x=y";
    request.redirect_uri = "https://app.example/auth/oauth/op/callback";
    request.code_verifier = "verifier~1";
    request.credentials = {"client", "secret", auth};
    return request;
}

std::string header(const net::HttpRequest& request, std::string_view name) {
    std::string value = "(none)";
    for (const auto& entry : request.headers) {
        if (entry.name == name) {
            assert_text_equal(value, "(none)");
            value = entry.value;
        }
    }
    return value;
}

void conf_003_the_request(void**) {
    const auto request = oidc::build_token_request(token_request(oidc::ClientAuth::basic), callback("code"));
    assert_text_equal(request.method, "POST");
    assert_text_equal(request.url, "https://op.example/token?x=y");
    assert_text_equal(header(request, "Content-Type"), "application/x-www-form-urlencoded");
    assert_text_equal(header(request, "Accept"), "application/json");
    assert_text_equal(header(request, "Authorization"), "Basic Y2xpZW50OnNlY3JldA==");
    assert_text_equal(request.body,
                      "grant_type=authorization_code&code=code&redirect_uri="
                      "https%3A%2F%2Fapp.example%2Fauth%2Foauth%2Fop%2Fcallback&code_verifier=verifier~1");
}

void tk_02_the_request_with_credentials_in_the_body(void**) {
    const auto request = oidc::build_token_request(token_request(oidc::ClientAuth::post), callback("code"));
    assert_text_equal(header(request, "Authorization"), "(none)");
    assert_true(request.body.ends_with("&client_id=client&client_secret=secret"));
}

void cb_05_a_code_cannot_add_parameters(void**) {
    auto without_pkce = token_request(oidc::ClientAuth::none);
    without_pkce.code_verifier.clear();
    const auto request = oidc::build_token_request(without_pkce, callback("a&client_id=x+%=/ "));
    assert_true(request.body.find("code=a%26client_id%3Dx%2B%25%3D%2F%20&") != std::string::npos);
    assert_true(request.body.find("code_verifier") == std::string::npos);
    const auto parameters = core::Parameters::parse(request.body);
    assert_text_equal(*parameters->find("code"), "a&client_id=x+%=/ ");
    assert_int_equal(parameters->count("client_id"), 1);
}

void a_whole_answer_is_read(void**) {
    const auto tokens = accepted(answer(body().text()));
    assert_text_equal(tokens.access_token, "the-access");
    assert_text_equal(tokens.id_token, "a.b.c");
    assert_text_equal(tokens.refresh_token, "the-refresh");
    assert_text_equal(tokens.token_type, "bearer");
    assert_text_equal(tokens.scope.value_or("?"), "openid email");
    assert_true(tokens.expires_in == 3600);
}

void the_least_answer_is_read(void**) {
    const auto tokens =
        accepted(answer(R"({"access_token":"t","token_type":"bearer"})", 200, "application/x+json"),
                 IdTokenRule::optional);
    assert_text_equal(tokens.id_token, "");
    assert_text_equal(tokens.refresh_token, "");
    assert_false(tokens.scope.has_value()); // as asked
    assert_false(tokens.expires_in.has_value());
}

void tk_06_bearer_in_any_case(void**) {
    for (const char* type : {"bearer", "BEARER", "Bearer", "bEaReR"}) {
        assert_text_equal(accepted(answer(body().with("token_type", quote(type)).text())).token_type,
                          "bearer");
    }
}

void tk_07_other_token_types_are_refused(void**) {
    for (const char* type : {"\"mac\"", "\"N_A\"", "\"DPoP\"", "\"\"", "\"bearer \"", "1", "[\"bearer\"]"}) {
        expect_refused(body().with("token_type", type), "token_type is not bearer");
        assert_true(
            refused(form("access_token=t&token_type=mac"), IdTokenRule::optional, TokenFormat::json_or_form)
                .find("token_type is not bearer") != std::string::npos);
        refused(answer(body().with("token_type", type).text()), IdTokenRule::optional,
                TokenFormat::json_or_form);
    }
}

void pd_07_the_type_after_a_proof(void**) {
    const auto process = [](const Object& object) {
        return oidc::process_token_response(answer(object.text()), IdTokenRule::optional, TokenFormat::json,
                                            oidc::AccessTokenRule::optional, oidc::TokenType::dpop);
    };
    for (const char* type : {"\"Bearer\"", "\"mac\"", "\"\"", "\"DPoP \"", "null", "1", "[\"DPoP\"]"}) {
        const auto tokens = process(body().with("token_type", type));
        assert_false(tokens.ok());
        assert_text_equal(tokens.error().detail, "token_type is not DPoP, though \"dpop on\" asks for it");
    }
    assert_false(process(body().without("token_type")).ok());
    assert_false(process(body().without("token_type").without("access_token")).ok());
    for (const char* type : {"\"DPoP\"", "\"dpop\"", "\"DPOP\""}) {
        assert_text_equal(process(body().with("token_type", type))->token_type, "dpop");
    }
}

// LinkedIn leaves it out, and means bearer.
void tk_07_no_token_type_is_bearer(void**) {
    assert_text_equal(accepted(answer(body().text())).token_type, "bearer");
    for (const Object& without : {body().without("token_type"), body().with("token_type", "null")}) {
        const auto tokens = accepted(answer(without.text()));
        assert_text_equal(tokens.token_type, ""); // so that it can be said
        assert_text_equal(tokens.access_token, "the-access");
    }
}

// Azure AD B2C gives none where no API was asked for.
void an_access_token_where_nothing_needs_one(void**) {
    const auto process = [](const Object& object) {
        return oidc::process_token_response(answer(object.text()), IdTokenRule::required, TokenFormat::json,
                                            oidc::AccessTokenRule::optional);
    };
    for (const Object& object : {body().without("access_token"), body().with("access_token", "null"),
                                 body().with("access_token", "\"\"")}) {
        const auto tokens = process(object);
        assert_true(tokens.ok());
        assert_text_equal(tokens->access_token, "");
        assert_text_equal(tokens->id_token, "a.b.c");
    }
    for (const char* malformed : {"1", "[]", "\"a b\""}) {
        assert_false(process(body().with("access_token", malformed)).ok());
    }
    assert_false(process(body().without("access_token").without("id_token")).ok());
    assert_false(process(body().without("access_token").with("token_type", "\"mac\"")).ok());
}

void tk_08_expires_in(void**) {
    const auto lifetime = [](std::string_view json) {
        return accepted(answer(body().with("expires_in", json).text())).expires_in;
    };
    assert_true(lifetime("0") == 0);
    assert_true(lifetime("3599.9") == 3599);
    assert_true(lifetime("\"3600\"") == 3600);
    assert_true(lifetime("315360000") == 315360000); // ten years
    for (const char* nonsense : {"-1", "-0.5", "315360001", "1e300", "9223372036854775808", "\"-1\"",
                                 "\"1e3\"", "\"\"", "\"18446744073709551617\"", "null", "true", "[]", "{}"}) {
        assert_false(lifetime(nonsense).has_value());
    }
    assert_false(accepted(answer(body().without("expires_in").text())).expires_in.has_value());
}

void tk_09_an_id_token_that_is_required(void**) {
    for (const Object& object :
         {body().without("id_token"), body().with("id_token", "null"), body().with("id_token", "\"\"")}) {
        expect_refused(object, "id_token is missing");
        assert_text_equal(accepted(answer(object.text()), IdTokenRule::optional).id_token, "");
    }
}

void tk_10_unknown_members_and_repeated_ones(void**) {
    accepted(answer(body().with("created_at", "1").with("authed_user", "{\"access_token\":[null]}").text()));
    const std::string text = body().text();
    for (const char* repeated :
         {",\"access_token\":\"x\"}", ",\"\\u0061ccess_token\":\"x\"}", ",\"x\":{\"a\":1,\"a\":2}}"}) {
        const std::string detail = refused(answer(text.substr(0, text.size() - 1) + repeated));
        assert_true(detail.find("strict JSON") != std::string::npos);
    }
}

void tk_11_errors_of_the_provider(void**) {
    assert_text_equal(refused(answer(R"({"error":"invalid_grant","error_description":"secret"})", 400)),
                      "status 400, error invalid_grant");
    assert_text_equal(refused(answer("<html>secret</html>", 401, "text/html")), "status 401");
    // An error is read as what it is, whatever its media type says.
    assert_text_equal(refused(answer(R"({"error":"invalid_client"})", 401, "text/plain")),
                      "status 401, error invalid_client");
    assert_text_equal(refused(answer("error=invalid_client&x=secret", 400)),
                      "status 400, error invalid_client");
    assert_text_equal(refused(answer(R"({"error":"invalid_client"})" + std::string(70000, ' '), 400)),
                      "status 400");
    assert_text_equal(refused(answer("", 500, "")), "status 500");
    assert_text_equal(refused(answer("secret", 503)), "status 503");
    assert_text_equal(refused(answer(body().text(), 201)), "status 201");
    assert_text_equal(refused(answer(body().text(), 302)),
                      "status 302"); // TK-13: never followed
    assert_text_equal(refused(answer(body().with("error", "\"bad_verification_code\"").text())),
                      "status 200, error bad_verification_code");
    for (const std::string& error :
         {std::string("\"a b secret\""), std::string("{\"code\":\"secret\"}"), std::string("false"),
          std::string("\"a\\nsecret\""), "\"secret" + std::string(64, 'a') + "\""}) {
        assert_text_equal(refused(answer(body().with("error", error).text())), "status 200");
        assert_text_equal(refused(answer(Object{{"error", error}}.text(), 400)), "status 400");
    }
}

// Some providers name the member in every answer.
void an_error_that_says_nothing_is_none(void**) {
    for (const char* nothing : {"null", "\"\""}) {
        const Object object = body().with("error", nothing).with("error_description", nothing);
        assert_text_equal(accepted(answer(object.text())).access_token, "the-access");
        assert_text_equal(refused(answer(object.text(), 400)), "status 400");
    }
    assert_text_equal(accepted(form("access_token=t&error=&error_description="), IdTokenRule::optional,
                               TokenFormat::json_or_form)
                          .access_token,
                      "t");
}

void tk_12_other_media_types_are_refused(void**) {
    for (const char* type :
         {"text/html", "", "text/plain", "application/x-www-form-urlencoded", "application/jwt"}) {
        const std::string detail = refused(answer(body().text(), 200, type));
        assert_true(detail.find("media type") != std::string::npos);
    }
    refused(answer(body().text(), 200, "text/plain"), IdTokenRule::optional, TokenFormat::json_or_form);
}

void tk_15_text_that_is_not_json_text(void**) {
    for (const std::string& text :
         {"\xef\xbb\xbf" + body().text(), std::string(), std::string("null"), std::string("[]"),
          std::string("\"x\""), body().with("x", "\"\xff\"").text(), body().with("x", "\"\\u0000\"").text(),
          body().with("x", "\"\\udc00\"").text(), std::string("{\0\"\0a\0", 6)}) {
        assert_true(refused(answer(text)).find("strict JSON object") != std::string::npos);
    }
    assert_true(refused(answer(body().text() + std::string(1024 * 1024, ' '))).find("too large") !=
                std::string::npos);
}

void tokens_are_visible_ascii_of_bounded_size(void**) {
    const std::string long_token(64 * 1024, 'a');
    assert_int_equal(
        accepted(answer(body().with("access_token", quote(long_token)).text())).access_token.size(),
        long_token.size());
    for (const char* name : {"access_token", "id_token", "refresh_token"}) {
        for (const std::string& value :
             {quote("secret x"), quote("secret\r\nX: y"), quote("secret\x7f"), quote("secret\xc3\xa9"),
              quote(long_token + "a"), std::string("1"), std::string("[]"), std::string("{}")}) {
            const std::string detail = refused(answer(body().with(name, value).text()));
            assert_true(detail.find(name) != std::string::npos);
            assert_true(detail.find("secret") == std::string::npos);
        }
    }
    expect_refused(body().without("access_token"), "access_token");
    expect_refused(body().with("access_token", "\"\""), "access_token");
    expect_refused(body().with("access_token", "null"), "access_token");
    assert_text_equal(accepted(answer(body().with("refresh_token", "\"\"").text())).refresh_token, "");
}

void scopes_come_as_text_or_as_a_list(void**) {
    const auto scope = [](const Object& object) {
        return accepted(answer(object.text())).scope.value_or("as asked");
    };
    assert_text_equal(scope(body().with("scope", "[\"a\",\"b:c\"]")), "a b:c");
    assert_text_equal(scope(body().with("scope", "\"a,b:c\"")), "a,b:c");
    assert_text_equal(scope(body().with("scope", "[]")), ""); // none was granted
    assert_text_equal(scope(body().with("scope", "\"\"")), "");
    assert_text_equal(scope(body().with("scope", "null")), "as asked");
    assert_text_equal(scope(body().without("scope")), "as asked");
    assert_text_equal(scope(body().without("scope").with("scp", "[\"a\"]")), "a");
    assert_text_equal(scope(body().with("scp", "[\"a\"]")), "openid email");
    for (const char* other : {"1", "{}", "[1]", "[null]", "\"a\\nb\"", "\"\xc3\xa9\""}) {
        expect_refused(body().with("scope", other), "scope is malformed");
    }
    expect_refused(body().with("scope", quote(std::string(64 * 1024 + 1, 's'))), "scope is malformed");
}

void forms_where_they_are_expected(void**) {
    const auto tokens = accepted(form("access_token=gho_1&scope=read%3Aorg%2Cuser&expires_in=60"),
                                 IdTokenRule::optional, TokenFormat::json_or_form);
    assert_text_equal(tokens.access_token, "gho_1");
    assert_text_equal(tokens.scope.value_or("?"), "read:org,user");
    const auto none =
        accepted(form("access_token=gho_1&scope="), IdTokenRule::optional, TokenFormat::json_or_form);
    assert_text_equal(none.scope.value_or("as asked"), "");
    assert_true(tokens.expires_in == 60);
    assert_text_equal(
        accepted(answer(R"({"access_token":"t"})"), IdTokenRule::optional, TokenFormat::json_or_form)
            .access_token,
        "t");
    assert_text_equal(refused(form("error=bad_verification_code&error_description=secret"),
                              IdTokenRule::optional, TokenFormat::json_or_form),
                      "status 200, error bad_verification_code");
    auto failed = form("error=invalid_grant");
    failed.status = 400;
    assert_text_equal(refused(failed, IdTokenRule::optional, TokenFormat::json_or_form),
                      "status 400, error invalid_grant");
    for (const char* text :
         {"", "access_token=", "access_token=a&access_token=a", "access_token=a%2", "token_type=bearer",
          "access_token=a&token_type=bearer&token_type=mac", "access_token=a&error=x"}) {
        refused(form(text), IdTokenRule::optional, TokenFormat::json_or_form);
    }
    refused(form("access_token=a"), IdTokenRule::required, TokenFormat::json_or_form);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(conf_003_the_request),
        cmocka_unit_test(tk_02_the_request_with_credentials_in_the_body),
        cmocka_unit_test(cb_05_a_code_cannot_add_parameters),
        cmocka_unit_test(a_whole_answer_is_read),
        cmocka_unit_test(the_least_answer_is_read),
        cmocka_unit_test(tk_06_bearer_in_any_case),
        cmocka_unit_test(tk_07_other_token_types_are_refused),
        cmocka_unit_test(pd_07_the_type_after_a_proof),
        cmocka_unit_test(tk_07_no_token_type_is_bearer),
        cmocka_unit_test(an_access_token_where_nothing_needs_one),
        cmocka_unit_test(tk_08_expires_in),
        cmocka_unit_test(tk_09_an_id_token_that_is_required),
        cmocka_unit_test(tk_10_unknown_members_and_repeated_ones),
        cmocka_unit_test(tk_11_errors_of_the_provider),
        cmocka_unit_test(an_error_that_says_nothing_is_none),
        cmocka_unit_test(tk_12_other_media_types_are_refused),
        cmocka_unit_test(tk_15_text_that_is_not_json_text),
        cmocka_unit_test(tokens_are_visible_ascii_of_bounded_size),
        cmocka_unit_test(scopes_come_as_text_or_as_a_list),
        cmocka_unit_test(forms_where_they_are_expected),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
