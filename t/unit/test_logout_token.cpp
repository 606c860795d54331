// SPDX-License-Identifier: MIT
// Logout tokens: LO-10..12, LO-14..16, LO-18 as far as they are pure, CONF-052..057. That a token comes once
// (LO-13) is the flow's business.
#include "../../src/oidc/logout_token.hpp"
#include "id_token_case.hpp"

#include <string>
#include <vector>

namespace {

using namespace oauth;
using namespace oauth::unit;

constexpr const char* event = R"("http://schemas.openid.net/event/backchannel-logout")";

std::string events_with(const std::string& value) {
    return std::string("{") + event + ":" + value + "}";
}

Object logout_claims() {
    return {{"iss", "\"https://op.example/\""},
            {"aud", "\"client\""},
            {"sub", "\"user-1\""},
            {"sid", "\"session-1\""},
            {"iat", at(0)},
            {"exp", at(120)},
            {"jti", "\"jti-1\""},
            {"events", events_with("{}")}};
}

oidc::TokenExpectation expected_of_logout() {
    return expectation();
}

core::Result<oidc::LogoutToken> check(const std::string& text, const oidc::TokenExpectation& expected) {
    return validate(oidc::validate_logout_token, text, expected);
}

oidc::LogoutToken take(const std::string& text,
                       const oidc::TokenExpectation& expected = expected_of_logout()) {
    return expect_accepted(check(text, expected));
}

void turn_down(const std::string& text, std::string_view part,
               const oidc::TokenExpectation& expected = expected_of_logout()) {
    expect_refused(check(text, expected), part);
}

std::string with_type(const std::string& typ) {
    const Object header = {{"alg", "\"RS256\""}, {"kid", "\"rsa-1\""}, {"typ", quote(typ)}};
    return tokens::sign(provider().rsa, "RS256", header.text(), logout_claims().text());
}

void conf_052_a_right_token_is_taken(void**) {
    const auto token = take(rs256(logout_claims().with("ignored_claim", "{\"a\":[1]}")));
    assert_text_equal(token.subject, "user-1");
    assert_text_equal(token.sid, "session-1");
    assert_text_equal(token.jti, "jti-1");
    assert_int_equal(token.remember_until, now + 120 + skew);
}

void conf_053_none_is_no_signature(void**) {
    turn_down(tokens::unsigned_token(R"({"alg":"none"})", logout_claims().text()), "signature");
    // with something in the place of the signature
    turn_down(tokens::unsigned_token(R"({"alg":"none"})", logout_claims().text()) + "AAAA", "algorithm");
}

void conf_054_another_algorithm_than_expected(void**) {
    // Both keys are in the provider's set.
    const std::string by_ec = tokens::sign(provider().p256, "ES256", logout_claims().text());
    turn_down(by_ec, "its algorithm is not allowed: found \"ES256\", accepted: RS256");
    auto elliptic = expected_of_logout();
    elliptic.algorithms = {"ES256"};
    take(by_ec, elliptic);
    turn_down(rs256(logout_claims()), "found \"RS256\", accepted: ES256", elliptic);
    // The client's secret counts only where it is the way that was agreed on (Authentik without a key).
    const std::string by_secret = tokens::sign_hmac("HS256", client_secret, logout_claims().text());
    auto symmetric = expected_of_logout();
    symmetric.client_secret = client_secret;
    turn_down(by_secret, "algorithm", symmetric);
    symmetric.algorithms = {"HS256"};
    take(by_secret, symmetric);
    turn_down(tokens::sign_hmac("HS256", provider().rsa.public_pem(), logout_claims().text()), "algorithm");
}

void conf_054_a_foreign_key(void**) {
    const auto other = tokens::Key::rsa("rsa-1"); // under the provider's kid
    turn_down(tokens::sign(other, "RS256", logout_claims().text()), "no key of the provider");
}

void conf_055_lo_18_issuer_and_audience(void**) {
    turn_down(rs256(logout_claims().with("iss", "\"https://op.example/1\"")), "iss is not");
    turn_down(rs256(logout_claims().without("iss")), "iss is missing");
    for (const char* audience : {"\"client1\"", "\"other\"", "[\"other\"]", "[\"client\",\"other\"]"}) {
        turn_down(rs256(logout_claims().with("aud", audience)), "aud is not");
    }
    turn_down(rs256(logout_claims().without("aud")), "aud is missing");
    take(rs256(logout_claims().with("aud", "[\"client\"]")));
    auto trusting = expected_of_logout();
    trusting.trusted_audiences = {"project-1"};
    take(rs256(logout_claims().with("aud", "[\"client\",\"project-1\"]")), trusting);
}

void conf_056_lo_15_events(void**) {
    turn_down(rs256(logout_claims().without("events")), "events is missing");
    for (const char* other : {"[]", "\"text\"", "1", "null", "[{}]", "true"}) {
        turn_down(rs256(logout_claims().with("events", other)), "events is missing or not an object");
    }
    turn_down(rs256(logout_claims().with("events", R"({"http://schemas.openid.net/event/foobar":{}})")),
              "events has no member");
    turn_down(rs256(logout_claims().with("events", "{}")), "events has no member");
    for (const char* other : {"[]", "\"\"", "true", "1", "null"}) {
        turn_down(rs256(logout_claims().with("events", events_with(other))), "events has no member");
    }
    take(rs256(logout_claims().with("events", events_with("{\"more\":1}"))));
    take(rs256(logout_claims().with("events", std::string("{\"https://example.org/other\":{},") + event +
                                                  ":{},\"x\":1}")));
}

void conf_057_a_nonce(void**) {
    for (const char* nonce : {"\"nonce-1\"", "\"\"", "1"}) {
        turn_down(rs256(logout_claims().with("nonce", nonce)), "it has a nonce");
    }
    take(rs256(logout_claims().with("nonce", "null"))); // which is how some write that there is none
}

void lo_10_somebody_or_something_has_to_end(void**) {
    turn_down(rs256(logout_claims().without("sub").without("sid")), "it has neither sub nor sid");
    turn_down(rs256(logout_claims().with("sub", "null").with("sid", "null")), "it has neither sub nor sid");
    const auto all = take(rs256(logout_claims().without("sid")));
    assert_text_equal(all.subject, "user-1");
    assert_text_equal(all.sid, "");
    const auto one = take(rs256(logout_claims().without("sub"))); // Ory Hydra
    assert_text_equal(one.subject, "");
    assert_text_equal(one.sid, "session-1");
    const std::string longest(255, 'x');
    take(rs256(logout_claims().with("sub", quote(longest)).with("sid", quote(longest))));
    for (const std::string& odd : {quote(""), std::string("1"), quote(longest + "x"), quote("a\nb"),
                                   std::string("{}"), std::string("[\"a\"]")}) {
        turn_down(rs256(logout_claims().with("sub", odd)), "sub is");
        turn_down(rs256(logout_claims().without("sid").with("sub", odd)), "sub is");
        turn_down(rs256(logout_claims().with("sid", odd)), "sid is");
        turn_down(rs256(logout_claims().without("sub").with("sid", odd)), "sid is");
    }
}

void lo_11_times(void**) {
    take(rs256(logout_claims().with("exp", at(1 - skew)).with("iat", at(-200))));
    turn_down(rs256(logout_claims().with("exp", at(-skew)).with("iat", at(-200))), "it has expired");
    turn_down(rs256(logout_claims().without("iat")), "iat is missing");
    turn_down(rs256(logout_claims().with("iat", quote(at(0)))), "iat is missing or not a number");
    turn_down(rs256(logout_claims().with("exp", quote(at(60)))), "exp is missing or not a number");
    take(rs256(logout_claims().with("iat", at(skew))));
    turn_down(rs256(logout_claims().with("iat", at(skew + 1))), "iat is in the future");
    turn_down(rs256(logout_claims().with("nbf", at(skew + 1))), "nbf is in the future");
    turn_down(rs256(logout_claims().with("iat", at(-86401)).with("exp", at(86400))), "iat is too long ago");
}

void lo_11_without_exp_it_has_to_be_of_the_last_two_minutes(void**) {
    const Object endless = logout_claims().without("exp");
    assert_int_equal(take(rs256(endless)).remember_until, now + 121);
    assert_int_equal(take(rs256(endless.with("iat", at(-120)))).remember_until, now + 1);
    assert_int_equal(take(rs256(endless.with("exp", "null"))).remember_until, now + 121);
    turn_down(rs256(endless.with("iat", at(-121))),
              "it has no exp, and its iat is more than two minutes ago");
    turn_down(rs256(endless.with("iat", at(skew + 1))), "iat is in the future");
    turn_down(rs256(endless.without("iat")), "iat is missing");
}

void it_is_remembered_as_long_as_it_would_be_taken(void**) {
    const auto until = [](const Object& claims) { return take(rs256(claims)).remember_until; };
    for (const Object& claims :
         {logout_claims(), logout_claims().without("exp"), logout_claims().with("exp", "1e300"),
          logout_claims().with("exp", at(-59))}) {
        auto later = expected_of_logout();
        later.now = until(claims) - 1;
        take(rs256(claims), later);
        later.now = until(claims);
        turn_down(rs256(claims), "", later);
    }
}

void lo_12_the_id_of_the_token(void**) {
    turn_down(rs256(logout_claims().without("jti")), "jti is missing");
    for (const std::string& odd : {quote(""), std::string("1"), quote(std::string(1025, 'j'))}) {
        turn_down(rs256(logout_claims().with("jti", odd)), "jti is missing, empty, too long");
    }
    take(rs256(logout_claims().with("jti", quote(std::string(1024, 'j')))));
}

void lo_14_neither_passes_for_the_other(void**) {
    turn_down(rs256(claims().with("jti", "\"jti-1\"")), "events is missing"); // an ID token
    auto without_nonce = expectation();
    without_nonce.nonce.clear();
    refuse(rs256(logout_claims()), "it is a logout token", without_nonce);
    refuse(with_type("logout+jwt"), "its typ is another token's", without_nonce);
    refuse(rs256(logout_claims().with("nonce", "\"nonce-1\"")), "it is a logout token");
    // Other events are none of an ID token's business.
    accept(rs256(claims().with("events", R"({"https://example.org/other":{}})")));
}

void lo_16_the_type(void**) {
    for (const char* typ : {"logout+jwt", "LOGOUT+JWT", "application/logout+jwt", "JWT", "jwt"}) {
        take(with_type(typ));
    }
    take(rs256(logout_claims())); // none
    for (const char* typ : {"at+jwt", "secevent+jwt", "id_token", "logout", "dpop+jwt"}) {
        turn_down(with_type(typ), "its typ is another token's");
    }
}

void what_is_no_object_of_claims(void**) {
    for (const char* payload : {"", "[]", "null", "{", "{\"iss\":1,\"iss\":2}"}) {
        turn_down(tokens::sign(provider().rsa, "RS256", payload), "its claims are not a strict JSON object");
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(conf_052_a_right_token_is_taken),
        cmocka_unit_test(conf_053_none_is_no_signature),
        cmocka_unit_test(conf_054_another_algorithm_than_expected),
        cmocka_unit_test(conf_054_a_foreign_key),
        cmocka_unit_test(conf_055_lo_18_issuer_and_audience),
        cmocka_unit_test(conf_056_lo_15_events),
        cmocka_unit_test(conf_057_a_nonce),
        cmocka_unit_test(lo_10_somebody_or_something_has_to_end),
        cmocka_unit_test(lo_11_times),
        cmocka_unit_test(lo_11_without_exp_it_has_to_be_of_the_last_two_minutes),
        cmocka_unit_test(it_is_remembered_as_long_as_it_would_be_taken),
        cmocka_unit_test(lo_12_the_id_of_the_token),
        cmocka_unit_test(lo_14_neither_passes_for_the_other),
        cmocka_unit_test(lo_16_the_type),
        cmocka_unit_test(what_is_no_object_of_claims),
    };
    return cmocka_run_group_tests_name("logout_token", tests, nullptr, nullptr);
}
