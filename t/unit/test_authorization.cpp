// SPDX-License-Identifier: MIT
// The way to the provider (AR-02, AR-04, AR-07..10, CONF-001, CONF-002) and what comes back (CB-01, CB-02,
// CB-05..13, CB-22).
#include "../../src/oidc/authorization.hpp"

#include <string>

#include "unit.hpp"

namespace {

using namespace oauth;
using core::Code;

oidc::AuthorizationRequest request() {
    oidc::AuthorizationRequest request;
    request.authorization_endpoint = "https://op.example/authorize";
    request.client_id = "client one";
    request.redirect_uri = "https://app.example/auth/oauth/op/callback";
    request.scopes = {"openid", "email"};
    request.state = "state-1";
    request.nonce = "nonce-1";
    request.code_verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    return request;
}

core::Parameters query_of(const std::string& url) {
    auto parameters = core::Parameters::parse(url.substr(url.find('?') + 1));
    assert_true(parameters.has_value());
    return *parameters;
}

std::string parameter(const std::string& url, std::string_view name) {
    const auto parameters = query_of(url);
    assert_true(parameters.count(name) <= 1);
    return std::string(parameters.find(name).value_or("(none)"));
}

core::Parameters parse(std::string_view query) {
    auto parameters = core::Parameters::parse(query);
    assert_true(parameters.has_value());
    return *parameters;
}

oidc::AuthorizationExpectation expectation() {
    oidc::AuthorizationExpectation expected;
    expected.state = "S-1_a";
    expected.issuer = "https://op.example/";
    return expected;
}

void expect_code(std::string_view query, const oidc::AuthorizationExpectation& expected,
                 std::string_view code) {
    const auto callback = oidc::process_authorization_response(parse(query), expected);
    if (!callback.ok()) {
        print_error("%s\n", callback.error().detail.c_str());
        fail();
    }
    assert_text_equal(callback->code(), code);
}

std::string expect_refused(std::string_view query, const oidc::AuthorizationExpectation& expected,
                           Code code) {
    const auto callback = oidc::process_authorization_response(parse(query), expected);
    assert_false(callback.ok());
    assert_text_equal(core::code_name(callback.error().code), core::code_name(code));
    return callback.error().detail;
}

void ar_02_conf_002_the_challenge_is_s256(void**) {
    // RFC 7636 appendix B
    assert_text_equal(oidc::code_challenge_s256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
                      "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    const std::string url = oidc::build_authorization_url(request());
    assert_text_equal(parameter(url, "code_challenge"), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    assert_text_equal(parameter(url, "code_challenge_method"), "S256"); // AR-04: there is no other
    assert_true(url.find("dBjftJeZ4CVP") == std::string::npos);
}

void conf_001_the_request_has_what_it_needs(void**) {
    const std::string url = oidc::build_authorization_url(request());
    assert_text_equal(parameter(url, "response_type"), "code");
    assert_text_equal(parameter(url, "client_id"), "client one");
    assert_text_equal(parameter(url, "redirect_uri"), "https://app.example/auth/oauth/op/callback");
    assert_text_equal(parameter(url, "scope"), "openid email");
    assert_text_equal(parameter(url, "state"), "state-1");
    assert_text_equal(parameter(url, "nonce"), "nonce-1");
    assert_text_equal(parameter(url, "response_mode"), "(none)");
    assert_true(url.find('+') == std::string::npos);
    assert_true(url.find("scope=openid%20email") != std::string::npos);
}

void what_is_empty_is_not_sent(void**) {
    auto bare = request();
    bare.nonce.clear();
    bare.code_verifier.clear();
    bare.scopes.clear();
    const std::string url = oidc::build_authorization_url(bare);
    for (const char* name : {"nonce", "code_challenge", "code_challenge_method", "scope", "response_mode"}) {
        assert_text_equal(parameter(url, name), "(none)");
    }
}

void hybrid_asks_for_its_response_type_and_mode(void**) {
    auto hybrid = request();
    hybrid.response_type = "code id_token";
    hybrid.response_mode = "form_post";
    const std::string url = oidc::build_authorization_url(hybrid);
    assert_text_equal(parameter(url, "response_type"), "code id_token");
    assert_text_equal(parameter(url, "response_mode"), "form_post");
}

void ar_07_a_query_of_the_endpoint_is_kept(void**) {
    auto with_query = request();
    with_query.authorization_endpoint = "https://op.example/authorize?tenant=x%20y";
    const std::string url = oidc::build_authorization_url(with_query);
    assert_true(url.starts_with("https://op.example/authorize?tenant=x%20y&response_type=code&"));
    assert_text_equal(parameter(url, "tenant"), "x y");
}

void ar_09_scopes_are_encoded_and_distinct(void**) {
    auto odd = request();
    odd.scopes = {"openid",   "a b",  "", " openid  email ", "https://x.example/\"q\"&=+#%",
                  "\xc3\xa9", "email"};
    const std::string url = oidc::build_authorization_url(odd);
    assert_text_equal(parameter(url, "scope"), "openid a b email https://x.example/\"q\"&=+#% \xc3\xa9");
    assert_true(url.find("%20%20") == std::string::npos);
}

void ar_06_ar_10_reserved_parameters_cannot_be_added(void**) {
    for (const char* name : {"client_id", "redirect_uri", "response_type", "response_mode", "scope", "state",
                             "nonce", "code_challenge", "code_challenge_method", "request", "request_uri"}) {
        assert_true(oidc::is_reserved_parameter(name));
        auto doubled = request();
        doubled.response_mode = "form_post";
        doubled.extra = {{name, "evil"}, {"prompt", "select account"}};
        const std::string url = oidc::build_authorization_url(doubled);
        assert_true(url.find("evil") == std::string::npos);
        assert_text_equal(parameter(url, "prompt"), "select account");
    }
    for (const char* name : {"prompt", "max_age", "acr_values", "login_hint", "resource", "State", ""}) {
        assert_false(oidc::is_reserved_parameter(name));
    }
}

void cb_01_the_state_must_be_there(void**) {
    assert_text_equal(oidc::find_state(parse("code=c&state=aZ09-_")).value(), "aZ09-_");
    for (const char* query : {"code=c", "", "code=c&state=", "code=c&State=abc"}) {
        const auto state = oidc::find_state(parse(query));
        assert_false(state.ok());
        assert_int_equal(state.error().code, Code::state_invalid);
    }
    expect_refused("code=c", expectation(), Code::state_invalid);
}

void a_malformed_state_is_refused(void**) {
    for (const char* state : {"a.b", "a%20b", "a%00", "a%2Fb", "%C3%A9", "a%0D%0A", "a~"}) {
        const auto found = oidc::find_state(parse("state=" + std::string(state)));
        assert_false(found.ok());
        assert_int_equal(found.error().code, Code::state_invalid);
    }
    assert_true(oidc::find_state(parse("state=" + std::string(128, 'a'))).ok());
    assert_false(oidc::find_state(parse("state=" + std::string(129, 'a'))).ok());
}

void cb_02_another_state_is_refused(void**) {
    for (const char* state : {"S-1_b", "s-1_a", "S-1_", "S-1_aa"}) {
        expect_refused("code=c&iss=https%3A%2F%2Fop.example%2F&state=" + std::string(state), expectation(),
                       Code::state_invalid);
    }
    auto none = expectation();
    none.state.clear();
    expect_refused("code=c&state=", none, Code::state_invalid);
}

void cb_02_the_state_is_looked_at_first(void**) {
    expect_refused("error=access_denied&state=other", expectation(), Code::state_invalid);
    expect_refused("iss=wrong&code=c&state=other", expectation(), Code::state_invalid);
}

void cb_05_codes_are_printable_and_bounded(void**) {
    expect_code("state=S-1_a&code=a%20b%2F%2B%25~", expectation(), "a b/+%~");
    expect_code("state=S-1_a&code=" + std::string(4096, 'c'), expectation(), std::string(4096, 'c'));
    for (const std::string& code :
         {std::string(), std::string("a%00"), std::string("a%0D%0AX:1"), std::string("%C3%A9"),
          std::string("%7F"), std::string("a%09"), std::string(4097, 'c'), std::string(100 * 1024, 'c')}) {
        expect_refused("state=S-1_a&code=" + code, expectation(), Code::request_invalid);
    }
    expect_refused("state=S-1_a", expectation(), Code::request_invalid);
}

void cb_06_repeated_parameters_are_refused(void**) {
    for (const char* name :
         {"code", "state", "iss", "error", "error_description", "id_token", "access_token"}) {
        const std::string twice = std::string(name) + "=S-1_a&" + name + "=S-1_a";
        const std::string query = std::string(name) == "state" ? twice : "state=S-1_a&" + twice;
        const auto state = oidc::find_state(parse(query));
        assert_false(state.ok());
        assert_int_equal(state.error().code, Code::request_invalid);
        expect_refused(query, expectation(), Code::request_invalid);
    }
}

// RFC 6749 3.1: "Parameters sent without a value MUST be treated as if they were omitted from the request".
void empty_parameters_are_absent(void**) {
    const std::string right = "state=S-1_a&code=c";
    for (const std::string name : {"error", "error_description", "id_token", "access_token"}) {
        expect_code(right + "&" + name + "=", expectation(), "c");
        expect_code(right + "&" + name, expectation(), "c");
        for (const char* twice : {"=&", "=x&", "=&x=&"}) { // CB-06
            expect_refused(right + "&" + name + twice + name + "=", expectation(), Code::request_invalid);
        }
    }
    for (const auto& [query, code] : {std::pair{"state=&code=c", Code::state_invalid},
                                      std::pair{"state=S-1_a&code=", Code::request_invalid}}) {
        const std::string detail = expect_refused(query, expectation(), code);
        assert_true(detail.ends_with("is missing"));
    }
}

void cb_07_errors_of_the_provider(void**) {
    const auto expected = expectation();
    std::string detail = expect_refused("state=S-1_a&error=access_denied&error_description=%3Cscript%3E",
                                        expected, Code::access_denied);
    assert_text_equal(detail, "the provider answered with error access_denied, \"<script>\"");
    for (const char* refusal :
         {"login_required", "user_cancelled_login", "user_cancelled_authorize", "consent_required",
          "interaction_required", "account_selection_required", "unmet_authentication_requirements"}) {
        detail = expect_refused(std::string("state=S-1_a&error=") + refusal +
                                    "&error_description=not%0AS-1_a%C3%A9",
                                expected, Code::access_denied);
        assert_true(detail.find(refusal) != std::string::npos);
        assert_true(detail.ends_with(", \"not?S-1_a??\"")); // printable, and one line
    }
    for (const char* failure : {"server_error", "invalid_scope", "unauthorized_client", "Access_Denied",
                                "temporarily_unavailable", "login_required2"}) {
        expect_refused(std::string("state=S-1_a&error=") + failure, expected, Code::provider_error);
    }
    for (const std::string& error :
         {std::string("%3Cb%3E%22"), std::string("a%0Ab"), std::string("a%5Cb"), std::string("a%20visit"),
          std::string(65, 'a') + "visit", std::string("%C3%A9")}) {
        detail = expect_refused("state=S-1_a&error=" + error, expected, Code::provider_error);
        assert_text_equal(detail, "the provider answered with an error");
    }
    auto registered = expected;
    registered.redirect_uri = "https://app.example/callback";
    detail = expect_refused("state=S-1_a&error=redirect_uri_mismatch", registered, Code::provider_error);
    assert_true(
        detail.ends_with(": register the callback URL \"https://app.example/callback\" at the provider"));
    detail = expect_refused("state=S-1_a&error=" + std::string(64, 'a'), expected, Code::provider_error);
    assert_true(detail.ends_with(std::string(64, 'a')));
    expect_refused("state=S-1_a&error=", expected, Code::request_invalid); // neither an error nor a code
}

void cb_08_an_error_wins_over_a_code(void**) {
    expect_refused("state=S-1_a&code=c&error=server_error", expectation(), Code::provider_error);
}

void cb_09_to_12_the_issuer(void**) {
    auto expected = expectation();
    const std::string right = "state=S-1_a&code=c&iss=https%3A%2F%2Fop.example%2F";
    expect_code(right, expected, "c");
    expect_code("state=S-1_a&code=c", expected, "c"); // CB-12: not advertised and absent
    for (const char* other : {"https://op.example", "https://OP.example/", "https://op.example:443/",
                              "http://op.example/", "https://op.example//"}) { // CB-10, CB-12
        expect_refused("state=S-1_a&code=c&iss=" + std::string(other), expected, Code::request_invalid);
    }
    expected.iss_required = true;
    expect_code(right, expected, "c");
    expect_refused("state=S-1_a&code=c", expected, Code::request_invalid); // CB-11
    expect_refused("state=S-1_a&code=c&iss=", expected, Code::request_invalid);
    // RFC 9207 2.4: before the error is believed
    expect_refused("state=S-1_a&error=access_denied", expected, Code::request_invalid);
    expect_refused("state=S-1_a&error=access_denied&iss=https://evil.example", expected,
                   Code::request_invalid);
}

void without_an_issuer_an_iss_parameter_is_ignored(void**) {
    auto expected = expectation();
    expected.issuer.clear();
    expect_code("state=S-1_a&code=c&iss=https://other.example", expected, "c");
}

// An issuer that is a template: whoever calls compares it with the ID token's, if it is there.
void cb_11_a_missing_iss_that_is_promised_whoever_the_issuer_is(void**) {
    auto expected = expectation();
    expected.issuer.clear();
    expected.iss_required = true;
    expect_code("state=S-1_a&code=c&iss=https://other.example", expected, "c");
    const std::string detail = expect_refused("state=S-1_a&code=c", expected, Code::request_invalid);
    assert_text_equal(detail, "the provider's iss parameter is missing");
    expect_refused("state=S-1_a&error=access_denied", expected, Code::request_invalid);
}

void ar_10_names_of_parameters(void**) {
    for (const char* name : {"acr_values", "ui_locales", "ssoAppId", "a.b-c", "1"}) {
        assert_true(oidc::is_parameter_name(name));
    }
    for (const char* name :
         {"", "a b", "a&b", "a=b", "%73tate", "state ", "$x", "a\nb", "a#", "a+b", "\xc3\xa9"}) {
        assert_false(oidc::is_parameter_name(name));
    }
}

void cb_13_tokens_in_the_wrong_place_are_refused(void**) {
    expect_refused("state=S-1_a&code=c&access_token=t", expectation(), Code::request_invalid);
    expect_refused("state=S-1_a&code=c&id_token=t", expectation(), Code::request_invalid);
    auto hybrid = expectation();
    hybrid.hybrid = true;
    expect_refused("state=S-1_a&code=c&id_token=t&access_token=t", hybrid, Code::request_invalid);
}

void hybrid_needs_both(void**) {
    auto hybrid = expectation();
    hybrid.hybrid = true;
    const auto callback =
        oidc::process_authorization_response(parse("state=S-1_a&code=c&id_token=a.b.c"), hybrid);
    assert_true(callback.ok());
    assert_text_equal(callback->id_token(), "a.b.c");
    expect_refused("state=S-1_a&code=c", hybrid, Code::request_invalid);
    expect_refused("state=S-1_a&code=c&id_token=", hybrid, Code::request_invalid);
    expect_refused("state=S-1_a&id_token=a.b.c", hybrid, Code::request_invalid);
}

void cb_22_unknown_parameters_are_ignored(void**) {
    expect_code("state=S-1_a&code=c&session_state=x.y&authuser=0&hd=example.org&hd=twice&prompt=none&scope=a",
                expectation(), "c");
}

void details_hold_nothing_of_the_code_or_state(void**) {
    for (const char* query :
         {"state=S-1_a&code=secret%00", "state=secret&code=secret", "state=secret.&code=secret",
          "state=S-1_a&code=secret&code=secret", "state=S-1_a&code=secret&id_token=secret"}) {
        const auto callback = oidc::process_authorization_response(parse(query), expectation());
        assert_false(callback.ok());
        assert_true(callback.error().detail.find("secret") == std::string::npos);
        assert_false(callback.error().detail.empty());
    }
    // Nor where the provider repeats them.
    auto expected = expectation();
    expected.state = "the-state-of-today";
    for (const char* place : {"iss=", "error=x&error_description="}) {
        const std::string detail = expect_refused(
            "state=the-state-of-today&code=the-code-of-today&" + std::string(place) +
                "the-state-of-today+the-code-of-today",
            expected, std::string(place) == "iss=" ? Code::request_invalid : Code::provider_error);
        assert_true(detail.find("\"[...] [...]\"") != std::string::npos);
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(ar_02_conf_002_the_challenge_is_s256),
        cmocka_unit_test(conf_001_the_request_has_what_it_needs),
        cmocka_unit_test(what_is_empty_is_not_sent),
        cmocka_unit_test(hybrid_asks_for_its_response_type_and_mode),
        cmocka_unit_test(ar_07_a_query_of_the_endpoint_is_kept),
        cmocka_unit_test(ar_09_scopes_are_encoded_and_distinct),
        cmocka_unit_test(ar_06_ar_10_reserved_parameters_cannot_be_added),
        cmocka_unit_test(cb_01_the_state_must_be_there),
        cmocka_unit_test(a_malformed_state_is_refused),
        cmocka_unit_test(cb_02_another_state_is_refused),
        cmocka_unit_test(cb_02_the_state_is_looked_at_first),
        cmocka_unit_test(cb_05_codes_are_printable_and_bounded),
        cmocka_unit_test(cb_06_repeated_parameters_are_refused),
        cmocka_unit_test(empty_parameters_are_absent),
        cmocka_unit_test(cb_07_errors_of_the_provider),
        cmocka_unit_test(cb_08_an_error_wins_over_a_code),
        cmocka_unit_test(cb_09_to_12_the_issuer),
        cmocka_unit_test(without_an_issuer_an_iss_parameter_is_ignored),
        cmocka_unit_test(cb_11_a_missing_iss_that_is_promised_whoever_the_issuer_is),
        cmocka_unit_test(ar_10_names_of_parameters),
        cmocka_unit_test(cb_13_tokens_in_the_wrong_place_are_refused),
        cmocka_unit_test(hybrid_needs_both),
        cmocka_unit_test(cb_22_unknown_parameters_are_ignored),
        cmocka_unit_test(details_hold_nothing_of_the_code_or_state),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
