// SPDX-License-Identifier: MIT
// Finds well-formed rules that make no sense: two conditions that exclude each other, or a rule that earlier
// ones make unreachable. Reports only what is certain. Called while the configuration is read.
#include "reach.hpp"

#include <algorithm>
#include <utility>

namespace oauth::policy {

namespace {

// Values compared for one rule, and for all rules of a configuration. Beyond this nothing is certain any
// more.
constexpr std::size_t max_steps = 300000;
constexpr std::size_t max_effort = 10000000;

// How many values a look at two conditions may compare: each of the one is looked up among the literals of
// the other, and tried with each of its wildcards.
std::size_t cost(const Condition& a, const Condition& b) {
    return 1 + a.values.size() * (1 + b.values.wildcards().size()) +
           b.values.size() * (1 + a.values.wildcards().size());
}

// The same where only the first one's values are walked through.
std::size_t cost_of_cover(const Condition& narrow, const Condition& wide) {
    return narrow.op == Operator::equal && wide.op == Operator::equal
               ? 1 + narrow.values.size() * (1 + wide.values.wildcards().size())
               : cost(narrow, wide);
}

bool about_same_fact(const Condition& a, const Condition& b) {
    return a.topic == b.topic && a.path == b.path;
}

bool about_same_address(const Condition& a, const Condition& b) {
    return a.topic.is_address() && b.topic.is_address();
}

bool is_compared(const Condition& condition) {
    return !condition.topic.is(Topic::Kind::policy) && !condition.topic.is(Topic::Kind::variable);
}

struct Halves {
    ValueText before;
    ValueText behind;
};

// The value at a mark that is in every text that it matches, and there only once: "*@example.org" at '@'.
std::optional<Halves> halves(const ValueText& value, char mark) {
    for (std::size_t i = 0; i < value.parts.size(); ++i) {
        const std::size_t at = value.parts[i].find(mark);
        if (at == std::string::npos) {
            continue;
        }
        Halves both;
        const auto here = value.parts.begin() + static_cast<std::ptrdiff_t>(i);
        both.before.parts.assign(value.parts.begin(), here);
        both.before.parts.push_back(here->substr(0, at));
        both.behind.parts.push_back(here->substr(at + 1));
        both.behind.parts.insert(both.behind.parts.end(), here + 1, value.parts.end());
        return both;
    }
    return std::nullopt; // a star may stand for it
}

// An address has one '@', and what is behind it is the domain.
std::optional<ValueText> domain_of(const ValueText& address) {
    auto both = halves(address, '@');
    return both ? std::optional(std::move(both->behind)) : std::nullopt;
}

std::optional<ValueText> addresses_of(const ValueText& domain) {
    ValueText all{{""}};
    all.parts.insert(all.parts.end(), domain.parts.begin(), domain.parts.end());
    all.parts[1].insert(all.parts[1].begin(), '@');
    return all;
}

// A team is written with its organisation, and who is in the one is in the other (providers/github.cpp).
std::optional<ValueText> organisation_of(const ValueText& team) {
    auto both = halves(team, '/');
    return both ? std::optional(std::move(both->before)) : std::nullopt;
}

using Translate = std::optional<ValueText> (*)(const ValueText& value);

Translate find_translation(const Topic& from, const Topic& to) {
    if (from.is("email") && to.is(Topic::Kind::domain)) {
        return domain_of;
    }
    if (from.is(Topic::Kind::domain) && to.is("email")) {
        return addresses_of;
    }
    return from.is("team") && to.is("org") ? organisation_of : nullptr;
}

// One of these is there where one of the values of `from` is there; nullptr: nothing is known.
std::shared_ptr<const Values> told(const Condition& from, const Condition& about) {
    if (about_same_fact(from, about)) {
        return {std::shared_ptr<void>(), &from.values};
    }
    const Translate translate = find_translation(from.topic, about.topic);
    if (translate == nullptr) {
        return nullptr;
    }
    auto values = std::make_shared<Values>();
    const bool complete = from.values.all([&](const ValueText& value) {
        auto translated = translate(value);
        if (translated) {
            values->add(std::move(*translated));
        }
        return translated.has_value();
    });
    values->finish();
    return complete ? values : nullptr;
}

bool are_covered(const Values& inner, const Values& outer) {
    return inner.all([&](const ValueText& value) { return outer.covers(value); });
}

bool all_give(const Values& values, const Pattern& pattern, Pattern::Match match) {
    return values.wildcards().empty() &&
           values.all([&](const ValueText& value) { return pattern.match(value.parts.front()) == match; });
}

// NAME=*: it is there.
bool is_anything(const Condition& condition) {
    return condition.op == Operator::equal && condition.values.covers(ValueText{{"", ""}});
}

bool implies_by_values(const Condition& narrow, const Condition& wide) {
    const auto values = told(narrow, wide);
    if (values == nullptr) {
        return false;
    }
    switch (wide.op) {
    case Operator::equal:
        return are_covered(*values, wide.values);
    case Operator::not_equal: // of a list another element may match
        return is_single_valued(wide.topic) && !values->may_intersect(wide.values);
    default:
        return all_give(*values, *wide.pattern, Pattern::Match::yes);
    }
}

bool implies_by_refusal(const Condition& narrow, const Condition& wide) {
    const auto refused =
        about_same_fact(narrow, wide) || about_same_address(narrow, wide) ? told(wide, narrow) : nullptr;
    return refused != nullptr && are_covered(*refused, narrow.values);
}

bool implies(const Condition& narrow, const Condition& wide) {
    if (!is_compared(narrow) || !is_compared(wide)) {
        return narrow.topic == wide.topic && narrow.set == wide.set && narrow.variable == wide.variable;
    }
    if (narrow.op == Operator::equal) {
        return implies_by_values(narrow, wide);
    }
    if (narrow.op == wide.op) {
        return narrow.op == Operator::pattern ? about_same_fact(narrow, wide) && narrow.regex == wide.regex
                                              : implies_by_refusal(narrow, wide);
    }
    // A list of which no element matches may be empty.
    const bool has_value = narrow.op == Operator::pattern || is_single_valued(narrow.topic);
    return has_value && is_anything(wide) &&
           (about_same_fact(narrow, wide) || about_same_address(narrow, wide));
}

bool is_contradiction(const Condition& a, const Condition& b) {
    const bool is_wanted = is_compared(a) && is_compared(b) && a.op == Operator::equal;
    const auto values = is_wanted ? told(a, b) : nullptr;
    if (values == nullptr) {
        return false;
    }
    switch (b.op) {
    case Operator::not_equal: // also of lists, because it means that no element matches
        return are_covered(*values, b.values);
    case Operator::equal:
        return is_single_valued(b.topic) && !values->may_intersect(b.values);
    default:
        return is_single_valued(b.topic) && all_give(*values, *b.pattern, Pattern::Match::no);
    }
}

} // namespace

// False: enough has been done.
bool Reach::spend(std::size_t steps) {
    if (steps_ + steps > max_steps || effort_.spent + steps > max_effort) {
        return false;
    }
    steps_ += steps;
    effort_.spent += steps;
    return true;
}

bool Reach::exclude(const Condition& a, const Condition& b) {
    return spend(cost(a, b)) && (is_contradiction(a, b) || is_contradiction(b, a));
}

std::string Reach::find_contradiction(const std::vector<Condition>& conditions) {
    for (std::size_t i = 0; i < conditions.size(); ++i) {
        for (std::size_t j = i + 1; j < conditions.size(); ++j) {
            const Condition& a = conditions[i];
            const Condition& b = conditions[j];
            if (exclude(a, b)) {
                return "\"" + a.text + "\" and \"" + b.text + "\" can never both hold";
            }
        }
    }
    return {};
}

Reach::Conditions Reach::pointers(const std::vector<Condition>& conditions) {
    Conditions result;
    for (const auto& condition : conditions) {
        result.push_back(&condition);
    }
    return result;
}

bool Reach::excludes(const Conditions& given, const RuleSet::Rule& rule) {
    return std::ranges::any_of(given, [&](const Condition* a) {
        return std::ranges::any_of(rule.conditions, [&](const Condition& b) { return exclude(*a, b); });
    });
}

// Its first rule that can match allows, and does match.
bool Reach::surely_allows(const Conditions& given, const RuleSet& set) {
    for (const auto& rule : set.rules_) {
        if (rule.action == Action::allow && all_hold(given, rule)) {
            return true;
        }
        if (rule.action == Action::deny && !excludes(given, rule)) {
            return false;
        }
    }
    return false;
}

// A policy that holds does so by one of its rules.
bool Reach::holds_by_policy(const Conditions& given, std::size_t policy, const Condition& wanted) {
    return std::ranges::all_of(given[policy]->set->rules_, [&](const RuleSet::Rule& rule) {
        if (rule.action == Action::deny || excludes(given, rule)) {
            return true;
        }
        Conditions more = given;
        more.erase(more.begin() + static_cast<std::ptrdiff_t>(policy));
        const Conditions own = pointers(rule.conditions);
        more.insert(more.end(), own.begin(), own.end());
        return holds(more, wanted);
    });
}

bool Reach::holds(const Conditions& given, const Condition& wanted) {
    for (const Condition* each : given) {
        if (!spend(cost_of_cover(*each, wanted))) {
            return false;
        }
        if (implies(*each, wanted)) {
            return true;
        }
    }
    if (wanted.topic.is(Topic::Kind::policy) && surely_allows(given, *wanted.set)) {
        return true;
    }
    for (std::size_t i = 0; i < given.size(); ++i) {
        if (given[i]->topic.is(Topic::Kind::policy) && holds_by_policy(given, i, wanted)) {
            return true;
        }
    }
    return false;
}

bool Reach::all_hold(const Conditions& given, const RuleSet::Rule& rule) {
    return std::ranges::all_of(rule.conditions,
                               [&](const Condition& wanted) { return holds(given, wanted); });
}

const RuleSet::Rule* Reach::find_cover(const Conditions& given, Rules earlier) {
    const auto found = std::ranges::find_if(
        earlier, [&](const RuleSet::Rule& rule) { return spend(1) && all_hold(given, rule); });
    return found == earlier.end() ? nullptr : &*found;
}

// Each of a condition's values by a rule of its own.
bool Reach::is_covered_by_values(const Conditions& given, Rules earlier) {
    return std::ranges::any_of(given, [&](const Condition* each) {
        if (each->op != Operator::equal || each->values.size() < 2) {
            return false;
        }
        Condition one; // of each value in turn; never a copy of the list, which may be long
        one.topic = each->topic;
        one.path = each->path;
        Conditions narrowed = given;
        std::ranges::replace(narrowed, each, &std::as_const(one));
        return each->values.all([&](const ValueText& value) {
            one.values = Values();
            one.values.add(value);
            one.values.finish();
            return find_cover(narrowed, earlier) != nullptr;
        });
    });
}

std::string Reach::why_unreachable(const Conditions& given, Rules earlier) {
    if (const RuleSet::Rule* cover = find_cover(given, earlier)) {
        return "\"" + cover->text + "\" before it decides for every session it matches";
    }
    return is_covered_by_values(given, earlier) ? "the rules before it decide for every session it matches"
                                                : "";
}

} // namespace oauth::policy
