// SPDX-License-Identifier: MIT
// May they? Every operator against every kind of fact, and the cases that have let strangers in elsewhere: ID-01..06,
// ID-10..16, UB-04, UB-05, TK-17, IDT-19.

#include "../../src/policy/policy.hpp"

#include <cstdio>
#include <functional>
#include <new>

#include "policy_ports.hpp"
#include "unit.hpp"

using namespace oauth;
using policy::RuleSet;
using session::Identity;
using session::Strings;

namespace {

std::size_t allocations = 0;

} // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size)) {
        return memory;
    }
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace {

std::shared_ptr<const RuleSet> make_set(const unit::TestWorld& world, const std::vector<std::string>& lines) {
    auto set = std::make_shared<RuleSet>();
    for (const auto& line : lines) {
        assert_text_equal(world.add(*set, line), "");
    }
    return set;
}

bool allowed(const unit::TestWorld& world, const Identity& identity, const std::vector<std::string>& lines) {
    return make_set(world, lines)->evaluate(identity, world.facts).allowed;
}

bool holds(const Identity& identity, const std::string& condition) {
    return allowed(unit::TestWorld(), identity, {"allow " + condition});
}

void assert_holds(const Identity& identity, const std::string& condition, bool expected) { // NOLINT: the expected value
    if (holds(identity, condition) != expected) {
        fail_msg("%s: %d expected", condition.c_str(), expected);
    }
}

Identity with_email(const std::string& address) {
    Identity identity;
    identity.provider = "corp";
    identity.email = address;
    identity.email_verified = true;
    return identity;
}

Identity with_groups(const Strings& groups) {
    Identity identity;
    identity.groups = groups;
    return identity;
}

Identity with_claim(const std::string& json) {
    Identity identity;
    identity.claims = {{"c", json}};
    return identity;
}

// One row a fact: how a session comes to have it, a value, another one, and how each looks in a rule.
struct Fact {
    std::string name;
    std::function<void(Identity&, const std::string&)> give;
    std::string value = "one";
    std::string other = "two";
};

std::vector<Fact> text_facts() {
    std::vector<Fact> facts;
    const std::pair<const char*, std::string Identity::*> plain[] = {
        {"provider", &Identity::provider}, {"sub", &Identity::subject}, {"user", &Identity::user}};
    for (const auto& [name, member] : plain) {
        facts.push_back({name, [member](Identity& identity, const std::string& value) { identity.*member = value; }});
    }
    const std::pair<const char*, std::optional<std::string> Identity::*> optional[] = {
        {"name", &Identity::name}, {"hd", &Identity::hd}, {"tenant", &Identity::tenant}, {"acr", &Identity::acr}};
    for (const auto& [name, member] : optional) {
        facts.push_back({name, [member](Identity& identity, const std::string& value) { identity.*member = value; }});
    }
    const auto give_email = [](Identity& identity, const std::string& value) {
        identity.email = value.find('@') == std::string::npos ? "someone@" + value : value;
        identity.email_verified = true;
    };
    facts.push_back({"email", give_email, "one@example.org", "two@example.org"});
    facts.push_back({"domain", give_email, "one.example.org", "two.example.org"});
    facts.push_back({"claim.c", [](Identity& identity, const std::string& value) {
                         identity.claims = {{"c", "\"" + value + "\""}};
                     }});
    return facts;
}

std::vector<Fact> list_facts() {
    std::vector<Fact> facts;
    const std::pair<const char*, std::optional<Strings> Identity::*> lists[] = {
        {"org", &Identity::orgs},   {"group", &Identity::groups}, {"role", &Identity::roles},
        {"amr", &Identity::amr},    {"scope", &Identity::scopes}, {"team", &Identity::teams}};
    for (const auto& [name, member] : lists) {
        const auto give = [member](Identity& identity, const std::string& value) {
            identity.*member = value == "none" ? Strings{} : Strings{"zero/0", value};
        };
        facts.push_back({name, give, "one/1", "two/2"});
    }
    const auto give_claim = [](Identity& identity, const std::string& value) {
        identity.claims = {{"c", value == "none" ? "[]" : "[0, \"" + value + "\"]"}};
    };
    facts.push_back({"claim.c", give_claim, "one/1", "two/2"});
    return facts;
}

void check_operators(const Fact& fact, const Identity& identity, bool matches, bool known) { // NOLINT: a table's columns
    const std::string first = fact.value.substr(0, 2);
    for (const std::string right : {fact.value, fact.value + ",q*/zz" + fact.value, "*" + fact.value.substr(1)}) {
        if (right.find(",q*") == std::string::npos || (fact.name != "email" && fact.name != "domain")) {
            assert_holds(identity, fact.name + "=" + right, matches);
            assert_holds(identity, fact.name + "!=" + right, known && !matches);
        }
    }
    assert_holds(identity, fact.name + "=" + first + "*", matches);
    assert_holds(identity, fact.name + "!=" + first + "*", known && !matches);
    assert_holds(identity, fact.name + "~^" + first, matches);
    assert_holds(identity, fact.name + "~" + first + ".*", matches);
    unit::TestWorld world;
    world.files["file"] = "# values\n" + fact.value + "\n";
    assert_int_equal(allowed(world, identity, {"allow " + fact.name + "@file"}), matches);
}

void every_operator_against_every_fact(void**) {
    for (const auto& facts : {text_facts(), list_facts()}) {
        for (const auto& fact : facts) {
            Identity has;
            fact.give(has, fact.value);
            check_operators(fact, has, true, true);
            Identity has_other;
            fact.give(has_other, fact.other);
            check_operators(fact, has_other, false, true);
            check_operators(fact, Identity(), false, false); // ID-12
        }
    }
}

// ID-12: a list that is known and empty is not a list that is not known.
void an_empty_list_is_known(void**) {
    for (const auto& fact : list_facts()) {
        Identity empty;
        fact.give(empty, "none");
        check_operators(fact, empty, false, true);
        assert_holds(empty, fact.name + "=*", false);
    }
}

// ID-15: an empty text is nobody's name.
void an_empty_text_is_absent(void**) {
    for (const auto& fact : text_facts()) {
        if (fact.name == "domain") {
            continue;
        }
        Identity identity;
        fact.give(identity, fact.value);
        assert_holds(identity, fact.name + "=*", true);
        fact.give(identity, "");
        identity.email = fact.name == "email" ? std::optional<std::string>("") : std::nullopt;
        assert_holds(identity, fact.name + "=*", false);
        assert_holds(identity, fact.name + "!=" + fact.value, false);
        assert_holds(identity, fact.name + "~.*", false);
    }
    assert_holds(with_groups({""}), "group=*", false);
    assert_holds(with_groups({""}), "group~.*", false);
}

void conditions_must_all_hold_and_values_need_one(void**) {
    Identity identity = with_groups({"a", "b"});
    identity.roles = Strings{"r"};
    assert_holds(identity, "group=a role=r", true);
    assert_holds(identity, "group=a role=q", false);
    assert_holds(identity, "group=q role=r", false);
    assert_holds(identity, "group=q,b", true);
    assert_holds(identity, "group=a group=b", true);
    assert_holds(identity, "group=a group=c", false);
    assert_holds(identity, "group!=c,d", true);
    assert_holds(identity, "group!=c,b", false);
    assert_holds(identity, "any", true);
    assert_holds(Identity(), "any", true);
}

void the_first_rule_that_matches_decides(void**) {
    const unit::TestWorld world;
    const auto set = make_set(world, {"deny user=mallory", "allow group=staff", "deny group=guests", "allow role=owner"});
    const auto decide = [&](const char* user, const Strings& groups, const Strings& roles) {
        Identity identity;
        identity.user = user;
        identity.groups = groups;
        identity.roles = roles;
        return set->evaluate(identity, world.facts);
    };
    const auto expect = [](const policy::Verdict& verdict, bool is_allowed, int rule) { // NOLINT: the expected value
        assert_int_equal(verdict.allowed, is_allowed);
        assert_int_equal(verdict.rule, rule);
        assert_false(verdict.email_unverified);
    };
    expect(decide("mallory", {"staff"}, {"owner"}), false, 0);
    expect(decide("alice", {"staff", "guests"}, {}), true, 1);
    expect(decide("alice", {"guests"}, {"owner"}), false, 2);
    expect(decide("alice", {}, {"owner"}), true, 3);
    expect(decide("alice", {}, {}), false, -1);
    expect(RuleSet().evaluate(Identity(), world.facts), false, -1);
}

// ID-01, ID-02, ID-04: one plain address or none.
void an_ambiguous_address_is_no_address(void**) {
    for (const std::string& address :
         {std::string("attacker@evil.com@company.com"), std::string("\"a@company.com\"@evil.com"),
          std::string("\"a\"@company.com"), std::string("a@company.com@"), std::string("@company.com"), std::string("company.com"),
          std::string("a@"), std::string("a@company.com."), std::string("a@.company.com"), std::string("a@x..company.com"),
          std::string("a @company.com"), std::string("a@company.com "), std::string(" a@company.com"),
          std::string("a\t@company.com"), std::string("a@company.com\t"), std::string("a,b@company.com"),
          std::string("a@evil.com,@company.com"), std::string("a@evil.com;company.com"), std::string("<a@company.com>"),
          std::string("a%40evil.com@company.com"), std::string("a@evil.com%40company.com"), std::string("a\\@b@company.com"),
          std::string("admin@company.com\0@evil.com", 26), std::string("admin\0x@company.com", 19),
          std::string("a@company.com\0", 14), std::string("a@company.com\n"), std::string("a\x7f@company.com"),
          std::string("a\xef\xbc\xa0"
                      "company.com"),
          std::string("a@company\xe3\x80\x82"
                      "com"),
          std::string("a@c\xd0\xbempany.com"), std::string("a@\xe2\x80\xae"
                                                           "company.com"),
          std::string(320, 'a') + "@company.com", std::string()}) {
        const Identity identity = with_email(address);
        for (const char* condition : {"email=*", "domain=*", "email!=x@y.org", "domain!=evil.com", "email~.*", "domain~.*",
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
         {"email=user@company.com", "email=USER@COMPANY.COM", "domain=company.com", "domain=COMPANY.com", "email=us*@COMP*",
          "domain=*.COM", "email~^user@company\\.com$", "email~User@Company.*", "domain~COMPANY\\.COM"}) {
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
    for (const char* address : {"a@evilcompany.com", "a@company.com.evil", "a@sub.company.com", "a@company.co", "a@ompany.com"}) {
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
    for (const char* condition : {"email=a@company.com", "domain=company.com", "email!=b@company.com", "email~.*", "domain=*"}) {
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
        {"\"a\"", "claim.c=a", true},          {"\"a\"", "claim.c!=a", false},        {"\"a\"", "claim.c!=b", true},
        {"12", "claim.c=12", true},            {"\"12\"", "claim.c=12", true},        {"12", "claim.c=12.0", false},
        {"1.50", "claim.c=1.50", true},        {"12", "claim.c=1*", true},            {"true", "claim.c=true", true},
        {"false", "claim.c=true", false},      {"false", "claim.c!=true", true},      {"[\"a\",\"b\"]", "claim.c=b", true},
        {"[\"a\",\"b\"]", "claim.c!=b", false}, {"[\"a\",\"b\"]", "claim.c!=c", true}, {"[1,true]", "claim.c=true", true},
        {"[]", "claim.c=*", false},            {"[]", "claim.c!=a", true},            {"null", "claim.c=null", false},
        {"null", "claim.c!=a", false},         {"{\"a\":\"b\"}", "claim.c=*", false}, {"{\"a\":\"b\"}", "claim.c!=x", false},
        {"[{\"n\":\"a\"}]", "claim.c=a", false}, {"[{\"n\":\"a\"}]", "claim.c!=a", false},
        {"[{\"n\":\"a\"},\"b\"]", "claim.c=b", true}, {"[{\"n\":\"a\"},\"b\"]", "claim.c!=c", false},
        {"[null,\"b\"]", "claim.c!=c", false}, {"[[\"a\"]]", "claim.c=a", false},     {"\"a\\u0062\"", "claim.c=ab", true},
        {"\"\\u00e4\"", "claim.c=\xc3\xa4", true}, {"\"A\"", "claim.c=a", false},     {"[\"a\"", "claim.c=a", false},
        {"\"a\" x", "claim.c=a", false},       {"[\"a\"] x", "claim.c=a", false},     {"nonsense", "claim.c=nonsense", false},
        {"nonsense", "claim.c!=a", false},     {"\"\"", "claim.c=*", false},          {"\"\"", "claim.c!=a", false},
        {"\"abc\"", "claim.c~^ab", true},      {"[\"x\",\"abc\"]", "claim.c~^ab", true}, {"12", "claim.c~\\d+", true},
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
    identity.claims = {{"/https:~1~1example.org~1roles", "[\"admin\"]"}, {"a.b", "\"x\""}, {"https://x/roles", "\"y\""}};
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
        {"admin", "user~admin", true},       {"notadmin", "user~admin", false},   {"admin2", "user~admin", false},
        {"admin2", "user~^admin", true},     {"notadmin", "user~^admin", false},  {"notadmin", "user~admin$", true},
        {"admin2", "user~admin$", false},    {"ab", "user~a|b", false},           {"b", "user~a|b", true},
        {"xb", "user~^a|b", false},          {"bx", "user~^a|b", true},           {"ax", "user~a|b$", false},
        {"xa", "user~a|b$", true},           {"admin\n", "user~admin$", false},   {"x\nadmin", "user~^admin$", false},
        {"admin\nx", "user~^admin$", false}, {"admin\n", "user~admin", false},    {"Admin", "user~admin", false},
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

// UB-05: whatever a pattern that gave up would have said, nobody gets in by it.
void a_pattern_that_hits_its_limit_lets_nobody_in(void**) {
    unit::TestWorld world;
    world.policies["slow"] = make_set(world, {"allow user~LIMIT"});
    world.policies["not_slow"] = make_set(world, {"deny user~LIMIT", "allow any"});
    world.policies["deeper"] = make_set(world, {"deny policy=slow", "allow any"});
    world.policies["plain"] = make_set(world, {"allow user~LIMIT", "allow any"});
    Identity identity = with_groups({"a"});
    identity.user = "x";
    const auto verdict = [&](const std::vector<std::string>& lines) {
        return make_set(world, lines)->evaluate(identity, world.facts);
    };
    assert_false(verdict({"allow user~LIMIT"}).allowed);
    assert_int_equal(verdict({"allow user~LIMIT"}).rule, -1);
    assert_false(verdict({"deny user~LIMIT", "allow any"}).allowed);
    assert_int_equal(verdict({"deny user~LIMIT", "allow any"}).rule, 0);
    assert_false(verdict({"allow policy=slow"}).allowed);
    assert_false(verdict({"deny policy=slow", "allow any"}).allowed);
    assert_false(verdict({"allow policy=not_slow"}).allowed);
    assert_false(verdict({"deny policy=not_slow", "allow any"}).allowed);
    assert_false(verdict({"allow policy=deeper"}).allowed);
    assert_false(verdict({"deny policy=deeper", "allow any"}).allowed);
    // Where it makes no difference it makes none.
    assert_true(verdict({"allow user~LIMIT", "allow group=a"}).allowed);
    assert_int_equal(verdict({"allow user~LIMIT", "allow group=a"}).rule, 1);
    assert_true(verdict({"deny user~LIMIT group=b", "allow any"}).allowed);
    assert_true(verdict({"deny group=b user~LIMIT", "allow any"}).allowed);
    assert_true(verdict({"allow policy=plain"}).allowed);
    assert_true(verdict({"allow group=a", "deny user~LIMIT"}).allowed);
    assert_false(verdict({"deny policy=plain", "allow any"}).allowed);
    identity.user = "y";
    assert_true(verdict({"deny user~LIMIT", "allow any"}).allowed);
    assert_true(verdict({"deny policy=slow", "allow any"}).allowed);
    // In a list one element in doubt is enough, and one that matches ends the doubt.
    identity.groups = Strings{"y", "x", "y"};
    assert_false(verdict({"deny group~LIMIT", "allow any"}).allowed);
    assert_false(verdict({"allow group~LIMIT"}).allowed);
    identity.claims = {{"c", "[\"x\",\"y\"]"}};
    assert_false(verdict({"deny claim.c~LIMIT", "allow any"}).allowed);
}

void policies_and_variables_are_conditions(void**) {
    unit::TestWorld world;
    world.policies["staff"] = make_set(world, {"deny user=mallory", "allow group=staff"});
    Identity identity = with_groups({"staff"});
    identity.user = "alice";
    assert_true(allowed(world, identity, {"allow policy=staff"}));
    assert_false(allowed(world, identity, {"deny policy=staff", "allow any"}));
    identity.user = "mallory";
    assert_false(allowed(world, identity, {"allow policy=staff"}));
    assert_true(allowed(world, identity, {"deny policy=staff", "allow any"}));
    assert_false(allowed(world, identity, {"allow if=$one"}));
    world.facts.true_variables = {1};
    assert_true(allowed(world, identity, {"allow if=$one"}));
    assert_false(allowed(world, identity, {"allow if=$two"}));
    assert_false(allowed(world, identity, {"allow if=$one if=$two"}));
    // The rule is that of the set that was asked.
    const auto outer = make_set(world, {"allow user=nobody", "allow user=noone", "allow policy=staff", "allow any"});
    assert_int_equal(outer->evaluate(identity, world.facts).rule, 3);
}

void wildcards_match_any_run(void**) {
    const struct {
        const char* text;
        const char* value;
        bool expected;
    } rows[] = {
        {"abc", "a*c", true},  {"ac", "a*c", true},       {"abcd", "a*c", false},  {"aXbYc", "a*b*c", true},
        {"acb", "a*b*c", false}, {"aa", "a*a", true},     {"a", "a*a", false},     {"abab", "*ab", true},
        {"xabyab", "*ab*ab", true}, {"xab", "*ab*ab", false}, {"a*c", "a\\*c", true}, {"abc", "a\\*c", false},
        {"a,b", "a\\,b", true}, {"a", "a\\,b", false},    {"a\\b", "a\\b", true},  {"x", "**", true},
        {"a/b/c", "a/*", true}, {"aab", "*a*ab", true},   {"ab", "*a*ab", false},
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
    world.files["list"] = "\xef\xbb\xbf# all of them\r\nalpha\r\n  beta gamma \t# two words\n\na*\na,b\nc#\n#d\n";
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

void a_refusal_is_explained_without_the_session(void**) {
    unit::TestWorld world;
    world.policies["staff"] = make_set(world, {"allow group=staff"});
    Identity identity = with_email("secret@company.com");
    identity.groups = Strings{"secret-group"};
    const auto explain = [&](const std::vector<std::string>& lines) {
        return make_set(world, lines)->explain(identity, world.facts);
    };
    assert_text_equal(explain({"allow group=admins", "allow domain=company.com role=r", "allow policy=staff", "allow if=$one"}),
                      "group=admins: does not hold; role=r: not known of this session; policy=staff: does not hold;"
                      " if=$one: does not hold");
    assert_text_equal(explain({"allow role=a", "deny domain=company.com", "allow any"}),
                      "role=a: not known of this session; oauth_deny domain=company.com: matches");
    assert_text_equal(explain({"deny group=x"}), "no rule matches");
    assert_text_equal(explain({"allow email~LIMIT"}), "email~LIMIT: does not hold");
    identity.user = "x";
    assert_text_equal(explain({"allow user~LIMIT"}), "user~LIMIT: the pattern hit its limit");
    assert_text_equal(explain({"deny user~LIMIT", "allow any"}), "oauth_deny user~LIMIT: matches");
    identity.email_verified = false;
    assert_text_equal(explain({"allow domain=company.com"}), "domain=company.com: the address is not verified");
    identity = with_email("a@b@c");
    assert_text_equal(explain({"allow domain=company.com"}), "domain=company.com: the address is not a plain one");

    const auto many = [&](const std::string& prefix) {
        RuleSet set;
        for (int i = 0; i < 40; ++i) {
            std::string value;
            for (int j = 0; j < 10; ++j) {
                value += "\xc3\xa4";
            }
            assert_text_equal(world.add(set, "allow group=" + prefix + value + std::to_string(i)), "");
        }
        return set.explain(identity, world.facts);
    };
    for (const char* prefix : {"", "a"}) {
        const std::string text = many(prefix);
        assert_in_range(text.size(), 398, 400);
        assert_true(text.ends_with("..."));
        assert_int_not_equal(static_cast<unsigned char>(text[text.size() - 4]), 0xc3);
    }
}

void deciding_does_not_allocate(void**) {
    unit::TestWorld world;
    world.policies["staff"] = make_set(world, {"deny email=mallory@example.org", "allow group=staff"});
    const auto set = make_set(world, {"deny email=a@example.org,b@example.org", "allow policy=staff", "allow team=a/b,c/*",
                                      "allow domain=*.example.com", "allow claim.c=x", "allow name!=n if=$one",
                                      "allow provider=corp domain=company.com"});
    Identity identity = with_email("Somebody.With.A.Long.Name.Indeed@Company.com");
    identity.groups = Strings{"a group with a long name", "another"};
    identity.claims = {{"c", "[\"a claim with a long text, longer than any\", 2]"}};
    allocations = 0;
    const auto verdict = set->evaluate(identity, world.facts);
    const std::size_t used = allocations;
    assert_true(verdict.allowed);
    assert_int_equal(verdict.rule, 6);
    assert_int_equal(used, 0);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(every_operator_against_every_fact),
        cmocka_unit_test(an_empty_list_is_known),
        cmocka_unit_test(an_empty_text_is_absent),
        cmocka_unit_test(conditions_must_all_hold_and_values_need_one),
        cmocka_unit_test(the_first_rule_that_matches_decides),
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
        cmocka_unit_test(a_pattern_that_hits_its_limit_lets_nobody_in),
        cmocka_unit_test(policies_and_variables_are_conditions),
        cmocka_unit_test(wildcards_match_any_run),
        cmocka_unit_test(files_hold_plain_values),
        cmocka_unit_test(a_refusal_is_explained_without_the_session),
        cmocka_unit_test(deciding_does_not_allocate),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
