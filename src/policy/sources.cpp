// SPDX-License-Identifier: MIT
// Rules that no provider's sessions can ever match, because it does not tell what they ask for. Says so only
// where it is certain: whatever depends on a claim, a variable or a value may hold. Called when the
// configuration has been read.
#include "evaluation.hpp"
#include "reach.hpp"
#include "vocabulary.hpp"

#include <algorithm>

namespace oauth::policy {

namespace {

bool is_about_provider(const Condition& condition) {
    return condition.topic.is("provider");
}

// "email, domain, name, ...": the names of conditions that may hold.
std::string told_names(const Source& source) {
    std::string names;
    for (const session::FactRow& row : session::facts) {
        const session::Fact fact = session::Fact::of(row);
        if (row.in_rules == session::InRules::condition && source.tells.has(fact)) {
            names.append(names.empty() ? "" : ", ").append(row.name);
            names.append(fact == "email" ? ", domain" : "");
        }
    }
    return names;
}

std::string told_by(const std::vector<const Source*>& sources) {
    std::string text;
    for (const Source* source : sources) {
        text += "; " + source->name + " tells: " + told_names(*source);
    }
    return text;
}

std::string names_of(const std::vector<const Source*>& sources) {
    std::string names;
    for (const Source* source : sources) {
        names.append(names.empty() ? "" : ", ").append(source->name);
    }
    return names;
}

} // namespace

// Whether one rule can match a session of one source.
struct RuleSet::Prospect {
    static bool may_hold(const Condition& condition, const Source& source) {
        switch (condition.topic.kind) {
        case Topic::Kind::fact:
            if (is_about_provider(condition)) {
                return holds_for(condition, source.name) != Truth::no;
            }
            return session::is_always_known(condition.topic.fact.row()) ||
                   source.tells.has(condition.topic.fact);
        case Topic::Kind::domain:
            return source.tells.has("email");
        case Topic::Kind::policy:
            return may_allow(*condition.set, source);
        case Topic::Kind::claim:
        case Topic::Kind::variable:
            break;
        }
        return true;
    }

    static bool may_match(const Rule& rule, const Source& source) {
        return std::ranges::all_of(rule.conditions,
                                   [&](const Condition& each) { return may_hold(each, source); });
    }

    // Only `any` and conditions on the provider are certain.
    static bool surely_matches(const Rule& rule, const Source& source) {
        return std::ranges::all_of(rule.conditions, [&](const Condition& each) {
            return is_about_provider(each) && holds_for(each, source.name) == Truth::yes;
        });
    }

    static bool may_allow(const RuleSet& set, const Source& source) {
        for (const Rule& rule : set.rules_) {
            if (rule.action == Action::allow && may_match(rule, source)) {
                return true;
            }
            if (surely_matches(rule, source)) {
                return false;
            }
        }
        return false;
    }
};

// Of each provider that a rule may match sessions of: do earlier ones decide for all of these?
std::string RuleSet::find_covered(const Rule& rule, const std::vector<const Source*>& sources) const {
    const Reach::Rules earlier(rules_.data(), static_cast<std::size_t>(&rule - rules_.data()));
    std::string why;
    for (const Source* source : sources) {
        Condition provider;
        provider.topic = Topic{Topic::Kind::fact, "provider"};
        provider.values.add(ValueText{{source->name}});
        provider.values.finish();
        Reach::Conditions given = Reach::pointers(rule.conditions);
        given.push_back(&provider);
        why = Reach(*effort_).why_unreachable(given, earlier);
        if (why.empty()) {
            return {};
        }
    }
    return "can never be reached: only sessions of " + names_of(sources) + " can match it, and " + why;
}

std::string RuleSet::find_impossible(std::size_t index, const std::vector<Source>& sources) const {
    const Rule& rule = rules_[index];
    std::vector<const Source*> candidates;
    candidates.reserve(sources.size());
    for (const Source& source : sources) {
        candidates.push_back(&source);
    }
    std::string whose = "that is offered here";
    for (const Condition& condition : rule.conditions) {
        if (!is_about_provider(condition)) {
            continue;
        }
        const std::vector<const Source*> before = candidates;
        std::erase_if(candidates,
                      [&](const Source* source) { return !Prospect::may_hold(condition, *source); });
        if (candidates.empty()) {
            return in_quotes(condition.text) +
                   ": none of the providers that are offered here: " + names_of(before);
        }
        if (candidates.size() != before.size()) {
            whose = "that this rule is for";
        }
    }
    std::vector<const Source*> matching = candidates;
    std::erase_if(matching, [&](const Source* each) { return !Prospect::may_match(rule, *each); });
    if (!matching.empty()) {
        return find_covered(rule, matching);
    }
    for (const Condition& condition : rule.conditions) {
        if (std::ranges::any_of(candidates,
                                [&](const Source* each) { return Prospect::may_hold(condition, *each); })) {
            continue;
        }
        if (condition.topic.is(Topic::Kind::policy)) {
            return in_quotes(condition.text) +
                   ": allows nobody of the providers that are offered here: " + names_of(candidates);
        }
        const session::Fact fact = condition.topic.is(Topic::Kind::domain) ? "email" : condition.topic.fact;
        return in_quotes(condition.text) + ": no provider " + whose + " tells " +
               std::string(fact.row().asked_as) + told_by(candidates);
    }
    return "no provider " + whose + " tells all that this rule asks for" + told_by(candidates);
}

void RuleSet::collect_policies(std::set<const RuleSet*>& policies) const {
    for (const Rule& rule : rules_) {
        for (const Condition& condition : rule.conditions) {
            if (condition.set != nullptr && policies.insert(condition.set.get()).second) {
                condition.set->collect_policies(policies);
            }
        }
    }
}

} // namespace oauth::policy
