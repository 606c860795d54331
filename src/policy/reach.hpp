// SPDX-License-Identifier: MIT
// Private to this folder: what certainly follows from conditions, for rules that can never be reached. It
// knows that an address is in its domain and a team in its organisation, and looks into policies.
#pragma once

#include "rule.hpp"

#include <span>

namespace oauth::policy {

class Reach {
public:
    using Conditions = std::vector<const Condition*>;
    using Rules = std::span<const RuleSet::Rule>;

    explicit Reach(Effort& effort) : effort_(effort) {}

    static Conditions pointers(const std::vector<Condition>& conditions);

    // A sentence for nginx -t about two conditions of a rule that cannot both hold; empty: all is well.
    std::string find_contradiction(const std::vector<Condition>& conditions);

    // Why no session for which all of `given` hold comes past the rules; empty: one may.
    std::string why_unreachable(const Conditions& given, Rules earlier);

private:
    bool spend(std::size_t steps);
    bool exclude(const Condition& a, const Condition& b);
    bool holds(const Conditions& given, const Condition& wanted);
    bool all_hold(const Conditions& given, const RuleSet::Rule& rule);
    bool holds_by_policy(const Conditions& given, std::size_t policy, const Condition& wanted);
    bool surely_allows(const Conditions& given, const RuleSet& set);
    bool excludes(const Conditions& given, const RuleSet::Rule& rule);
    const RuleSet::Rule* find_cover(const Conditions& given, Rules earlier);
    bool is_covered_by_values(const Conditions& given, Rules earlier);

    Effort& effort_;
    std::size_t steps_ = 0;
};

} // namespace oauth::policy
