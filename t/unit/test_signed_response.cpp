// SPDX-License-Identifier: MIT
// Signed answers to authorization requests (JARM): what is one, and what is verified of it (PD-08, CONF-083).
#include "../../src/oidc/signed_response.hpp"
#include "../../src/oidc/authorization.hpp"

#include <string>

#include "id_token_case.hpp"

namespace {

using namespace oauth;
using unit::now;
using unit::Object;
using unit::skew;

const std::string issuer = "\"https://op.example/\"";

Object answer() {
    return {{"iss", issuer},
            {"aud", "\"client\""},
            {"exp", std::to_string(now + 300)},
            {"code", "\"code-1\""},
            {"state", "\"state-1\""}};
}

oidc::TokenExpectation expectation() {
    oidc::TokenExpectation expected = unit::expectation();
    expected.client_secret = unit::client_secret;
    return expected;
}

core::Result<core::Parameters> process(const std::string& token,
                                       const oidc::TokenExpectation& expected = expectation()) {
    const auto jws = jose::parse_compact(token);
    return jws ? oidc::process_signed_response(jws.value(), unit::provider().keys(), expected)
               : core::Result<core::Parameters>(jws.error());
}

void accept(const Object& claims) {
    const auto parameters = process(unit::rs256(claims));
    if (!parameters.ok()) {
        print_error("refused: %s\n", parameters.error().detail.c_str());
        fail();
    }
    assert_text_equal(parameters->find("code").value_or(""), "code-1");
}

// The detail must contain `part`, so that it is refused for the tested reason and no other.
void refuse(const std::string& token, std::string_view part,
            const oidc::TokenExpectation& expected = expectation()) {
    const auto parameters = process(token, expected);
    if (parameters.ok()) {
        print_error("accepted; to be refused: %.*s\n", static_cast<int>(part.size()), part.data());
        fail();
    }
    assert_text_equal(core::code_name(parameters.error().code), "token_invalid");
    if (parameters.error().detail.find(part) == std::string::npos) {
        print_error("detail: %s\n", parameters.error().detail.c_str());
        fail();
    }
}

void refuse(const Object& claims, std::string_view part) {
    refuse(unit::rs256(claims), part);
}

core::Result<std::optional<oidc::SignedResponse>> find(const std::string& query) {
    const auto parameters = core::Parameters::parse(query);
    assert_true(parameters.has_value());
    return oidc::find_signed_response(*parameters);
}

void refuse_to_read(const std::string& query, std::string_view part) {
    const auto found = find(query);
    assert_false(found.ok());
    assert_text_equal(core::code_name(found.error().code), "request_invalid");
    if (found.error().detail.find(part) == std::string::npos) {
        print_error("%s\ndetail: %s\n", query.c_str(), found.error().detail.c_str());
        fail();
    }
}

void pd_08_an_answer_stands_for_its_parameters(void**) {
    const auto parameters = process(unit::rs256(answer().with("session_state", "\"x\"").with("x", "[1]")));
    assert_true(parameters.ok());
    assert_text_equal(parameters->find("code").value_or(""), "code-1");
    assert_text_equal(parameters->find("state").value_or(""), "state-1");
    assert_text_equal(parameters->find("iss").value_or(""), "https://op.example/");
    for (const char* other : {"aud", "exp", "session_state", "x"}) {
        assert_false(parameters->has(other));
    }
    const auto refusal = process(unit::rs256(
        answer().without("code").with("error", "\"access_denied\"").with("error_description", "\"a&b=c\"")));
    assert_text_equal(refusal->find("error").value_or(""), "access_denied");
    assert_text_equal(refusal->find("error_description").value_or(""), "a&b=c");
    // What is in a text stays in it.
    const auto odd = process(unit::rs256(answer().with("code", "\"a&state=b+c%20\"")));
    assert_text_equal(odd->find("code").value_or(""), "a&state=b+c%20");
    assert_int_equal(odd->count("state"), 1);
}

void conf_083_pd_08_whose_it_is_and_for_whom(void**) {
    for (const char* other : {"null", "\"https://op.example\"", "\"https://op.example/1\"", "7", "\"\""}) {
        refuse(answer().with("iss", other), "iss ");
    }
    accept(answer().with("aud", "[\"client\"]"));
    for (const char* other :
         {"null", "\"client1\"", "\"Client\"", "[]", "[\"client\",\"other\"]", "{}", "[\"client\",null]"}) {
        refuse(answer().with("aud", other), "aud ");
    }
}

void conf_083_pd_08_its_times(void**) {
    accept(answer().with("exp", std::to_string(now - skew + 1)).with("iat", std::to_string(now)));
    refuse(answer().with("exp", std::to_string(now - skew)), "it has expired");
    refuse(answer().with("exp", "null"), "exp is missing");
    refuse(answer().without("exp"), "exp is missing");
    refuse(answer().with("exp", "\"" + std::to_string(now + 60) + "\""), "exp is missing");
    accept(answer().with("iat", "null"));
    refuse(answer().with("iat", "\"soon\""), "iat ");
    refuse(answer().with("iat", std::to_string(now + skew + 1)), "iat is in the future");
    refuse(answer().with("iat", std::to_string(now - 86401)), "iat is too long ago");
    accept(answer().with("nbf", std::to_string(now + skew)));
    refuse(answer().with("nbf", std::to_string(now + skew + 1)), "nbf is in the future");
}

void conf_083_pd_08_its_signature(void**) {
    const std::string token = unit::rs256(answer());
    refuse(token.substr(0, token.rfind('.') + 1) + "AAAA", "no key of the provider verifies");
    refuse(tokens::sign(unit::Key::rsa("rsa-1"), "RS256", answer().text()),
           "no key of the provider verifies");
    refuse(tokens::sign(unit::provider().p256, "ES256", answer().text()), "its algorithm is not allowed");
    const std::string header = R"({"alg":"none"})";
    refuse(tokens::unsigned_token(header, answer().text()), "no signature");
    refuse(tokens::unsigned_token(header, answer().text()) + "AAAA", "its algorithm is not allowed");
    for (const std::string& secret : {std::string(unit::client_secret), unit::provider().rsa.public_pem(),
                                      unit::provider().rsa.public_der()}) {
        refuse(tokens::sign_hmac("HS256", secret, answer().text()), "its algorithm is not allowed");
    }
}

void pd_08_no_token_of_another_kind(void**) {
    for (const char* typ : {"at+jwt", "logout+jwt", "dpop+jwt"}) {
        const std::string header = "{\"alg\":\"RS256\",\"typ\":\"" + std::string(typ) + "\"}";
        refuse(tokens::sign(unit::provider().rsa, "RS256", header, answer().text()), "its typ");
    }
    for (const char* typ : {"JWT", "application/jwt"}) {
        const std::string header = "{\"alg\":\"RS256\",\"typ\":\"" + std::string(typ) + "\"}";
        assert_true(process(tokens::sign(unit::provider().rsa, "RS256", header, answer().text())).ok());
    }
    for (const char* payload : {"[]", "x", "7", R"({"state":"a","state":"a"})"}) {
        refuse(tokens::sign(unit::provider().rsa, "RS256", payload), "not a strict JSON object");
    }
}

void pd_08_parameters_are_texts(void**) {
    for (const char* value : {"1", "true", "[\"x\"]", "{}"}) {
        for (const char* name : {"code", "state", "error", "error_description", "id_token", "access_token"}) {
            refuse(answer().with(name, value), "a claim that is a parameter is no text");
        }
    }
}

void pd_08_the_algorithms(void**) {
    using List = std::vector<std::string>;
    const List id_tokens = {"RS256", "HS256"};
    assert_true(oidc::response_algorithms({}, {}, id_tokens) == List{"RS256"});
    assert_true(oidc::response_algorithms({}, {"none", "ES256", "HS256"}, id_tokens) == List{"ES256"});
    assert_true(oidc::response_algorithms({"PS256", "HS256"}, {"ES256"}, id_tokens) == List{"PS256"});
    assert_true(oidc::response_algorithms({"HS256"}, {}, {}).empty());
    assert_true(oidc::response_algorithms({}, {"none"}, id_tokens).empty());
    assert_true(oidc::response_algorithms({}, {}, {}) == List{"RS256"});
}

void pd_08_an_answer_that_is_plain(void**) {
    for (const char* query : {"", "code=c&state=s", "Response=x", "response%5B%5D=x", "error=response"}) {
        const auto found = find(query);
        assert_true(found.ok());
        assert_false(found->has_value());
    }
}

void pd_08_what_is_read_before_it_is_verified(void**) {
    const std::string token = unit::rs256(answer().with("x", "1"));
    for (const std::string& query : {"response=" + token, "hd=x&response=" + token + "&session_state=y"}) {
        const auto found = find(query);
        assert_true(found.ok() && found->has_value());
        assert_text_equal(found.value()->jwt, token);
        assert_text_equal(found.value()->claims.find("state").value_or(""), "state-1");
    }
}

void pd_08_nothing_of_the_protocol_is_beside_it(void**) {
    const std::string one = "response=" + unit::rs256(answer());
    refuse_to_read(one + "&" + one, "the response parameter is repeated");
    refuse_to_read(one + "&response=", "the response parameter is repeated");
    for (const std::string_view name : oidc::response_parameters) {
        const std::string beside = "the " + std::string(name) + " parameter is beside it";
        refuse_to_read(one + "&" + std::string(name) + "=x", beside);
        refuse_to_read(std::string(name) + "=&" + one, beside);
    }
}

void pd_08_what_is_no_signed_answer(void**) {
    refuse_to_read("response=", "three segments");
    refuse_to_read("response=x", "three segments");
    refuse_to_read("response=a.b", "three segments");
    refuse_to_read("response=e30.e30.", "no signature");
    refuse_to_read("response=" + std::string(70000, 'a'), "too long");
    const std::string encrypted =
        core::base64url_encode(R"({"alg":"RSA-OAEP","enc":"A256GCM"})") + ".AAAA.AAAA.AAAA.AAAA";
    refuse_to_read("response=" + encrypted, "it is encrypted, which is not supported");
    refuse_to_read("response=a.b.c.d.e", "it is encrypted");
    const unit::Key& key = unit::provider().rsa;
    for (const char* payload : {"[]", "x", R"({"state":1})", R"({"state":"a","state":"b"})"}) {
        refuse_to_read("response=" + tokens::sign(key, "RS256", payload),
                       "not a strict JSON object of texts");
    }
    const std::string header = R"({"alg":"RS256","crit":["x"],"x":1})";
    refuse_to_read("response=" + tokens::sign(key, "RS256", header, answer().text()), "an extension");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(pd_08_an_answer_stands_for_its_parameters),
        cmocka_unit_test(conf_083_pd_08_whose_it_is_and_for_whom),
        cmocka_unit_test(conf_083_pd_08_its_times),
        cmocka_unit_test(conf_083_pd_08_its_signature),
        cmocka_unit_test(pd_08_no_token_of_another_kind),
        cmocka_unit_test(pd_08_parameters_are_texts),
        cmocka_unit_test(pd_08_the_algorithms),
        cmocka_unit_test(pd_08_an_answer_that_is_plain),
        cmocka_unit_test(pd_08_what_is_read_before_it_is_verified),
        cmocka_unit_test(pd_08_nothing_of_the_protocol_is_beside_it),
        cmocka_unit_test(pd_08_what_is_no_signed_answer),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
