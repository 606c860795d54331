// SPDX-License-Identifier: MIT
// May they? Every operator against every kind of fact, the order of rules, policies within policies, patterns
// that hit their limit (UB-05), and what a refusal says. ID-12, ID-15.

#include "../../src/policy/policy.hpp"
#include "../../src/core/bytes.hpp"

#include <cstdio>
#include <functional>
#include <new>

#include "policy_sessions.hpp"

using namespace oauth;
using namespace oauth::unit;

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
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace {

// One row a fact: how a session comes to have it, a value, another one, and how each looks in a rule.
struct Fact {
    std::string name;
    std::function<void(Identity&, const std::string&)> give;
    std::string value = "one";
    std::string other = "two";
};

std::vector<Fact> text_facts() {
    std::vector<Fact> facts;
    const std::pair<const char*, core::Text Identity::*> plain[] = {
        {"provider", &Identity::provider}, {"sub", &Identity::subject}, {"user", &Identity::user}};
    for (const auto& [name, member] : plain) {
        facts.push_back({name, [member = member](Identity& identity, const std::string& value) {
                             identity.*member = value;
                         }});
    }
    const std::pair<const char*, std::optional<core::Text> Identity::*> optional[] = {
        {"name", &Identity::name}, {"hd", &Identity::hd}, {"acr", &Identity::acr}};
    for (const auto& [name, member] : optional) {
        facts.push_back({name, [member = member](Identity& identity, const std::string& value) {
                             identity.*member = value;
                         }});
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
        {"org", &Identity::orgs},      {"group", &Identity::groups}, {"role", &Identity::roles},
        {"amr", &Identity::amr},       {"scope", &Identity::scopes}, {"team", &Identity::teams},
        {"tenant", &Identity::tenants}};
    for (const auto& [name, member] : lists) {
        const auto give = [member = member](Identity& identity, const std::string& value) {
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

void check_operators(const Fact& fact, const Identity& identity, bool matches,
                     bool known) { // NOLINT: a table's columns
    const std::string first = fact.value.substr(0, 2);
    for (const std::string& right :
         {fact.value, fact.value + ",q*/zz" + fact.value, "*" + fact.value.substr(1)}) {
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
    const auto set =
        make_set(world, {"deny user=mallory", "allow group=staff", "deny group=guests", "allow role=owner"});
    const auto decide = [&](const char* user, const Strings& groups, const Strings& roles) {
        Identity identity;
        identity.user = user;
        identity.groups = groups;
        identity.roles = roles;
        return set->evaluate(identity, world.facts);
    };
    const auto expect = [](const policy::Verdict& verdict, bool is_allowed,
                           int rule) { // NOLINT: the expected value
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

// UB-05: whatever a pattern that gave up would have said, nobody gets in by it.
void a_pattern_that_hits_its_limit_lets_nobody_in(void**) {
    unit::TestWorld world;
    world.policies["slow"] = make_set(world, {"allow user~LIMIT"});
    world.policies["not_slow"] = make_set(world, {"deny user~LIMIT", "allow any"});
    world.policies["deeper"] = make_set(world, {"deny policy=slow", "allow any"});
    world.policies["plain"] = make_set(world, {"allow user~LIMIT", "allow group=a"});
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
    const auto outer =
        make_set(world, {"allow user=nobody", "allow user=noone", "allow policy=staff", "allow any"});
    assert_int_equal(outer->evaluate(identity, world.facts).rule, 3);
}

// What is missing of one provider's users is not looked for in another's.
void needs_are_told_of_one_provider(void**) {
    unit::TestWorld world;
    const auto set = make_set(world, {"allow provider=corp group=staff", "allow provider!=corp claim.x=1",
                                      "deny role=guest", "allow domain=example.org"});
    const policy::Needs corp = set->needs_of("corp");
    assert_true(corp.has("group") && corp.has("role") && corp.has("email"));
    assert_true(corp.claims.empty());
    const policy::Needs other = set->needs_of("other");
    assert_false(other.has("group"));
    assert_true(other.has("role") && other.has("email"));
    assert_int_equal(other.claims.count("x"), 1);
}

void a_refusal_is_explained_without_the_session(void**) {
    unit::TestWorld world;
    world.policies["staff"] = make_set(world, {"allow group=staff"});
    Identity identity = with_email("secret@company.com");
    identity.groups = Strings{"secret-group"};
    const auto explain = [&](const std::vector<std::string>& lines) {
        return make_set(world, lines)->explain(identity, world.facts);
    };
    assert_text_equal(
        explain(
            {"allow group=admins", "allow domain=company.com role=r", "allow policy=staff", "allow if=$one"}),
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
    assert_text_equal(explain({"allow domain=company.com"}),
                      "domain=company.com: the address is not verified");
    identity = with_email("a@b@c");
    assert_text_equal(explain({"allow domain=company.com"}),
                      "domain=company.com: the address is not a plain one");

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
    for (std::size_t size = 0; size < 8; ++size) {
        const std::string text = many(std::string(size, 'a'));
        assert_in_range(text.size(), 398, 400);
        assert_true(text.ends_with("..."));
        assert_true(core::is_valid_utf8(text));
    }
}

void deciding_does_not_allocate(void**) {
    unit::TestWorld world;
    world.policies["staff"] = make_set(world, {"deny email=mallory@example.org", "allow group=staff"});
    const auto set = make_set(world, {"deny email=a@example.org,b@example.org", "allow policy=staff",
                                      "allow team=a/b,c/*", "allow domain=*.example.com", "allow claim.c=x",
                                      "allow name!=n if=$one", "allow provider=corp domain=company.com"});
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
        cmocka_unit_test(a_pattern_that_hits_its_limit_lets_nobody_in),
        cmocka_unit_test(policies_and_variables_are_conditions),
        cmocka_unit_test(needs_are_told_of_one_provider),
        cmocka_unit_test(a_refusal_is_explained_without_the_session),
        cmocka_unit_test(deciding_does_not_allocate),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
