// SPDX-License-Identifier: MIT
// Who somebody is, and is not: subjects that keep every digit or that the operator chooses, a name for people
// that no stranger can take (ID-06, ID-15), and facts that are true only together.
#include <cstring>
#include <string>

#include "identities.hpp"

using namespace oauth;
using namespace oauth::unit;

namespace {

// Each pair is one double, so the two people must not become one.
void a_numeric_subject_keeps_every_digit(void**) {
    const char* pairs[][2] = {{"1234567890123456789", "1234567890123456790"},
                              {"5000000000000001", "5000000000000000"},
                              {"9007199254740993", "9007199254740992"}};
    for (const auto& pair : pairs) {
        for (const char* id : pair) {
            for (const char* name : {"id", "sub"}) {
                const std::string userinfo = "{\"" + std::string(name) + "\":" + id + "}";
                assert_text_equal(map(plain(userinfo), {}, settings("oauth2")).subject, id);
            }
            const std::string user = "{\"login\":\"x\",\"id\":" + std::string(id) + "}";
            assert_text_equal(map(plain(user), {}, settings("github")).subject, id);
        }
    }
    for (const char* other : {"1.5", "1.0", "1e3", "1.2345678901234568e+18", "-0"}) {
        refuse(plain("{\"sub\":" + std::string(other) + ",\"id\":7}"), "oauth2");
        refuse(plain("{\"id\":" + std::string(other) + "}"), "oauth2");
        refuse(plain("{\"login\":\"x\",\"id\":" + std::string(other) + "}"), "github");
    }
}

void raw_numbers_keep_every_digit(void**) {
    Needs needs;
    needs.claims = {"id", "small", "ids", "ratio", "nothing"};
    const UserData data = plain(
        R"({"id":738529527931269425,"small":5000000000000001,"ids":[738529527931269424,7],"ratio":1.50,"nothing":null})");
    const session::Identity identity = map(data, needs, settings("oauth2"));
    const auto claim = [&identity](std::string_view path) {
        const std::string* json = identity.find_claim(path);
        return json == nullptr ? std::string("absent") : *json;
    };
    assert_text_equal(claim("id"), "738529527931269425");
    assert_text_equal(claim("small"), "5000000000000001");
    assert_text_equal(claim("ids"), "[738529527931269424,7]");
    assert_text_equal(claim("ratio"), "1.50");
    assert_text_equal(claim("nothing"), "absent");
}

void the_operator_says_what_the_subject_is(void**) {
    const auto with = [](const char* path) {
        providers::Settings chosen = settings("oauth2");
        chosen.subject_claim = path;
        return chosen;
    };
    const UserData data =
        plain(R"({"uuid":"{u-1}","sub":"s","name":"ann","data":{"id":1234567890123456789,"x":"y"},)"
              R"("list":[{"id":"e-1"}],"half":0.5,"nothing":null,"empty":"","id":"i"})");
    const std::pair<const char*, const char*> cases[] = {{"uuid", "{u-1}"},
                                                         {"data.id", "1234567890123456789"},
                                                         {"/data/id", "1234567890123456789"},
                                                         {"/list/0/id", "e-1"},
                                                         {"name", "ann"}};
    for (const auto& [path, subject] : cases) {
        assert_text_equal(map(data, {}, with(path)).subject, subject);
    }
    // Never another one instead: it may be somebody else's.
    for (const char* path : {"absent", "data", "data.absent", "list", "half", "nothing", "empty"}) {
        const auto identity = providers::map_identity(with(path), data, {});
        assert_false(identity.ok());
        assert_non_null(std::strstr(identity.error().detail.c_str(), path));
        assert_non_null(
            std::strstr(identity.error().detail.c_str(), "It has uuid, sub, name, data, list, half"));
        assert_non_null(std::strstr(identity.error().detail.c_str(), "\"subject CLAIM\""));
        assert_null(std::strstr(identity.error().detail.c_str(), "ann")); // names, not values
    }
    const auto github = providers::map_identity(settings("github"), plain("{\"login\":\"x\"}"), {});
    assert_null(std::strstr(github.error().detail.c_str(), "subject CLAIM")); // a parameter it does not take
}

// ID-06: whoever may write any address into an account has nobody's name for it.
void the_name_for_people(void**) {
    const std::pair<const char*, const char*> cases[] = {
        {R"({"sub":"1","email":"a@x","email_verified":true,"preferred_username":"ann"})", "a@x"},
        {R"({"sub":"1","email":"a@x","email_verified":false,"preferred_username":"ann"})", "ann"},
        {R"({"sub":"1","email":"a@x","preferred_username":"ann"})", "ann"},
        {R"({"sub":"1","email":"a@x","email_verified":"true","preferred_username":"ann"})", "ann"},
        {R"({"sub":"1","email":"a@x"})", "1"},
        {R"({"sub":"1","email":"a@x","preferred_username":"a@x"})", "1"},
        {R"({"sub":"1","email":"a@x","preferred_username":"A@X"})", "1"},
        {R"({"sub":"1","email":"a@x","email_verified":true,"preferred_username":"a@x"})", "a@x"},
        {R"({"sub":"1","preferred_username":"ann"})", "ann"},
        {R"({"sub":"1"})", "1"},
        {R"({"sub":"1","email":"","preferred_username":"ann"})", "ann"},
        {R"({"sub":"1","email":"a\n@x","email_verified":true,"preferred_username":"ann"})", "ann"},
        {R"({"sub":"1","email":"a\u0000b","email_verified":true})", "1"},
        {R"({"sub":"1","email":{"x":1},"preferred_username":["a"]})", "1"},
    };
    for (const auto& [json, expected] : cases) {
        const auto data = core::Json::parse(json);
        if (data) { // NUL is not even parsed
            assert_text_equal(map(openid(json)).user, expected);
        }
    }
    const std::string long_address =
        "{\"sub\":\"1\",\"email_verified\":true,\"email\":\"" + std::string(4096, 'x') + "\"}";
    assert_text_equal(map(openid(long_address)).user, "1"); // ID-15
}

void the_operator_chooses_the_name(void**) {
    providers::Settings with = settings();
    with.user_claim = "profile.nick";
    assert_text_equal(map(openid(R"({"sub":"1","email":"a@x","profile":{"nick":"annie"}})"), {}, with).user,
                      "annie");
    assert_text_equal(map(openid(R"({"sub":"1","email":"a@x"})"), {}, with).user, "1");
    with.user_claim = "email"; // their choice, verified or not
    assert_text_equal(map(openid(R"({"sub":"1","email":"a@x","preferred_username":"ann"})"), {}, with).user,
                      "a@x");
}

void an_unverified_address_is_nobodys_name_with_any_type(void**) {
    for (const char* type :
         {"google", "okta", "auth0", "descope", "aws-cognito", "gitlab", "keycloak", "oidc"}) {
        const auto user = [type](const char* flag) {
            const std::string token =
                R"({"sub":"1","email":"a@x","email_verified":)" + std::string(flag) + "}";
            return map(openid(token), {}, settings(type)).user;
        };
        assert_text_equal(user("true"), "a@x");
        assert_text_equal(user("false"), "1");
    }
    for (const char* type : {"oauth2", "generic"}) {
        assert_text_equal(map(plain(R"({"id":7,"email":"a@x"})"), {}, settings(type)).user, "7");
        assert_text_equal(
            map(plain(R"({"id":7,"email":"a@x","email_verified":true})"), {}, settings(type)).user, "a@x");
    }
}

// Somebody's role in one tenant says nothing about another one.
// Only there do administrators give out the names that come before the address.
void the_names_of_entra_id_are_given_out(void**) {
    for (const char* type : {"azure-ad", "azure-ad-hybrid"}) {
        const auto user = [type](const std::string& claims) {
            const std::string token =
                R"({"sub":"1","tid":"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee","oid":"2",)" + claims +
                R"("email":"a@x","email_verified":false})";
            return map(openid(token), {}, settings(type)).user;
        };
        assert_text_equal(user(R"("preferred_username":"a@x",)"), "a@x");
        assert_text_equal(user(R"("preferred_username":"b@x","upn":"a@x",)"), "a@x");
        assert_true(user("") != "a@x");
    }
    const std::pair<const char*, const char*> others[] = {{"auth0", "nickname"},
                                                          {"gitlab", "nickname"},
                                                          {"okta", "preferred_username"},
                                                          {"aws-cognito", "username"}};
    for (const auto& [type, claim] : others) {
        const std::string token =
            R"({"sub":"1","email":"a@x","email_verified":false,")" + std::string(claim) + R"(":"a@x"})";
        assert_text_equal(map(openid(token), {}, settings(type)).user, "1");
    }
}

void tenant_and_role_are_of_one_tenant(void**) {
    const std::string member = R"("tenants":{"acme":{"roles":["member"]},"other":{"roles":["admin"]}})";
    const auto facts = [](const std::string& claims) {
        Needs needs;
        needs.facts = {"tenant", "role"};
        const auto identity = map(openid("{\"sub\":\"1\"," + claims + "}"), needs, settings("descope"));
        return joined(identity.tenants) + " " + joined(identity.roles);
    };
    assert_text_equal(facts(member + R"(,"dct":"other")"), "[other] [admin]");
    assert_text_equal(facts(member + R"(,"dct":"acme")"), "[acme] [member]");
    assert_text_equal(facts(member), "[acme][other] absent"); // none is current: no tenant's roles
    assert_text_equal(facts(member + R"(,"dct":null)"), "[acme][other] absent");
    assert_text_equal(facts(member + R"(,"dct":"third")"), "absent absent"); // not one of theirs
    assert_text_equal(facts(member + R"(,"dct":"other","roles":["auditor"])"), "[other] [auditor][admin]");
    assert_text_equal(facts(member + R"(,"roles":["auditor"])"), "[acme][other] [auditor]");
    assert_text_equal(facts(R"("tenants":{"acme":{"roles":["member"]}})"), "[acme] [member]");
    assert_text_equal(facts(R"("tenants":{"acme":{"roles":["member"]},"gone":null})"), "[acme] [member]");
    assert_text_equal(facts(R"("tenants":{"acme":{}},"dct":"acme")"), "[acme] absent");
    assert_text_equal(facts(R"("dct":"acme")"), "[acme] absent");
    assert_text_equal(facts(R"("tenants":{})"), " absent");
    assert_text_equal(facts(R"("x":1)"), "absent absent");
    assert_text_equal(facts(R"("tid":"t")"), "absent absent");
}

// The roles of another client of the realm are not roles here.
void roles_of_another_client_are_not_ours(void**) {
    Needs needs;
    needs.facts = {"role"};
    auto with = settings("keycloak");
    with.client_id = "app";
    const auto identity = map(openid(R"({"sub":"1","realm_access":{"roles":["staff"]},"resource_access":)"
                                     R"({"app":{"roles":["editor"]},"other":{"roles":["admin"]}}})"),
                              needs, with);
    assert_text_equal(joined(identity.roles), "[staff][editor]");
}

// Roles that nothing tells are not "none": a rule that refuses a role would not hold for who has it.
void unknown_roles_sign_nobody_in(void**) {
    Needs needs;
    needs.facts = {"role"};
    auto with = settings("keycloak");
    with.client_id = "app";
    const auto fault = [&](UserData data) {
        const auto identity = providers::map_identity(with, data, needs);
        return identity ? std::string() : identity.error().detail;
    };
    for (const char* nothing : {R"({"sub":"1"})", R"({"sub":"1","realm_access":null})",
                                R"({"sub":"1","realm_access":"x","resource_access":[],"roles":"admin"})"}) {
        assert_non_null(std::strstr(fault(openid(nothing)).c_str(), "Add to ID token"));
        needs.facts = {};
        assert_text_equal(fault(openid(nothing)), ""); // no rule asks
        needs.facts = {"role"};
        UserData data = openid(nothing);
        data.access_token = core::Json::parse(R"({"sub":"1"})"); // of a user without any role
        assert_text_equal(fault(std::move(data)), "");
    }
    for (const char* told : {R"({"sub":"1","realm_access":{"roles":[]}})",
                             R"({"sub":"1","resource_access":{}})", R"({"sub":"1","roles":["a"]})"}) {
        assert_text_equal(fault(openid(told)), "");
        UserData data = openid(R"({"sub":"1"})");
        data.userinfo = core::Json::parse(told);
        assert_text_equal(fault(std::move(data)), "");
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_numeric_subject_keeps_every_digit),
        cmocka_unit_test(raw_numbers_keep_every_digit),
        cmocka_unit_test(the_operator_says_what_the_subject_is),
        cmocka_unit_test(the_name_for_people),
        cmocka_unit_test(the_operator_chooses_the_name),
        cmocka_unit_test(an_unverified_address_is_nobodys_name_with_any_type),
        cmocka_unit_test(the_names_of_entra_id_are_given_out),
        cmocka_unit_test(tenant_and_role_are_of_one_tenant),
        cmocka_unit_test(roles_of_another_client_are_not_ours),
        cmocka_unit_test(unknown_roles_sign_nobody_in),
    };
    return cmocka_run_group_tests_name("provider_people", tests, nullptr, nullptr);
}
