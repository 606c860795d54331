// SPDX-License-Identifier: MIT
// From what a provider said to who it is, by the generic mapping: the subject (UI-02), addresses and whether
// they are verified (ID-06), absent facts (UI-06), and lists of the right type only (ID-11). Who somebody
// is in test_provider_people.cpp.
#include <string>

#include "identities.hpp"

using namespace oauth;
using namespace oauth::unit;

namespace {

void ui_02_the_subject_is_the_id_tokens(void**) {
    const auto identity = map(openid("{\"sub\":\"signed\"}", "{\"sub\":\"other\",\"id\":\"third\"}"));
    assert_text_equal(identity.subject, "signed");
    assert_text_equal(identity.provider, "corp");
    refuse(openid("{\"id\":\"x\"}", "{\"sub\":\"other\"}"), "oidc");
}

void plain_oauth_has_sub_or_id(void**) {
    assert_text_equal(map(plain("{\"sub\":\"s\",\"id\":\"i\"}"), {}, settings("oauth2")).subject, "s");
    assert_text_equal(map(plain("{\"id\":583231}"), {}, settings("oauth2")).subject, "583231");
    assert_text_equal(map(plain("{\"id\":\"i\",\"sub\":null}"), {}, settings("oauth2")).subject, "i");
}

void without_a_usable_subject_there_is_nobody(void**) {
    const std::string long_one(256, 'x');
    for (const std::string& subject :
         {std::string("null"), std::string("\"\""), std::string("true"), std::string("{}"),
          std::string("[\"x\"]"), std::string("\"a\\nb\""), "\"" + long_one + "\""}) {
        refuse(plain("{\"sub\":" + subject + "}"), "oauth2");
        refuse(openid("{\"sub\":" + subject + "}"), "oidc");
    }
    refuse(plain("{\"name\":\"x\"}"), "oauth2");
    assert_text_equal(
        map(plain("{\"sub\":\"" + std::string(255, 'x') + "\"}"), {}, settings("oauth2")).subject,
        std::string(255, 'x'));
}

struct EmailCase {
    const char* id_token;
    const char* userinfo;
    const char* email;
    bool verified;
};

void id_06_verified_by_the_source_of_the_address_only(void**) {
    const EmailCase cases[] = {
        {R"({"sub":"1","email":"a@x","email_verified":true})", "", "a@x", true},
        {R"({"sub":"1","email":"a@x"})", "", "a@x", false},
        {R"({"sub":"1","email":"a@x","email_verified":false})", "", "a@x", false},
        {R"({"sub":"1","email":"a@x","email_verified":"true"})", "", "a@x", false},
        {R"({"sub":"1","email":"a@x","email_verified":1})", "", "a@x", false},
        {R"({"sub":"1","email":"a@x","email_verified":null})", "", "a@x", false},
        {R"({"sub":"1"})", R"({"sub":"1","email":"a@x","email_verified":true})", "a@x", true},
        // A flag does not vouch for another source's address.
        {R"({"sub":"1","email":"a@x"})", R"({"sub":"1","email":"b@x","email_verified":true})", "a@x", false},
        {R"({"sub":"1","email_verified":true})", R"({"sub":"1","email":"b@x"})", "b@x", false},
        {R"({"sub":"1","email":"a@x"})", R"({"sub":"1","email_verified":true})", "a@x", false},
        {R"({"sub":"1","email":"a@x"})", R"({"sub":"1","email":"A@x","email_verified":true})", "a@x", false},
        {R"({"sub":"1","email":"a@x"})", R"({"sub":"1","email":"a@x","email_verified":true})", "a@x", true},
        {R"({"sub":"1","email_verified":true})", "", nullptr, false},
        {R"({"sub":"1","email":"","email_verified":true})", "", nullptr, false},
        {R"({"sub":"1","email":null,"email_verified":true})", "", nullptr, false},
        {R"({"sub":"1","email":["a@x"],"email_verified":true})", "", nullptr, false},
        {R"({"sub":"1","email":"","email_verified":true})", R"({"sub":"1","email":"b@x"})", "b@x", false},
    };
    for (const EmailCase& each : cases) {
        const auto identity = map(openid(each.id_token, each.userinfo));
        assert_true(identity.email.has_value() == (each.email != nullptr));
        assert_text_equal(identity.email.value_or(""), each.email != nullptr ? each.email : "");
        if (identity.email_verified != each.verified) {
            fail_msg("%s %s: verified %d expected", each.id_token, each.userinfo, each.verified);
        }
    }
}

void ui_06_null_and_empty_are_absent(void**) {
    const auto identity = map(openid(R"({"sub":"1","name":null,"picture":"","groups":null})"));
    assert_false(identity.name.has_value());
    assert_false(identity.picture.has_value());
    assert_false(identity.groups.has_value());
    const auto filled =
        map(openid(R"({"sub":"1","name":"","groups":""})", R"({"sub":"1","name":"Ann","groups":["g"]})"));
    assert_text_equal(filled.name.value_or(""), "Ann");
    assert_text_equal(joined(filled.groups), "[g]");
}

void ui_07_userinfo_fills_in(void**) {
    const auto identity =
        map(openid(R"({"sub":"1","name":"signed"})", R"({"sub":"1","name":"n","picture":"p"})"));
    assert_text_equal(identity.name.value_or(""), "signed");
    assert_text_equal(identity.picture.value_or(""), "p");
}

void id_11_lists_of_texts_and_numbers_only(void**) {
    const std::pair<const char*, const char*> cases[] = {
        {R"("one")", "[one]"},
        {R"(["a","b"])", "[a][b]"},
        {R"(["a,b"])", "[a,b]"},
        {"[]", ""},
        {"null", "absent"},
        {R"("")", "absent"},
        {"5", "[5]"},
        {"[738529527931269425,1.50]", "[738529527931269425][1.50]"},
        {"[null]", ""},
        {"[true]", "absent"},
        {"true", "absent"},
        {R"({"a":1})", "absent"},
        {R"(["a",1])", "[a][1]"},
        {R"(["a",null])", "[a]"},
        {R"([["a"]])", "absent"},
        {R"(["a",1,{}])", "absent"},
        {R"([{"name":"a"}])", "absent"},
    };
    for (const auto& [json, expected] : cases) {
        const std::string groups =
            joined(map(openid("{\"sub\":\"1\",\"groups\":" + std::string(json) + "}")).groups);
        if (groups != expected) {
            fail_msg("%s: %s", json, groups.c_str());
        }
        const std::string in_userinfo =
            joined(map(openid("{\"sub\":\"1\"}", "{\"groups\":" + std::string(json) + "}")).groups);
        if (in_userinfo != expected) {
            fail_msg("userinfo %s: %s", json, in_userinfo.c_str());
        }
    }
}

void id_11_too_many_are_none(void**) {
    std::string list = "\"g\"";
    for (int i = 1; i < 10001; ++i) {
        list += ",\"g\"";
    }
    assert_text_equal(joined(map(openid("{\"sub\":\"1\",\"groups\":[" + list + "]}")).groups), "absent");
}

void only_what_is_needed_is_kept(void**) {
    const std::string token =
        R"({"sub":"1","hd":"example.org","tid":"t","acr":"mfa","amr":["pwd"],"roles":["r"],"realm":{"roles":["x"]}})";
    const auto bare = map(openid(token));
    assert_false(bare.hd || bare.tenants || bare.acr || bare.amr || bare.roles);
    Needs needs;
    needs.facts = {"hd", "tenant", "acr", "amr", "role"};
    const auto full = map(openid(token), needs);
    assert_text_equal(full.hd.value_or(""), "example.org");
    assert_text_equal(joined(full.tenants), "[t]");
    assert_text_equal(full.acr.value_or(""), "mfa");
    assert_text_equal(joined(full.amr), "[pwd]");
    assert_text_equal(joined(full.roles), "[r]");
}

void ui_02_userinfo_does_not_speak_for_the_protocol(void**) {
    Needs needs;
    needs.facts = {"hd", "tenant", "acr", "amr"};
    const auto identity =
        map(openid(R"({"sub":"1"})", R"({"sub":"1","hd":"x","tid":"t","acr":"mfa","amr":["otp"]})"), needs);
    assert_false(identity.hd || identity.tenants || identity.acr || identity.amr);
}

void raw_claims_are_kept_by_path(void**) {
    Needs needs;
    needs.claims = {"realm.roles", "/https:~1~1x~1roles", "absent", "empty"};
    const UserData data = openid(R"({"sub":"1","realm":{"roles":["x"]},"empty":""})",
                                 R"({"https://x/roles":[1],"realm":{"roles":["u"]}})");
    const session::Identity identity = map(data, needs);
    assert_int_equal(identity.claims.size(), 2);
    const std::string* roles = identity.find_claim("realm.roles");
    assert_non_null(roles);
    assert_text_equal(*roles, "[\"x\"]");
    const std::string* pointer = identity.find_claim("/https:~1~1x~1roles"); // ID-13
    assert_non_null(pointer);
    assert_text_equal(*pointer, "[1]");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(ui_02_the_subject_is_the_id_tokens),
        cmocka_unit_test(plain_oauth_has_sub_or_id),
        cmocka_unit_test(without_a_usable_subject_there_is_nobody),
        cmocka_unit_test(id_06_verified_by_the_source_of_the_address_only),
        cmocka_unit_test(ui_06_null_and_empty_are_absent),
        cmocka_unit_test(ui_07_userinfo_fills_in),
        cmocka_unit_test(id_11_lists_of_texts_and_numbers_only),
        cmocka_unit_test(id_11_too_many_are_none),
        cmocka_unit_test(only_what_is_needed_is_kept),
        cmocka_unit_test(ui_02_userinfo_does_not_speak_for_the_protocol),
        cmocka_unit_test(raw_claims_are_kept_by_path),
    };
    return cmocka_run_group_tests_name("provider_identity", tests, nullptr, nullptr);
}
