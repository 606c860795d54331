// SPDX-License-Identifier: MIT
// The claims of an ID token: IDT-01..10, IDT-16, IDT-18, IDT-20, IDT-22, IDT-24..26, JO-10, CONF-011..017,
// CONF-031, CONF-032, CONF-045.
#include "id_token_case.hpp"

#include <string>
#include <vector>

namespace {

using namespace oauth;
using namespace oauth::unit;

void a_right_token_is_accepted(void**) {
    const auto token = accept(rs256(claims().with("auth_time", at(-5)).with("email", "\"a@b.example\"")));
    assert_text_equal(token.subject, "user-1");
    assert_int_equal(token.issued_at, now);
    assert_int_equal(token.expires_at, now + 300);
    assert_true(token.auth_time == now - 5);
    assert_text_equal(*token.claims.root().get("email").as_string(), "a@b.example");
    assert_false(accept(rs256(claims())).auth_time.has_value());
}

void idt_01_conf_011_the_issuer_is_compared_byte_for_byte(void**) {
    for (const char* other :
         {"https://op.example/1", "https://op.example", "https://op.example//", "https://OP.example/",
          "https://op.example:443/", "http://op.example/", "https://\xd0\xbep.example/", ""}) {
        refuse(rs256(claims().with("iss", quote(other))), "iss is not");
    }
    refuse(rs256(claims().without("iss")), "iss is missing");
    for (const char* other : {"null", "1", "[\"https://op.example/\"]"}) {
        refuse(rs256(claims().with("iss", other)), "iss is missing");
    }
    auto none = expectation();
    none.issuers.clear();
    refuse(rs256(claims()), "iss is not", none);
}

void any_of_several_issuers(void**) { // Google writes its name with and without the scheme
    auto expected = expectation();
    expected.issuers = {"https://accounts.example", "accounts.example"};
    accept(rs256(claims().with("iss", "\"accounts.example\"")), expected);
    accept(rs256(claims().with("iss", "\"https://accounts.example\"")), expected);
    refuse(rs256(claims()), "iss is not", expected);
}

void a_tenant_in_the_issuer(void**) {
    auto expected = expectation();
    expected.issuers = {"https://login.example/{tenantid}/v2.0"};
    const std::string tenant = "aaaaaaaa-bbbb-cccc-dddd-0123456789ef";
    const auto with = [](const std::string& issuer_tenant, const std::string& tid) {
        return claims()
            .with("iss", quote("https://login.example/" + issuer_tenant + "/v2.0"))
            .with("tid", quote(tid));
    };
    accept(rs256(with(tenant, tenant)), expected);
    refuse(rs256(with("bbbbbbbb-bbbb-cccc-dddd-0123456789ef", tenant)), "iss is not", expected);
    refuse(rs256(with(tenant, tenant).without("tid")), "iss is not", expected);
    refuse(rs256(with(tenant, tenant).with("tid", "1")), "iss is not", expected);
    refuse(rs256(with("{tenantid}", "{tenantid}")), "iss is not", expected);
    for (const std::string& odd :
         {std::string("AAAAAAAA-bbbb-cccc-dddd-0123456789ef"), tenant + "0", tenant.substr(1),
          std::string("../../../../../../evil.example/aaaaa"), std::string()}) {
        refuse(rs256(with(odd, odd)), "iss is not", expected);
    }
}

void idt_02_the_audience_is_us(void**) {
    for (const char* audience : {"\"client\"", "[\"client\"]", "[\"client\",\"client\"]"}) {
        accept(rs256(claims().with("aud", audience)));
    }
}

void idt_03_idt_25_conf_013_every_other_audience_is_refused(void**) {
    for (const char* audience : {"[\"client\",\"other\"]", "[\"other\",\"client\"]", "[\"other\"]"}) {
        refuse(rs256(claims().with("aud", audience)), "aud is not");
        refuse(rs256(claims().with("aud", audience).with("azp", "\"client\"")), "aud is not");
    }
    for (const char* audience : {"client1", "clien", "CLIENT", "", "client other"}) {
        refuse(rs256(claims().with("aud", quote(audience))), "aud is not");
    }
}

void idt_02_audiences_that_the_operator_trusts(void**) {
    auto expected = expectation();
    expected.trusted_audiences = {"project-1", "https://identity.example/"};
    for (const char* audience : {"\"client\"", "[\"client\",\"project-1\"]",
                                 "[\"https://identity.example/\",\"client\",\"project-1\",\"project-1\"]"}) {
        accept(rs256(claims().with("aud", audience)), expected);
        accept(rs256(claims().with("aud", audience).with("azp", "\"client\"")), expected);
        for (const char* party : {"\"project-1\"", "\"other\"", "\"\""}) { // CONF-075, IDT-05
            refuse(rs256(claims().with("aud", audience).with("azp", party)), "azp is not", expected);
        }
    }
    // The client itself is always among them, and nobody else.
    for (const char* audience : {"\"project-1\"", "[\"project-1\"]", "[\"client\",\"project-1\",\"other\"]",
                                 "[\"client\",\"Project-1\"]", "[\"client\",\"project-1\",null]"}) {
        refuse(rs256(claims().with("aud", audience)), "aud is not", expected);
    }
    refuse(rs256(claims().with("aud", "[\"client\",\"other\\n\"]")), "found \"other?\" (trusted_audiences)",
           expected);
}

void idt_04_conf_014_audiences_of_another_type(void**) {
    for (const char* audience : {"1", "{}", "{\"client\":\"client\"}", "[]", "null", "true"}) {
        refuse(rs256(claims().with("aud", audience)), "aud is missing or malformed");
    }
    for (const char* audience : {"[\"client\",null]", "[[\"client\"]]", "[1]"}) {
        refuse(rs256(claims().with("aud", audience)), "aud is not");
    }
    refuse(rs256(claims().without("aud")), "aud is missing or malformed");
}

void idt_05_the_authorized_party_is_us(void**) {
    accept(rs256(claims().with("azp", "\"client\"")));
    accept(rs256(claims().with("azp", "null"))); // absent
    for (const char* party : {"\"other\"", "\"\"", "1", "[\"client\"]"}) {
        refuse(rs256(claims().with("azp", party)), "azp is not");
    }
}

void idt_06_expiry(void**) {
    accept(rs256(claims().with("exp", at(-1))));
    accept(rs256(claims().with("exp", at(-skew + 1))));
    refuse(rs256(claims().with("exp", at(-skew))), "expired");
    refuse(rs256(claims().with("exp", at(-skew - 1))), "expired");
    accept(rs256(claims().with("exp", at(300) + ".75")));
    refuse(rs256(claims().with("exp", at(-skew) + ".75")), "expired");
    for (const char* past : {"-1", "0", "-1e300", "1e-300", "-9223372036854775809"}) {
        refuse(rs256(claims().with("exp", past)), "expired");
    }
    for (const char* huge : {"1e300", "9223372036854775807", "9223372036854775808", "18446744073709551616"}) {
        assert_int_equal(accept(rs256(claims().with("exp", huge))).expires_at, 9007199254740992);
    }
    refuse(rs256(claims().without("exp")), "exp is missing");
    for (const std::string& other :
         {quote(at(300)), std::string("null"), std::string("true"), std::string("[]")}) {
        refuse(rs256(claims().with("exp", other)), "exp is missing");
    }
    refuse(tokens::sign(provider().rsa, "RS256", claims().with("exp", "1e999").text()),
           ""); // no number that there is
}

// Which clock is off, and by how much; whose the token is, and whose it should be.
void what_was_found_is_told(void**) {
    const std::string mends =
        ". Set the clocks right, or raise oauth_clock_skew, which is " + std::to_string(skew) + " seconds";
    refuse(rs256(claims().with("exp", at(-100)).with("iat", at(-400))),
           "it has expired: by this machine's clock exp was 100 seconds ago, and iat 400" + mends);
    refuse(rs256(claims().with("exp", at(-100)).without("iat")), "exp was 100 seconds ago" + mends);
    refuse(rs256(claims().with("iat", at(3600)).with("exp", at(7200))),
           "iat is in the future: 3600 seconds ahead of this machine's clock" + mends);
    refuse(rs256(claims().with("iat", at(-86401))),
           "iat is too long ago: 86401 seconds by this machine's clock" + mends);
    refuse(rs256(claims().with("nbf", at(500))),
           "nbf is in the future: 500 seconds ahead of this machine's clock" + mends);
    refuse(rs256(claims().with("aud", quote("other\n"))),
           "aud is not this client: found \"other?\", expected \"client\" (client_id)");
    refuse(rs256(claims().with("azp", quote("other"))),
           "azp is not this client: found \"other\", expected \"client\" (client_id)");
    refuse(rs256(claims().with("iss", quote("https://other.example"))),
           "iss is not the provider's issuer: found \"https://other.example\", expected \"");
}

void without_skew_the_boundary_is_exact(void**) {
    auto expected = expectation();
    expected.clock_skew = 0;
    accept(rs256(claims().with("exp", at(1))), expected);
    refuse(rs256(claims().with("exp", at(0))), "expired", expected);
    refuse(rs256(claims().with("iat", at(1))), "iat is in the future", expected);
}

void idt_07_conf_015_the_time_of_issue(void**) {
    refuse(rs256(claims().without("iat")), "iat is missing");
    refuse(rs256(claims().with("iat", quote(at(0)))), "iat is missing");
    refuse(rs256(claims().with("iat", "null")), "iat is missing");
    accept(rs256(claims().with("iat", at(skew))));
    refuse(rs256(claims().with("iat", at(skew + 1))), "iat is in the future");
    refuse(rs256(claims().with("iat", "1e300")), "iat is in the future");
    accept(rs256(claims().with("iat", at(-86400))));
    refuse(rs256(claims().with("iat", at(-86401))), "iat is too long ago");
    refuse(rs256(claims().with("iat", at(-7 * 86400))), "iat is too long ago");
    refuse(rs256(claims().with("iat", "-1e300")), "iat is too long ago");
}

void idt_08_not_before(void**) {
    accept(rs256(claims().with("nbf", at(skew))));
    refuse(rs256(claims().with("nbf", at(skew + 1))), "nbf is in the future");
    refuse(rs256(claims().with("nbf", "1e300")), "nbf is in the future");
    refuse(rs256(claims().with("nbf", quote(at(0)))), "nbf is not a number");
    accept(rs256(claims().with("nbf", "null"))); // absent
}

void idt_09_conf_016_the_nonce(void**) {
    for (const char* other : {"nonce-11", "nonce-2", "nonce-", "NONCE-1", ""}) {
        refuse(rs256(claims().with("nonce", quote(other))), "nonce is not");
    }
    refuse(rs256(claims().without("nonce")), "nonce is missing");
    for (const char* other : {"null", "1", "[\"nonce-1\"]"}) {
        refuse(rs256(claims().with("nonce", other)), "nonce is missing");
    }
    auto unsent = expectation(); // Cognito makes up one of its own
    unsent.nonce.clear();
    accept(rs256(claims().with("nonce", "\"foreign\"")), unsent);
    accept(rs256(claims().without("nonce")), unsent);
}

void idt_10_conf_012_the_subject(void**) {
    refuse(rs256(claims().without("sub")), "sub is missing");
    for (const char* other : {"\"\"", "1", "null", "[\"user-1\"]", "{}"}) {
        refuse(rs256(claims().with("sub", other)), "sub is missing");
    }
    assert_int_equal(accept(rs256(claims().with("sub", quote(std::string(255, 's'))))).subject.size(), 255);
    for (const std::string& other : {quote(std::string(256, 's')), std::string("\"a\\nb\""),
                                     std::string("\"a\\u001bb\""), std::string("\"a\\u007f\"")}) {
        refuse(rs256(claims().with("sub", other)), "sub is too long or has control");
    }
}

void idt_16_tokens_of_another_type(void**) {
    const auto with_type = [](std::string_view type) {
        const Object header = {{"alg", "\"RS256\""}, {"kid", "\"rsa-1\""}, {"typ", quote(type)}};
        return tokens::sign(provider().rsa, "RS256", header.text(), claims().text());
    };
    for (const char* type : {"JWT", "jwt", "application/jwt"}) {
        accept(with_type(type));
    }
    for (const char* type : {"at+jwt", "logout+jwt", "dpop+jwt", "application/at+jwt", "JOSE", "jwt2"}) {
        refuse(with_type(type), "typ");
    }
}

void idt_26_an_access_token_is_no_id_token(void**) {
    accept(rs256(claims().with("token_use", "\"id\"")));
    accept(rs256(claims().with("token_use", "null"))); // absent
    for (const char* use : {"\"access\"", "\"\"", "1"}) {
        refuse(rs256(claims().with("token_use", use)), "token_use");
    }
}

void idt_18_the_time_of_authentication(void**) {
    auto expected = expectation();
    expected.max_age = 100;
    refuse(rs256(claims()), "auth_time is missing", expected);
    accept(rs256(claims().with("auth_time", at(-100 - skew))), expected);
    refuse(rs256(claims().with("auth_time", at(-100 - skew - 1))), "auth_time is too long ago", expected);
    refuse(rs256(claims().with("auth_time", "-1e300")), "auth_time is too long ago", expected);
    accept(rs256(claims().with("auth_time", at(skew))), expected);
    refuse(rs256(claims().with("auth_time", at(skew + 1))), "auth_time is in the future", expected);
    refuse(rs256(claims().with("auth_time", "1e300")), "auth_time is in the future", expected);
    accept(rs256(claims().with("auth_time", "null"))); // absent
    refuse(rs256(claims().with("auth_time", "null")), "auth_time is missing", expected);
    refuse(rs256(claims().with("auth_time", quote(at(0)))), "auth_time is not a number", expected);
    refuse(rs256(claims().with("auth_time", "0")), "auth_time is too long ago", expected);
    expected.max_age = 0;
    refuse(rs256(claims().with("auth_time", at(-skew - 1))), "auth_time is too long ago", expected);
    accept(rs256(claims().with("auth_time", "1"))); // not asked for
}

// Nothing rests on it where max_age was not sent.
void an_auth_time_that_says_nothing_is_unknown(void**) {
    for (const std::string& nothing : {quote(at(0)), std::string("\"\""), std::string("true"),
                                       std::string("[]"), std::string("0"), std::string("-5")}) {
        assert_false(accept(rs256(claims().with("auth_time", nothing))).auth_time.has_value());
    }
    assert_true(accept(rs256(claims().with("auth_time", at(-7)))).auth_time == now - 7);
}

std::string left_half(const char* hash, std::string_view value) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    std::size_t size = 0;
    tokens::require(EVP_Q_digest(nullptr, hash, nullptr, value.data(), value.size(), bytes, &size) == 1);
    return core::base64url_encode({reinterpret_cast<const char*>(bytes), size / 2});
}

