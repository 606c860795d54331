// SPDX-License-Identifier: MIT
// Over a million random rule sets and sessions no session may pass that a slow and obvious evaluator refuses,
// and what nginx -t refuses as unreachable or contradictory must be so. UB-05, ID-01..06, ID-12.

#include "../../src/policy/policy.hpp"

#include <algorithm>
#include <cstdio>
#include <random>

#include "policy_ports.hpp"
#include "policy_reference.hpp"
#include "unit.hpp"

using namespace oauth;
using namespace oauth::reference;
using session::Identity;
using session::Strings;

namespace {

class Dice {
public:
    explicit Dice(unsigned seed) : random_(seed) {}
    unsigned below(unsigned count) { return static_cast<unsigned>(random_() % count); }
    bool one_in(unsigned count) { return below(count) == 0; }
    template <class T>
    const T& pick(const std::vector<T>& from) {
        return from[below(static_cast<unsigned>(from.size()))];
    }

private:
    std::mt19937 random_;
};

const std::vector<std::string> words = {"a", "A", "ab", "b", "x", "ax", "a,b", "a*b", "12", ""};
const std::vector<std::string> teams = {"a/b", "A/b", "ab/b", "x/b", "a/b/x", ""};
const std::vector<std::string> all_facts = {
    "provider", "sub",    "user", "email", "domain", "name",    "hd",    "org",    "team",    "group",
    "role",     "tenant", "acr",  "amr",   "scope",  "claim.c", "email", "domain", "claim.c", "group"};

Value random_value(Dice& dice, const std::string& fact) {
    static const std::vector<std::string> addresses = {"a@b.c", "A@b.C", "*@b.c",   "a*",
                                                       "x@*",   "*b.c",  "ab@x.b.c"};
    static const std::vector<std::string> domains = {"b.c", "B.C", "*.b.c", "*b.c", "*", "x*"};
    static const std::vector<std::string> plain = {"a",  "ab",    "b", "x",  "A",   "a*",
                                                   "*b", "*a*b*", "*", "12", "true"};
    static const std::vector<std::string> team_values = {"a/b", "x/b", "a*", "*/b", "*", "a/*x"};
    if (fact == "email") {
        return {dice.pick(addresses)};
    }
    if (fact == "domain") {
        return {dice.pick(domains)};
    }
    if (fact == "team") {
        return {dice.pick(team_values)};
    }
    static const std::vector<std::string> exact = {"a*b", "a,b"};
    return dice.one_in(6) ? Value{dice.pick(exact), true} : Value{dice.pick(plain)};
}

Term random_term(Dice& dice, unsigned policies) {
    Term term;
    if (const unsigned kind = dice.below(12); kind == 0 && policies > 0) {
        term.kind = Kind::policy;
        term.number = static_cast<int>(dice.below(policies));
        return term;
    } else if (kind == 1) {
        term.kind = Kind::variable;
        term.number = static_cast<int>(dice.below(3));
        return term;
    }
    term.fact = dice.pick(all_facts);
    if (dice.one_in(6)) {
        static const std::vector<std::string> prefixes = {"a", "x", "ab", "LIMIT", "LIMIT"};
        term.kind = Kind::pattern;
        term.prefix = dice.pick(prefixes);
        return term;
    }
    term.kind = dice.one_in(3) ? Kind::not_equal : Kind::equal;
    for (unsigned count = dice.below(3) + 1; count > 0; --count) {
        term.values.push_back(random_value(dice, term.fact));
    }
    return term;
}

std::string written(const Term& term) {
    static const std::vector<std::string> variables = {"zero", "one", "two"};
    switch (term.kind) {
    case Kind::policy:
        return "policy=p" + std::to_string(term.number);
    case Kind::variable:
        return "if=$" + variables[static_cast<std::size_t>(term.number)];
    case Kind::pattern:
        return term.fact + "~^" + term.prefix;
    default:
        break;
    }
    std::string text = term.fact + (term.kind == Kind::equal ? "=" : "!=");
    for (const auto& value : term.values) {
        text += text.back() == '=' ? "" : ",";
        for (const char c : value.text) {
            text += c == ',' || (c == '*' && value.is_exact) ? std::string("\\") + c : std::string(1, c);
        }
    }
    return text;
}

struct Refusal {
    Rules before;
    Rule rule;
    bool is_unreachable; // otherwise its conditions contradict each other
};

struct World {
    unit::TestWorld unit;
    std::vector<Rules> policies; // the last is the one to ask
    std::vector<Refusal> refusals;
};

void add_random_rules(World& world, Dice& dice) {
    auto set = std::make_shared<policy::RuleSet>();
    Rules rules;
    const auto ports = world.unit.ports();
    for (unsigned count = dice.below(5) + 1; count > 0; --count) {
        Rule rule;
        rule.allows = !dice.one_in(3);
        for (unsigned terms = dice.one_in(10) ? 0 : dice.below(3) + 1; terms > 0; --terms) {
            rule.terms.push_back(random_term(dice, static_cast<unsigned>(world.policies.size())));
        }
        std::vector<std::string> text;
        for (const auto& term : rule.terms) {
            text.push_back(written(term));
        }
        if (text.empty()) {
            text.emplace_back("any");
        }
        const std::string error =
            set->add(rule.allows ? policy::Action::allow : policy::Action::deny, text, ports);
        const bool is_unreachable = error.starts_with("can never be reached");
        if (error.empty()) {
            rules.push_back(rule);
        } else if (is_unreachable || error.ends_with("can never both hold")) {
            world.refusals.push_back({rules, rule, is_unreachable});
        } else {
            fail_msg("%s", error.c_str());
        }
    }
    world.unit.policies["p" + std::to_string(world.policies.size())] = set;
    world.policies.push_back(rules);
}

template <class T>
void maybe(Dice& dice, std::optional<T>& fact, const std::type_identity_t<T>& value) {
    if (!dice.one_in(4)) {
        fact = value;
    }
}

Strings random_list(Dice& dice, const std::vector<std::string>& from) {
    Strings list;
    for (unsigned count = dice.below(4); count > 0; --count) {
        list.push_back(dice.pick(from));
    }
    return list;
}

Identity random_identity(Dice& dice) {
    Identity identity;
    identity.provider = dice.pick(words);
    identity.subject = dice.pick(words);
    identity.user = dice.pick(words);
    maybe(dice, identity.email, dice.one_in(3) ? dice.pick(bad_addresses) : dice.pick(good_addresses));
    identity.email_verified = !dice.one_in(4);
    for (const auto member : {&Identity::name, &Identity::hd, &Identity::acr}) {
        maybe(dice, identity.*member, dice.pick(words));
    }
    for (const auto member : {&Identity::amr, &Identity::scopes, &Identity::groups, &Identity::roles,
                              &Identity::orgs, &Identity::tenants}) {
        maybe(dice, identity.*member, random_list(dice, words));
    }
    maybe(dice, identity.teams, random_list(dice, teams));
    if (identity.teams) { // who is in a team is in its organisation
        identity.orgs = identity.orgs.value_or(Strings());
        for (const std::string& team : *identity.teams) {
            identity.orgs->push_back(team.substr(0, team.find('/')));
        }
    }
    if (!dice.one_in(4)) {
        identity.claims = {{"c", dice.pick(claims).json}};
    }
    return identity;
}

struct Tally {
    unsigned cases = 0, allowed = 0, doubtful = 0, unverified = 0, refusals = 0;
};

void describe(const World& world, const Identity& identity) {
    for (std::size_t i = 0; i < world.policies.size(); ++i) {
        const auto& set = *world.unit.policies.at("p" + std::to_string(i));
        for (std::size_t rule = 0; rule < set.size(); ++rule) {
            print_error("p%zu: %s\n", i, set.text(static_cast<int>(rule)).c_str());
        }
    }
    print_error("email \"%s\" verified %d user \"%s\" claim %s\n",
                std::string(identity.email.value_or("-")).c_str(), identity.email_verified,
                std::string(identity.user).c_str(),
                identity.claims.empty() ? "-" : identity.claims[0].second.c_str());
}

void compare(const World& world, const Identity& identity, const std::set<int>& variables, Tally& tally) {
    const Rules& rules = world.policies.back();
    Reference reference(world.policies, identity, variables);
    const auto expected = reference.allowed_for_sure(rules);
    if (!expected) {
        return;
    }
    const auto& set = *world.unit.policies.at("p" + std::to_string(world.policies.size() - 1));
    const auto verdict = set.evaluate(identity, world.unit.facts);
    bool same = verdict.allowed == *expected;
    if (!reference.had_doubts()) {
        same = same && verdict.rule == reference.first_match(rules);
    }
    Identity verified = identity;
    verified.email_verified = true;
    const auto if_verified = Reference(world.policies, verified, variables).allowed_for_sure(rules);
    if (if_verified) {
        const bool unverified = !*expected && identity.email && !identity.email_verified && *if_verified;
        same = same && verdict.email_unverified == unverified;
    }
    if (!same) {
        describe(world, identity);
        fail_msg("allowed %d, expected %d; rule %d", verdict.allowed, *expected, verdict.rule);
    }
    ++tally.cases;
    tally.allowed += verdict.allowed ? 1 : 0;
    tally.doubtful += reference.had_doubts() ? 1 : 0;
    tally.unverified += verdict.email_unverified ? 1 : 0;
}

// What nginx -t calls unreachable or contradictory really is.
void check_refusals(const World& world, const Identity& identity, const std::set<int>& variables,
                    Tally& tally) {
    for (const auto& refusal : world.refusals) {
        Rules rules = refusal.is_unreachable ? refusal.before : Rules();
        rules.push_back(refusal.rule);
        Reference reference(world.policies, identity, variables);
        const int rule = reference.first_match(rules);
        if (rule == static_cast<int>(rules.size()) - 1) {
            describe(world, identity);
            fail_msg("a rule was refused that can decide: %s", written(refusal.rule.terms.front()).c_str());
        }
        ++tally.refusals;
    }
}

void no_session_passes_that_the_reference_refuses(void**) {
    Dice dice(5489);
    Tally tally;
    std::vector<Identity> identities;
    for (int i = 0; i < 2000; ++i) {
        identities.push_back(random_identity(dice));
    }
    while (tally.cases < 1000000) {
        World world;
        for (unsigned sets = dice.below(3) + 1; sets > 0; --sets) {
            add_random_rules(world, dice);
        }
        for (int i = 0; i < 400; ++i) {
            std::set<int>& variables = world.unit.facts.true_variables;
            variables.clear();
            for (int variable = 0; variable < 3; ++variable) {
                if (dice.one_in(2)) {
                    variables.insert(variable);
                }
            }
            const Identity& identity = dice.pick(identities);
            compare(world, identity, variables, tally);
            check_refusals(world, identity, variables, tally);
        }
    }
    print_message(
        "%u cases: %u allowed, %u with a pattern at its limit, %u unverified; %u refused rules tried\n",
        tally.cases, tally.allowed, tally.doubtful, tally.unverified, tally.refusals);
    // A generator that only makes refusals, or only certainties, would prove nothing.
    assert_in_range(tally.allowed, tally.cases / 10, tally.cases - tally.cases / 10);
    assert_true(tally.doubtful > 10000);
    assert_true(tally.unverified > 1000);
    assert_true(tally.refusals > 10000);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(no_session_passes_that_the_reference_refuses),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
