// SPDX-License-Identifier: MIT
// The scopes that rules name, for clients that can ask their server for more of them.
#include "evaluation.hpp"

#include <algorithm>

namespace oauth::policy {

namespace {

// scope=a,b, but neither scope!=a nor scope~a nor scope@file.
bool names_scopes(const Condition& condition) {
    return condition.topic.is("scope") && condition.op == Operator::equal &&
           condition.text.starts_with("scope=") && condition.values.wildcards().empty();
}

bool asks_policy(const Condition& condition) {
    return condition.topic.is(Topic::Kind::policy);
}

} // namespace

void RuleSet::append_scopes(const Rule& rule, std::vector<std::string>& scopes) {
    for (const Condition& condition : rule.conditions) {
        if (asks_policy(condition)) {
            for (std::string& scope : condition.set->first_scopes()) {
                if (std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) {
                    scopes.push_back(std::move(scope));
                }
            }
            continue;
        }
        if (!names_scopes(condition)) {
            continue;
        }
        for (const ValueText& value : condition.values.literals()) {
            std::string scope = value.text();
            if (scope != "offline_access" && std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) {
                scopes.push_back(std::move(scope));
            }
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
            for (std::string& scope :
                 asks_policy(condition) ? condition.set->all_scopes() : std::vector<std::string>()) {
                if (std::find(scopes.begin(), scopes.end(), scope) == scopes.end()) {
                    scopes.push_back(std::move(scope));
                }
            }
        }
    }
    return scopes;
}

// As if it had every scope that the rule names.
Truth Evaluation::holds_with_scopes(const RuleSet::Rule& rule) {
    Truth all = Truth::yes;
    for (const Condition& condition : rule.conditions) {
        Truth truth = Truth::yes;
        if (asks_policy(condition)) {
            truth = decide(*condition.set);
            if (truth == Truth::no && !lacking_scopes(*condition.set).empty()) {
                truth = Truth::yes;
            }
        } else if (!names_scopes(condition)) {
            truth = holds(condition);
        }
        if (truth != Truth::yes) {
            all = truth == Truth::doubtful && all == Truth::yes ? Truth::doubtful : Truth::no;
        }
    }
    return all;
}

std::vector<std::string> Evaluation::lacking_scopes(const RuleSet& set) {
    for (const RuleSet::Rule& rule : set.rules_) {
        if (rule.action == Action::deny && holds(rule) != Truth::no) {
            return {};
        }
        if (rule.action == Action::allow && holds_with_scopes(rule) == Truth::yes) {
            std::vector<std::string> scopes;
            RuleSet::append_scopes(rule, scopes);
            return scopes; // none: it lets in without more, and did not, for another reason
        }
    }
    return {};
}

std::vector<std::string> RuleSet::lacking_scopes(const session::Identity& identity,
                                                 const RequestFacts& request) const {
    return Evaluation(identity, request, Trust::verified).lacking_scopes(*this);
}

} // namespace oauth::policy