void idt_20_conf_031_conf_032_hashes_follow_the_algorithm(void**) {
    // OpenID Connect Core A.3 and A.4
    assert_text_equal(left_half("SHA256", access_token), "77QmUPtjPfzWtF2AnpK9RQ");
    assert_text_equal(left_half("SHA256", code), "LDktKdoQak3Pk0cnXxCltA");
    const std::pair<const char*, const char*> families[] = {
        {"RS256", "SHA256"}, {"PS256", "SHA256"}, {"ES256", "SHA256"}, {"RS384", "SHA384"},
        {"PS384", "SHA384"}, {"ES384", "SHA384"}, {"RS512", "SHA512"}, {"PS512", "SHA512"},
        {"ES512", "SHA512"}, {"EdDSA", "SHA512"}};
    for (const auto& [alg, family] : families) {
        auto expected = expectation();
        expected.algorithms = {alg};
        const auto signed_with = [alg = alg](const Object& object) {
            return tokens::sign(provider().key_for(alg), alg, object.text());
        };
        for (const char* hash : {"SHA256", "SHA384", "SHA512"}) {
            const std::string at_hash =
                signed_with(claims().with("at_hash", quote(left_half(hash, access_token))));
            const std::string c_hash = signed_with(claims().with("c_hash", quote(left_half(hash, code))));
            if (std::string_view(hash) == family) {
                accept(at_hash, expected);
                accept(c_hash, expected);
            } else {
                refuse(at_hash, "at_hash is not", expected);
                refuse(c_hash, "c_hash is not", expected);
            }
        }
    }
}

