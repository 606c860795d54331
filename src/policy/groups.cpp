// SPDX-License-Identifier: MIT
// Which groups the rules name. If a user has more groups than a session can hold, only these are kept.
#include "rule.hpp"

namespace oauth::policy {

bool RuleSet::mentions_group(std::string_view group) const {
    for (const Rule& rule : rules_) {
        for (const Condition& condition : rule.conditions) {
            const bool nested = condition.set && condition.set->mentions_group(group);
            const bool pattern = condition.topic.is("group") && condition.pattern &&
                                 condition.pattern->match(group) != Pattern::Match::no;
            if (nested || pattern || (condition.topic.is("group") && condition.values.match(group))) {
                return true;
            }
        }
    }
    return false;
}

void RuleSet::append_group_conditions(std::string& text) const {
    for (const Rule& rule : rules_) {
        for (const Condition& condition : rule.conditions) {
            if (condition.set) {
                condition.set->append_group_conditions(text);
            }
            if (!condition.topic.is("group")) {
                continue;
            }
            text.append(condition.text).push_back('\n');
            condition.values.all([&text](const ValueText& value) {
                text.append(value.text()).push_back('\n');
                return true;
            });
        }
    }
}

} // namespace oauth::policy
