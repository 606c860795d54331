// SPDX-License-Identifier: MIT
// The scopes that rules name, for clients that can ask their server for more of them.
#include "evaluation.hpp"

#include <algorithm>
#include <utility>

namespace oauth::policy {

namespace {

// scope=a,b, but neither scope!=a nor scope~a nor scope@file.
bool names_scopes(const Condition& condition) {
    return condition.text.starts_with("scope=") && condition.values.wildcards().empty();
}

bool asks_policy(const Condition& condition) {
    return condition.topic.is(Topic::Kind::policy);
}

void add(std::string scope, std::vector<std::string>& scopes) {
    if (scope != "offline_access" && std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) {
        scopes.push_back(std::move(scope));
    }
}

void add_all(std::vector<std::string> more, std::vector<std::string>& scopes) {
    for (std::string& scope : more) {
        add(std::move(scope), scopes);
    }
}

// False: it names none that a client could ask for.
bool add_named(const Condition& condition, std::vector<std::string>& scopes) {
    std::vector<std::string> named;
    for (const ValueText& value : condition.values.literals()) {
        add(value.text(), named);
    }
    const bool has_some = !named.empty();
    add_all(std::move(named), scopes);
    return has_some;
}

} // namespace

void RuleSet::append_scopes(const Rule& rule, std::vector<std::string>& scopes) {
    for (const Condition& condition : rule.conditions) {
        if (asks_policy(condition)) {
            add_all(condition.set->first_scopes(), scopes);
        } else if (names_scopes(condition)) {
            add_named(condition, scopes);
        }
    }
}

std::vector<std::string> RuleSet::first_scopes() const {
    std::vector<std::string> scopes;
    for (const Rule& rule : rules_) {
        if (rule.action == Action::allow && scopes.empty()) {
            append_scopes(rule, scopes);
        }
    }
    return scopes;
}

std::vector<std::string> RuleSet::all_scopes() const {
    std::vector<std::string> scopes;
    for (const Rule& rule : rules_) {
        if (rule.action != Action::allow) {
            continue;
        }
        append_scopes(rule, scopes);
        for (const Condition& condition : rule.conditions) {
            if (asks_policy(condition)) {
                add_all(condition.set->all_scopes(), scopes);
            }
        }
    }
    return scopes;
}

bool Evaluation::is_within_reach(const RuleSet::Rule& rule, std::vector<std::string>& scopes) {
    for (const Condition& condition : rule.conditions) {
        if (asks_policy(condition)) {
            auto needed = needed_scopes(*condition.set);
            if (!needed) {
                return false;
            }
            add_all(std::move(*needed), scopes);
        } else if (!(names_scopes(condition) && add_named(condition, scopes)) &&
                   holds(condition) != Truth::yes) {
            return false;
        }
    }
    return true;
}

std::optional<std::vector<std::string>> Evaluation::needed_scopes(const RuleSet& set) {
    const bool is_met = decide(set) == Truth::yes;
    for (const RuleSet::Rule& rule : set.rules_) {
        if (rule.action == Action::deny) {
            if (holds(rule) != Truth::no) {
                return std::nullopt;
            }
            continue;
        }
        std::vector<std::string> scopes;
        if ((!is_met || holds(rule) == Truth::yes) && is_within_reach(rule, scopes)) {
            return scopes;
        }
    }
    return std::nullopt;
}

std::vector<std::string> RuleSet::lacking_scopes(const session::Identity& identity,
                                                 const RequestFacts& request) const {
    Evaluation evaluation(identity, request, Trust::verified);
    return evaluation.needed_scopes(*this).value_or(std::vector<std::string>());
}

} // namespace oauth::policy