void idt_20_conf_086_wrong_hashes(void**) {
    const std::pair<const char*, const char*> hashes[] = {
        {"at_hash", access_token}, {"c_hash", code}, {"s_hash", state}};
    for (const auto& [claim, value] : hashes) {
        const std::string right = left_half("SHA256", value);
        accept(rs256(claims().with(claim, quote(right))));
        accept(rs256(claims().with(claim, "null"))); // absent
        for (const std::string& wrong : {quote("77QmUPtjPfzWtF2AnpK9RA"), quote(right + "="), quote(""),
                                         quote(right + "A"), std::string("1")}) {
            refuse(rs256(claims().with(claim, wrong)), claim);
        }
    }
    auto nothing = expectation(); // nothing to compare with
    nothing.access_token = nothing.code = nothing.state = "";
    accept(rs256(claims().with("at_hash", "1").with("c_hash", "1").with("s_hash", "1")), nothing);
}

void the_code_hash_can_be_required(void**) { // hybrid
    auto hybrid = expectation();
    hybrid.code_hash = oidc::IdTokenExpectation::CodeHash::required;
    accept(rs256(claims().with("c_hash", quote(left_half("SHA256", code)))), hybrid);
    refuse(rs256(claims()), "c_hash", hybrid);
    refuse(rs256(claims().with("c_hash", "null")), "c_hash", hybrid);
    hybrid.code.clear();
    refuse(rs256(claims().with("c_hash", quote(left_half("SHA256", "")))), "c_hash", hybrid);
}

