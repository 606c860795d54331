// SPDX-License-Identifier: MIT
// Signed access tokens, as far as they are pure: BR-02, BR-08..13, MCP-13..15. Each is refused for its own
// reason. Those that a server is asked about are in test_introspection.cpp.
#include "../../src/oidc/access_token.hpp"
#include "id_token_case.hpp"

#include <string>
#include <vector>

namespace {

using namespace oauth;
using namespace oauth::unit;
using Type = oidc::AccessTokenExpectation::Type;

const std::string resource = "https://app.example/mcp";

Object access_claims() {
    return {{"iss", "\"https://op.example/\""},
            {"aud", quote(resource)},
            {"sub", "\"user-1\""},
            {"client_id", "\"program\""},
            {"exp", at(300)},
            {"iat", at(0)},
            {"jti", "\"jti-1\""},
            {"scope", "\"read\""}};
}

oidc::AccessTokenExpectation expected_access(Type type = Type::at_jwt) {
    oidc::AccessTokenExpectation expected;
    static_cast<oidc::TokenExpectation&>(expected) = expectation();
    expected.audiences = {resource};
    expected.type = type;
    return expected;
}

Object header_with(const std::string& typ) {
    const Object header = {{"alg", "\"RS256\""}, {"kid", "\"rsa-1\""}};
    return typ.empty() ? header : header.with("typ", quote(typ));
}

std::string signed_as(const std::string& typ, const Object& claims) {
    return tokens::sign(provider().rsa, "RS256", header_with(typ).text(), claims.text());
}

std::string at_jwt(const Object& claims) {
    return signed_as("at+jwt", claims);
}

core::Result<oidc::AccessToken> check(const std::string& text, const oidc::AccessTokenExpectation& expected) {
    return validate(oidc::validate_access_token, text, expected);
}

oidc::AccessToken take(const std::string& text,
                       const oidc::AccessTokenExpectation& expected = expected_access()) {
    return expect_accepted(check(text, expected));
}

void turn_down(const std::string& text, std::string_view part,
               const oidc::AccessTokenExpectation& expected = expected_access()) {
    expect_refused(check(text, expected), part);
}

void a_right_token_is_taken(void**) {
    const auto token = take(at_jwt(access_claims().with("scope", "\"read write\"")));
    assert_text_equal(token.subject, "user-1");
    assert_int_equal(token.issued_at, now);
    assert_int_equal(token.expires_at, now + 300);
    assert_true(token.scopes == std::vector<std::string>({"read", "write"}));
    assert_text_equal(token.claims.root().get("jti").as_string().value_or(""), "jti-1");
}

void br_02_the_signature(void**) {
    const std::string right = at_jwt(access_claims());
    const auto other = tokens::Key::rsa("rsa-1"); // under the provider's kid
    turn_down(tokens::sign(other, "RS256", header_with("at+jwt").text(), access_claims().text()),
              "no key of the provider verifies");
    const std::string changed =
        tokens::compact_input(header_with("at+jwt").text(), access_claims().with("sub", "\"root\"").text());
    turn_down(changed + right.substr(right.rfind('.')), "no key of the provider verifies");
    turn_down(tokens::unsigned_token(R"({"alg":"none","typ":"at+jwt"})", access_claims().text()) + "AAAA",
              "its algorithm is not allowed");
    const Object by_ec = {{"alg", "\"ES256\""}, {"kid", "\"p256-1\""}, {"typ", "\"at+jwt\""}};
    turn_down(tokens::sign(provider().p256, "ES256", by_ec.text(), access_claims().text()),
              "its algorithm is not allowed: found \"ES256\"");
}

void br_02_the_secret_of_the_client_signs_none(void**) {
    auto expected = expected_access(Type::any);
    expected.client_secret = client_secret;
    expected.algorithms = oidc::access_token_algorithms({"HS256", "RS256"});
    turn_down(tokens::sign_hmac("HS256", client_secret, access_claims().text()),
              "its algorithm is not allowed", expected);
    turn_down(tokens::sign_hmac("HS256", provider().rsa.public_pem(), access_claims().text()),
              "its algorithm is not allowed", expected);
}

void which_algorithms_there_are(void**) {
    const auto all = oidc::access_token_algorithms({});
    assert_int_equal(all.size(), 10);
    for (const std::string& alg : all) {
        assert_true(jose::is_asymmetric_algorithm(alg));
    }
    using List = std::vector<std::string>;
    assert_true(oidc::access_token_algorithms({"HS256", "ES256", "none"}) == List({"ES256"}));
    assert_true(oidc::access_token_algorithms({"HS256"}).empty()); // not all of them
}

void br_08_the_type(void**) {
    for (const char* typ : {"at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"}) {
        take(signed_as(typ, access_claims()));
        take(signed_as(typ, access_claims()), expected_access(Type::any));
    }
    turn_down(signed_as("", access_claims()), "its typ is not at+jwt (RFC 9068): found none, which");
    for (const char* typ : {"JWT", "jwt", "application/jwt"}) {
        turn_down(signed_as(typ, access_claims()), "found \"jwt\", which \"oauth_bearer_type any\" takes");
        take(signed_as(typ, access_claims()), expected_access(Type::any));
    }
    take(signed_as("", access_claims()), expected_access(Type::any));
}

void br_12_a_type_of_something_else(void**) {
    for (const char* typ : {"id_token", "logout+jwt", "dpop+jwt", "secevent+jwt", "client-authentication+jwt",
                            "token-introspection+jwt", "oauth-authz-req+jwt", "at"}) {
        for (const Type type : {Type::at_jwt, Type::any}) {
            turn_down(signed_as(typ, access_claims()), "its typ is not at+jwt", expected_access(type));
        }
        const auto told = check(signed_as(typ, access_claims()), expected_access());
        assert_true(told.error().detail.find("oauth_bearer_type") == std::string::npos); // it would not help
    }
}

void br_12_mcp_14_tokens_of_another_kind(void**) {
    const auto any = expected_access(Type::any);
    const Object logout =
        access_claims().with("events", R"({"http://schemas.openid.net/event/backchannel-logout":{}})");
    turn_down(signed_as("JWT", logout), "it is a logout token", any);
    turn_down(at_jwt(logout), "it is a logout token");
    for (const char* use : {"\"id\"", "\"refresh\"", "\"\"", "\"Access\"", "1", "[\"access\"]"}) {
        turn_down(signed_as("", access_claims().with("token_use", use)), "its token_use is not access", any);
        turn_down(at_jwt(access_claims().with("token_use", use)), "its token_use is not access");
    }
    take(signed_as("", access_claims().with("token_use", "\"access\"")), any);
    for (const char* kind : {"\"ID\"", "\"Refresh\"", "\"Offline\"", "\"Logout\"", "\"\"", "1"}) {
        turn_down(signed_as("JWT", access_claims().with("typ", kind)), "its typ claim is not Bearer", any);
    }
    take(signed_as("JWT", access_claims().with("typ", "\"Bearer\"")), any);
    take(signed_as("JWT", access_claims().with("typ", "\"bearer\"")), any);
    for (const char* name : {"nonce", "at_hash", "c_hash"}) {
        turn_down(signed_as("JWT", access_claims().with(name, "\"x\"")),
                  std::string("it is an ID token: it has ") + name, any);
        take(at_jwt(access_claims().with(name, "\"x\"")), any); // its typ says what it is
    }
}

void mcp_14_a_client_as_audience_needs_a_scope(void**) {
    auto expected = expected_access(Type::any);
    expected.audiences = {"client", "project", "api://app"};
    const Object bare = access_claims().without("scope");
    for (const char* audience : {"\"client\"", "\"project\"", "[\"project\"]", "[\"x\",\"client\"]"}) {
        const Object claims = bare.with("aud", audience);
        turn_down(signed_as("JWT", claims), "it has neither scope nor scp", expected);
        take(at_jwt(claims), expected);
        take(signed_as("JWT", claims.with("scope", "\"\"")), expected);
        take(signed_as("JWT", claims.with("scp", "[]")), expected);
    }
    take(signed_as("JWT", bare.with("aud", "\"api://app\"")), expected);
    expected.audiences = {"urn:client"}; // an id with a colon is still the client's
    expected.client_id = "urn:client";
    turn_down(signed_as("JWT", bare.with("aud", "\"urn:client\"")), "neither scope nor scp", expected);
    expected.audiences = {"client"}; // Cognito has no aud
    turn_down(signed_as("", bare.without("aud").with("client_id", "\"client\"")), "neither scope nor scp",
              expected);
}

void br_09_the_issuer(void**) {
    turn_down(at_jwt(access_claims().with("iss", "\"https://op.example\"")), "iss is not the provider's");
    turn_down(at_jwt(access_claims().with("iss", "\"https://other.example/\"")), "iss is not");
    turn_down(at_jwt(access_claims().without("iss")), "iss is missing");
    turn_down(at_jwt(access_claims().with("iss", "[\"https://op.example/\"]")), "iss is missing");
}

void br_10_mcp_13_the_audience(void**) {
    for (const char* other :
         {"\"https://app.example/mcp/\"", "\"https://app.example\"", "\"https://APP.example/mcp\"",
          "\"client\"", "[]", "[\"https://app.example/mcp1\"]", "[[\"https://app.example/mcp\"]]", "[1]",
          "\"\"", "1", "{\"a\":\"https://app.example/mcp\"}"}) {
        turn_down(at_jwt(access_claims().with("aud", other)), "aud is not this resource");
    }
    turn_down(at_jwt(access_claims().without("aud")), "aud is missing: expected \"https://app.example/mcp\"");
    turn_down(at_jwt(access_claims().with("aud", "null")), "aud is missing");
    for (const char* ours : {"[\"https://app.example/mcp\"]", "[\"x\",\"https://app.example/mcp\",1]"}) {
        take(at_jwt(access_claims().with("aud", ours)));
    }
    auto two = expected_access();
    two.audiences = {"api://one", "api://two"};
    turn_down(at_jwt(access_claims()), "expected \"api://one\", \"api://two\"", two);
    take(at_jwt(access_claims().with("aud", "\"api://two\"")), two);
    auto none = expected_access(); // what names no resource names not ours
    none.audiences = {};
    turn_down(at_jwt(access_claims()), "aud is not", none);
    none.audiences = {""};
    turn_down(at_jwt(access_claims().with("aud", "\"\"")), "aud is not", none);
}

void br_10_the_client_stands_for_an_audience_that_is_not_there(void**) {
    auto expected = expected_access();
    expected.audiences = {"program"};
    take(at_jwt(access_claims().without("aud")), expected);
    turn_down(at_jwt(access_claims()), "aud is not this resource", expected); // but for none that is
    turn_down(at_jwt(access_claims().without("aud").without("client_id")), "aud is missing", expected);
    expected.type = Type::any; // one with a colon is no client here, so that it needs no scope
    expected.audiences = {"urn:api"};
    const Object bare = access_claims().without("aud").without("scope");
    take(signed_as("", bare.with("client_id", "\"urn:api\"")), expected);
}

void br_10_the_log_shows_eight_audiences(void**) {
    std::string list = "[";
    for (int i = 0; i < 9; ++i) {
        list += (i == 0 ? "\"a" : ",\"a") + std::to_string(i) + "\"";
    }
    const auto told = check(at_jwt(access_claims().with("aud", list + "]")), expected_access());
    assert_true(told.error().detail.find("\"a7\"") != std::string::npos);
    assert_true(told.error().detail.find("\"a8\"") == std::string::npos);
    turn_down(at_jwt(access_claims().with("aud", "[1]")), "found \"(no text)\"");
    turn_down(at_jwt(access_claims().with("aud", quote("a\nb"))), "found \"a?b\"");
    turn_down(signed_as("x\ny", access_claims()), "found \"x?y\"");
}

void br_11_times_to_the_second(void**) {
    turn_down(at_jwt(access_claims().with("exp", at(-skew))), "it has expired");
    take(at_jwt(access_claims().with("exp", at(1 - skew))));
    turn_down(at_jwt(access_claims().without("exp")), "exp is missing");
    turn_down(at_jwt(access_claims().with("exp", quote(at(60)))), "exp is missing or not a number");
    turn_down(at_jwt(access_claims().with("iat", at(skew + 1))), "iat is in the future");
    take(at_jwt(access_claims().with("iat", at(skew))));
    turn_down(at_jwt(access_claims().without("iat")), "iat is missing");
    take(at_jwt(access_claims().with("iat", at(-400LL * 86400)))); // as long as its exp says
    turn_down(at_jwt(access_claims().with("nbf", at(skew + 1))), "nbf is in the future");
    take(at_jwt(access_claims().with("nbf", at(skew))));
    auto strict = expected_access();
    strict.clock_skew = 0;
    turn_down(at_jwt(access_claims().with("exp", at(0))), "it has expired", strict);
    take(at_jwt(access_claims().with("exp", at(1))), strict);
    assert_int_equal(take(at_jwt(access_claims().with("iat", "-5"))).issued_at, 0);
}

void who_it_is_of(void**) {
    turn_down(at_jwt(access_claims().without("sub")), "sub is missing");
    turn_down(at_jwt(access_claims().with("sub", "\"\"")), "sub is missing, empty");
    turn_down(at_jwt(access_claims().with("sub", "1")), "sub is missing, empty or not a string");
    const std::string longest(255, 's');
    assert_text_equal(take(at_jwt(access_claims().with("sub", quote(longest)))).subject, longest);
    turn_down(at_jwt(access_claims().with("sub", quote(longest + "s"))), "sub is too long");
    turn_down(at_jwt(access_claims().with("sub", quote("a\nb"))), "control characters");
}

void what_else_it_tells(void**) {
    const auto token = take(at_jwt(access_claims().with("auth_time", at(-9)).with("sid", "\"s-1\"")));
    assert_int_equal(token.auth_time, now - 9);
    assert_text_equal(token.sid, "s-1");
    assert_int_equal(take(at_jwt(access_claims().with("auth_time", "-5"))).auth_time, 0);
    const std::string too_long = quote(std::string(256, 's'));
    for (const std::string& sid : {too_long, quote("a\nb"), std::string("\"\""), std::string("1")}) {
        assert_text_equal(take(at_jwt(access_claims().with("sid", sid))).sid, "");
    }
}

void br_13_bound_to_a_key(void**) {
    for (const char* cnf : {R"({"jkt":"x"})", R"({"x5t#S256":"x"})", "{}", "\"\"", "false"}) {
        turn_down(at_jwt(access_claims().with("cnf", cnf)), "it is bound to a key (cnf)");
    }
    take(at_jwt(access_claims().with("cnf", "null")));
}

void what_is_no_object_of_claims(void**) {
    for (const char* payload : {"", "[]", "null", "\"x\"", "{", "{\"iss\":1,\"iss\":2}"}) {
        turn_down(tokens::sign(provider().rsa, "RS256", header_with("at+jwt").text(), payload),
                  "its claims are not a strict JSON object");
    }
}

// Nothing of a token is read that its provider has not signed, and nothing of one that is of another type.
void in_this_order(void**) {
    const auto other = tokens::Key::rsa("rsa-1");
    turn_down(tokens::sign(other, "RS256", header_with("JWT").text(), "{}"), "no key of the provider");
    turn_down(tokens::sign(provider().rsa, "RS256", header_with("JWT").text(), "x"), "its typ is not");
    const Object all_wrong = {{"token_use", "\"id\""}, {"cnf", "{}"}, {"nbf", "\"x\""}};
    const std::vector<std::pair<const char*, Object>> steps = {
        {"its token_use is not", all_wrong},
        {"iss is missing", all_wrong.without("token_use")},
        {"aud is missing", all_wrong.without("token_use").with("iss", "\"https://op.example/\"")}};
    for (const auto& [part, claims] : steps) {
        turn_down(at_jwt(claims), part);
    }
    Object claims = steps.back().second.with("aud", quote(resource));
    turn_down(at_jwt(claims), "exp is missing");
    claims = claims.with("exp", at(1));
    turn_down(at_jwt(claims), "iat is missing");
    claims = claims.with("iat", at(0));
    turn_down(at_jwt(claims), "nbf is not a number");
    claims = claims.without("nbf");
    turn_down(at_jwt(claims), "sub is missing");
    turn_down(at_jwt(claims.with("sub", "\"u\"")), "it is bound to a key");
}

void mcp_15_scopes(void**) {
    using List = std::vector<std::string>;
    const auto read = [](const std::string& json) {
        return oidc::scopes_of(core::Json::parse(json)->root());
    };
    assert_true(read("{}").empty());
    assert_true(read(R"({"scope":"  a  b a "})") == List({"a", "b"}));
    assert_true(read(R"({"scope":["a","b c",1,null,""]})") == List({"a", "b", "c"}));
    assert_true(read(R"({"scp":"a b"})") == List({"a", "b"}));
    assert_true(read(R"({"scp":["b","c"],"scope":"a b"})") == List({"a", "b", "c"}));
    assert_true(read(R"({"scope":1,"scp":{"a":"b"}})").empty());
    std::string many;
    for (int i = 0; i < 1025; ++i) {
        many += "s" + std::to_string(i) + " ";
    }
    const auto cut = read("{\"scope\":" + quote(many) + "}");
    assert_int_equal(cut.size(), 1024);
    assert_text_equal(cut.back(), "s1023");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_right_token_is_taken),
        cmocka_unit_test(br_02_the_signature),
        cmocka_unit_test(br_02_the_secret_of_the_client_signs_none),
        cmocka_unit_test(which_algorithms_there_are),
        cmocka_unit_test(br_08_the_type),
        cmocka_unit_test(br_12_a_type_of_something_else),
        cmocka_unit_test(br_12_mcp_14_tokens_of_another_kind),
        cmocka_unit_test(mcp_14_a_client_as_audience_needs_a_scope),
        cmocka_unit_test(br_09_the_issuer),
        cmocka_unit_test(br_10_mcp_13_the_audience),
        cmocka_unit_test(br_10_the_client_stands_for_an_audience_that_is_not_there),
        cmocka_unit_test(br_10_the_log_shows_eight_audiences),
        cmocka_unit_test(br_11_times_to_the_second),
        cmocka_unit_test(who_it_is_of),
        cmocka_unit_test(what_else_it_tells),
        cmocka_unit_test(br_13_bound_to_a_key),
        cmocka_unit_test(what_is_no_object_of_claims),
        cmocka_unit_test(in_this_order),
        cmocka_unit_test(mcp_15_scopes),
    };
    return cmocka_run_group_tests_name("access_token", tests, nullptr, nullptr);
}
