// SPDX-License-Identifier: MIT
// When a value is the value that a rule asks for, and the cases that have let strangers in elsewhere:
// ID-01..06, ID-10, ID-11, ID-13, ID-14, ID-16, UB-04, TK-17, IDT-19.

#include "../../src/policy/policy.hpp"

#include "policy_sessions.hpp"

using namespace oauth;
using namespace oauth::unit;

namespace {

// ID-01, ID-02, ID-04: one plain address or none.
void an_ambiguous_address_is_no_address(void**) {
    for (const std::string& address : {std::string("attacker@evil.com@company.com"),
                                       std::string("\"a@company.com\"@evil.com"),
                                       std::string("\"a\"@company.com"),
                                       std::string("a@company.com@"),
                                       std::string("@company.com"),
                                       std::string("company.com"),
                                       std::string("a@"),
                                       std::string("a@company.com."),
                                       std::string("a@.company.com"),
                                       std::string("a@x..company.com"),
                                       std::string("a @company.com"),
                                       std::string("a@company.com "),
                                       std::string(" a@company.com"),
                                       std::string("a\t@company.com"),
                                       std::string("a@company.com\t"),
                                       std::string("a,b@company.com"),
                                       std::string("a@evil.com,@company.com"),
                                       std::string("a@evil.com;company.com"),
                                       std::string("<a@company.com>"),
                                       std::string("a%40evil.com@company.com"),
                                       std::string("a@evil.com%40company.com"),
                                       std::string("a\\@b@company.com"),
                                       std::string("admin@company.com\0@evil.com", 26),
                                       std::string("admin\0x@company.com", 19),
                                       std::string("a@company.com\0", 14),
                                       std::string("a@company.com\n"),
                                       std::string("a\x7f@company.com"),
                                       std::string("a\xef\xbc\xa0"
                                                   "company.com"),
                                       std::string("a@company\xe3\x80\x82"
                                                   "com"),
                                       std::string("a@c\xd0\xbempany.com"),
                                       std::string("a@\xe2\x80\xae"
                                                   "company.com"),
                                       std::string(320, 'a') + "@company.com",
                                       std::string()}) {
        const Identity identity = with_email(address);
        for (const char* condition :
             {"email=*", "domain=*", "email!=x@y.org", "domain!=evil.com", "email~.*", "domain~.*",
              "domain=company.com", "domain=*company.com", "email=*@company.com"}) {
            assert_holds(identity, condition, false);
        }
    }
    assert_holds(with_email("o'brien+x/y@company.com"), "domain=company.com", true);
    assert_holds(with_email("J\xc3\xb6rg@company.com"), "email=J\xc3\xb6rg@company.com", true);
    assert_holds(with_email("J\xc3\x96rg@company.com"), "email=J\xc3\xb6rg@company.com", false);
}

// ID-03: ASCII case and nothing else.
void addresses_ignore_ascii_case_only(void**) {
    const Identity identity = with_email("User@Company.COM");
    for (const char* condition :
         {"email=user@company.com", "email=USER@COMPANY.COM", "domain=company.com", "domain=COMPANY.com",
          "email=us*@COMP*", "domain=*.COM", "email~^user@company\\.com$", "email~User@Company.*",
          "domain~COMPANY\\.COM"}) {
        assert_holds(identity, condition, true);
    }
    assert_holds(identity, "email!=USER@company.com", false);
    // U+212A KELVIN SIGN, U+0130, U+0131: not k, not i.
    assert_holds(with_email("\xe2\x84\xaa@company.com"), "email=k@company.com", false);
    assert_holds(with_email("\xc4\xb0@company.com"), "email=i@company.com", false);
    assert_holds(with_email("\xc4\xb1@company.com"), "email=i@company.com", false);
}

void other_values_compare_exactly(void**) {
    assert_holds(with_groups({"Admins"}), "group=admins", false);
    assert_holds(with_groups({"Admins"}), "group=Admins", true);
    assert_holds(with_groups({"Admins"}), "group!=admins", true);
    assert_holds(with_groups({"admins "}), "group=admins", false);
    assert_holds(with_groups({std::string("admins\0", 7)}), "group=admins", false);
    Identity identity;
    identity.orgs = Strings{"Acme"};
    identity.teams = Strings{"Acme/Platform"};
    identity.subject = "A";
    assert_holds(identity, "org=acme", false);
    assert_holds(identity, "team=acme/platform", false);
    assert_holds(identity, "sub=a", false);
    assert_holds(identity, "org=Acme team=Acme/Platform sub=A", true);
}

// ID-05
void a_domain_is_exact(void**) {
    for (const char* address :
         {"a@evilcompany.com", "a@company.com.evil", "a@sub.company.com", "a@company.co", "a@ompany.com"}) {
        assert_holds(with_email(address), "domain=company.com", false);
    }
    assert_holds(with_email("a@sub.company.com"), "domain=*.company.com", true);
    assert_holds(with_email("a@a.b.company.com"), "domain=*.company.com", true);
    assert_holds(with_email("a@company.com"), "domain=*.company.com", false);
    assert_holds(with_email("a@evilcompany.com"), "domain=*.company.com", false);
    assert_holds(with_email("a.company.com@evil.com"), "domain=*.company.com", false);
}

// ID-06: and whoever is kept out by nothing else is told so.
void an_address_counts_when_it_is_verified(void**) {
    Identity identity = with_email("a@company.com");
    identity.email_verified = false;
    identity.groups = Strings{"a"};
    for (const char* condition :
         {"email=a@company.com", "domain=company.com", "email!=b@company.com", "email~.*", "domain=*"}) {
        assert_holds(identity, condition, false);
    }
    unit::TestWorld world;
    world.policies["company"] = make_set(world, {"allow domain=company.com"});
    const auto unverified = [&](const std::vector<std::string>& lines) {
        const auto verdict = make_set(world, lines)->evaluate(identity, world.facts);
        assert_false(verdict.allowed && verdict.email_unverified);
        return verdict.email_unverified;
    };
    assert_true(unverified({"allow domain=company.com"}));
    assert_true(unverified({"allow email=a@company.com group=a"}));
    assert_true(unverified({"allow group=b", "allow policy=company", "deny any"}));
    assert_false(unverified({"allow domain=company.com group=b"}));
    assert_false(unverified({"allow domain=other.com"}));
    assert_false(unverified({"deny group=a", "allow domain=company.com"}));
    assert_false(unverified({"deny email=a@company.com", "allow domain=company.com"}));
    assert_false(unverified({"allow group=b"}));
    assert_false(unverified({"allow any"}));
    identity.email = "a@company.com@company.com";
    assert_false(unverified({"allow domain=company.com"}));
    identity.email.reset();
    identity.email_verified = true;
    assert_false(unverified({"allow domain=company.com"}));
}

// ID-10: one subject of two providers is two people.
void a_subject_belongs_to_its_provider(void**) {
    Identity identity;
    identity.provider = "github";
    identity.subject = "1";
    assert_holds(identity, "provider=github sub=1", true);
    assert_holds(identity, "provider=google sub=1", false);
}

// ID-11, ID-14
void claims_compare_by_their_text(void**) {
    const struct {
        const char* json;
        const char* condition;
        bool expected;
    } rows[] = {
        {"\"a\"", "claim.c=a", true},
        {"\"a\"", "claim.c!=a", false},
        {"\"a\"", "claim.c!=b", true},
        {"12", "claim.c=12", true},
        {"\"12\"", "claim.c=12", true},
        {"12", "claim.c=12.0", false},
        {"1.50", "claim.c=1.50", true},
        {"12", "claim.c=1*", true},
        {"true", "claim.c=true", true},
        {"false", "claim.c=true", false},
        {"false", "claim.c!=true", true},
        {"[\"a\",\"b\"]", "claim.c=b", true},
        {"[\"a\",\"b\"]", "claim.c!=b", false},
        {"[\"a\",\"b\"]", "claim.c!=c", true},
        {"[1,true]", "claim.c=true", true},
        {"[]", "claim.c=*", false},
        {"[]", "claim.c!=a", true},
        {"null", "claim.c=null", false},
        {"null", "claim.c!=a", false},
        {"{\"a\":\"b\"}", "claim.c=*", false},
        {"{\"a\":\"b\"}", "claim.c!=x", false},
        {"[{\"n\":\"a\"}]", "claim.c=a", false},
        {"[{\"n\":\"a\"}]", "claim.c!=a", false},
        {"[{\"n\":\"a\"},\"b\"]", "claim.c=b", true},
        {"[{\"n\":\"a\"},\"b\"]", "claim.c!=c", false},
        {"[null,\"b\"]", "claim.c!=c", true}, // null is absent
        {"[null,\"b\"]", "claim.c!=b", false},
        {"[null]", "claim.c!=c", true}, // as of an empty list
        {"[[\"a\"]]", "claim.c=a", false},
        {"\"a\\u0062\"", "claim.c=ab", true},
        {"\"\\u00e4\"", "claim.c=\xc3\xa4", true},
        {"\"A\"", "claim.c=a", false},
        {"[\"a\"", "claim.c=a", false},
        {"\"a\" x", "claim.c=a", false},
        {"[\"a\"] x", "claim.c=a", false},
        {"nonsense", "claim.c=nonsense", false},
        {"nonsense", "claim.c!=a", false},
        {"\"\"", "claim.c=*", false},
        {"\"\"", "claim.c!=a", false},
        {"\"abc\"", "claim.c~^ab", true},
        {"[\"x\",\"abc\"]", "claim.c~^ab", true},
        {"12", "claim.c~\\d+", true},
    };
    for (const auto& row : rows) {
        if (holds(with_claim(row.json), row.condition) != row.expected) {
            fail_msg("%s with %s: %d expected", row.condition, row.json, row.expected);
        }
    }
    std::string many = "[\"g0\"";
    for (int i = 1; i < 10000; ++i) {
        many += ",\"g" + std::to_string(i) + "\"";
    }
    assert_holds(with_claim(many + "]"), "claim.c=g9999", true);
    assert_holds(with_claim(many + "]"), "claim.c!=g9999", false);
    assert_holds(with_claim(many + "]"), "claim.c!=g10000", true);
}

// ID-13
void claims_are_found_by_the_path_as_written(void**) {
    Identity identity;
    identity.claims = {
        {"/https:~1~1example.org~1roles", "[\"admin\"]"}, {"a.b", "\"x\""}, {"https://x/roles", "\"y\""}};
    assert_holds(identity, "claim./https:~1~1example.org~1roles=admin", true);
    assert_holds(identity, "claim./https:~1~1example.org~1roles~^adm", true);
    assert_holds(identity, "claim.a.b=x", true);
    assert_holds(identity, "claim.a=x", false);
    assert_holds(identity, "claim.https://x/roles=y", true);
}

// TK-17, IDT-19
void scope_and_acr_that_were_not_given_do_not_hold(void**) {
    Identity identity;
    assert_holds(identity, "scope=read:org", false);
    assert_holds(identity, "acr=urn:mfa", false);
    identity.scopes = Strings{"openid", "read:user"};
    identity.acr = "urn:password";
    assert_holds(identity, "scope=read:org", false);
    assert_holds(identity, "acr=urn:mfa", false);
    identity.scopes->push_back("read:org");
    identity.acr = "urn:mfa";
    assert_holds(identity, "scope=read:org acr=urn:mfa", true);
}

// UB-04, ID-16
void patterns_match_the_whole_value_unless_they_say_otherwise(void**) {
    Identity identity;
    const struct {
        const char* user;
        const char* condition;
        bool expected;
    } rows[] = {
        {"admin", "user~admin", true},
        {"notadmin", "user~admin", false},
        {"admin2", "user~admin", false},
        {"admin2", "user~^admin", true},
        {"notadmin", "user~^admin", false},
        {"notadmin", "user~admin$", true},
        {"admin2", "user~admin$", false},
        {"ab", "user~a|b", false},
        {"b", "user~a|b", true},
        {"xb", "user~^a|b", false},
        {"bx", "user~^a|b", true},
        {"ax", "user~a|b$", false},
        {"xa", "user~a|b$", true},
        {"admin\n", "user~admin$", false},
        {"x\nadmin", "user~^admin$", false},
        {"admin\nx", "user~^admin$", false},
        {"admin\n", "user~admin", false},
        {"Admin", "user~admin", false},
    };
    for (const auto& row : rows) {
        identity.user = row.user;
        if (holds(identity, row.condition) != row.expected) {
            fail_msg("%s with %s: %d expected", row.condition, row.user, row.expected);
        }
    }
    assert_holds(with_email("a@company.com.evil.com"), "email~.*@company\\.com", false);
    assert_holds(with_email("a@company.com"), "email~.*@company\\.com", true);
    assert_holds(with_email("a@company.com"), "email~@company\\.com$", true);
}

void wildcards_match_any_run(void**) {
    const struct {
        const char* text;
        const char* value;
        bool expected;
    } rows[] = {
        {"abc", "a*c", true},     {"ac", "a*c", true},       {"abcd", "a*c", false},
        {"aXbYc", "a*b*c", true}, {"acb", "a*b*c", false},   {"aa", "a*a", true},
        {"a", "a*a", false},      {"abab", "*ab", true},     {"xabyab", "*ab*ab", true},
        {"xab", "*ab*ab", false}, {"xab", "*ab*ab*", false}, {"xabab", "*ab*ab*", true},
        {"a*c", "a\\*c", true},   {"abc", "a\\*c", false},   {"a,b", "a\\,b", true},
        {"a", "a\\,b", false},    {"a\\b", "a\\b", true},    {"x", "**", true},
        {"a/b/c", "a/*", true},   {"aab", "*a*ab", true},    {"ab", "*a*ab", false},
    };
    for (const auto& row : rows) {
        if (holds(with_groups({row.text}), std::string("group=") + row.value) != row.expected) {
            fail_msg("%s with %s: %d expected", row.value, row.text, row.expected);
        }
    }
    // A value that would take a backtracking matcher until the end of time.
    std::string value = "group=";
    for (int i = 0; i < 200; ++i) {
        value += "a*";
    }
    assert_holds(with_groups({std::string(60000, 'a')}), value + "b", false);
    assert_holds(with_groups({std::string(60000, 'a') + "b"}), value + "b", true);
}

void files_hold_plain_values(void**) {
    unit::TestWorld world;
    world.files["list"] =
        "\xef\xbb\xbf# all of them\r\nalpha\r\n  beta gamma \t# two words\n\na*\na,b\nc#\n#d\n";
    for (int i = 0; i < 2000; ++i) {
        world.files["list"] += "user" + std::to_string(i) + "\n";
    }
    for (const char* value : {"alpha", "beta gamma", "a*", "a,b", "c#", "user0", "user1999", "user77"}) {
        assert_true(allowed(world, with_groups({value}), {"allow group@list"}));
    }
    for (const char* value : {"beta", "ab", "a", "b", "#d", "d", "", "user2000", "user", "# all of them"}) {
        assert_false(allowed(world, with_groups({value}), {"allow group@list"}));
    }
    world.files["people"] = "Alice@Example.org\n";
    assert_true(allowed(world, with_email("aLICE@example.ORG"), {"allow email@people"}));
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(an_ambiguous_address_is_no_address),
        cmocka_unit_test(addresses_ignore_ascii_case_only),
        cmocka_unit_test(other_values_compare_exactly),
        cmocka_unit_test(a_domain_is_exact),
        cmocka_unit_test(an_address_counts_when_it_is_verified),
        cmocka_unit_test(a_subject_belongs_to_its_provider),
        cmocka_unit_test(claims_compare_by_their_text),
        cmocka_unit_test(claims_are_found_by_the_path_as_written),
        cmocka_unit_test(scope_and_acr_that_were_not_given_do_not_hold),
        cmocka_unit_test(patterns_match_the_whole_value_unless_they_say_otherwise),
        cmocka_unit_test(wildcards_match_any_run),
        cmocka_unit_test(files_hold_plain_values),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