void idt_22_jo_10_claims_that_are_no_strict_object(void**) {
    const std::string text = claims().text();
    for (const std::string& payload :
         {text.substr(0, text.size() - 1) + ",\"sub\":\"b\"}",
          text.substr(0, text.size() - 1) + ",\"s\\u0075b\":\"b\"}", std::string("[]"), std::string("null"),
          std::string(), std::string("\"x\""), text + "x", "\xef\xbb\xbf" + text, std::string(20000, '['),
          claims().with("x", "\"\xff\"").text()}) {
        refuse(tokens::sign(provider().rsa, "RS256", payload), "strict JSON object");
    }
}

void idt_24_claims_are_bounded(void**) {
    std::string groups = "[\"g\"";
    for (int i = 0; i < 10000; ++i) {
        groups += ",\"group" + std::to_string(i) + "\"";
    }
    refuse(rs256(claims().with("groups", groups + "]")), "");
}

// Whose a token is and for whom is told, what it says of the user and what binds it is not.
void details_hold_nothing_of_the_user(void**) {
    for (const char* claim : {"iss", "aud", "azp"}) {
        refuse(rs256(claims().with(claim, "\"other\\n\"")), "found \"other?\"");
    }
    for (const char* claim : {"sub", "nonce", "exp", "iat", "at_hash", "token_use"}) {
        const auto token =
            validate(oidc::validate_id_token, rs256(claims().with(claim, "\"s3cret\\n\"")), expectation());
        assert_false(token.ok());
        assert_true(token.error().detail.find("s3cret") == std::string::npos);
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_right_token_is_accepted),
        cmocka_unit_test(idt_01_conf_011_the_issuer_is_compared_byte_for_byte),
        cmocka_unit_test(any_of_several_issuers),
        cmocka_unit_test(a_tenant_in_the_issuer),
        cmocka_unit_test(idt_02_the_audience_is_us),
        cmocka_unit_test(idt_02_audiences_that_the_operator_trusts),
        cmocka_unit_test(idt_03_idt_25_conf_013_every_other_audience_is_refused),
        cmocka_unit_test(idt_04_conf_014_audiences_of_another_type),
        cmocka_unit_test(idt_05_the_authorized_party_is_us),
        cmocka_unit_test(idt_06_expiry),
        cmocka_unit_test(what_was_found_is_told),
        cmocka_unit_test(without_skew_the_boundary_is_exact),
        cmocka_unit_test(idt_07_conf_015_the_time_of_issue),
        cmocka_unit_test(idt_08_not_before),
        cmocka_unit_test(idt_09_conf_016_the_nonce),
        cmocka_unit_test(idt_10_conf_012_the_subject),
        cmocka_unit_test(idt_16_tokens_of_another_type),
        cmocka_unit_test(idt_26_an_access_token_is_no_id_token),
        cmocka_unit_test(idt_18_the_time_of_authentication),
        cmocka_unit_test(an_auth_time_that_says_nothing_is_unknown),
        cmocka_unit_test(idt_20_conf_031_conf_032_hashes_follow_the_algorithm),
        cmocka_unit_test(idt_20_conf_086_wrong_hashes),
        cmocka_unit_test(the_code_hash_can_be_required),
        cmocka_unit_test(idt_22_jo_10_claims_that_are_no_strict_object),
        cmocka_unit_test(idt_24_claims_are_bounded),
        cmocka_unit_test(details_hold_nothing_of_the_user),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
