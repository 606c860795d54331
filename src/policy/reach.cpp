// SPDX-License-Identifier: MIT
// Finds well-formed rules that make no sense: two conditions that exclude each other, or a rule that an
// earlier one makes unreachable. Reports only what is certain. Called while the configuration is read.
#include "rule.hpp"

#include "address.hpp"

#include <algorithm>

namespace oauth::policy {

namespace {

bool about_same_fact(const Condition& a, const Condition& b) {
    return a.topic == b.topic && a.path == b.path;
}

// NAME=..., of which NAME!=... in the same rule refuses every value. Also for lists, because != means that no
// element matches.
bool is_excluded(const Condition& wanted, const Condition& refused) {
    return wanted.op == Operator::equal && refused.op == Operator::not_equal &&
           wanted.values.all([&](const ValueText& value) { return refused.values.covers(value); });
}

bool is_disjoint(const Condition& a, const Condition& b) {
    return a.op == Operator::equal && b.op == Operator::equal && is_single_valued(a.topic) &&
           !a.values.may_intersect(b.values);
}

// email=bob@example.org in one rule with domain=example.com.
bool is_foreign_address(const Condition& address, const Condition& domain) {
    return address.topic.is("email") && domain.topic.is(Topic::Kind::domain) &&
           address.op == Operator::equal && domain.op == Operator::equal &&
           address.values.wildcards().empty() && address.values.all([&](const ValueText& value) {
               return !domain.values.match(address_domain(value.parts.front()).value_or(""));
           });
}

bool is_contradiction(const Condition& a, const Condition& b) {
    return is_foreign_address(a, b) || (about_same_fact(a, b) && (is_excluded(a, b) || is_disjoint(a, b)));
}

bool implies(const Condition& narrow, const Condition& wide) {
    if (!about_same_fact(narrow, wide) || narrow.op != wide.op) {
        return false;
    }
    if (narrow.topic.is(Topic::Kind::policy)) {
        return narrow.set == wide.set;
    }
    if (narrow.topic.is(Topic::Kind::variable)) {
        return narrow.variable == wide.variable;
    }
    if (narrow.op == Operator::pattern) {
        return narrow.regex == wide.regex;
    }
    const Condition& inner = narrow.op == Operator::equal ? narrow : wide;
    const Condition& outer = narrow.op == Operator::equal ? wide : narrow;
    return inner.values.all([&](const ValueText& value) { return outer.values.covers(value); });
}

} // namespace

std::string find_contradiction(const std::vector<Condition>& conditions) {
    for (const auto& a : conditions) {
        for (const auto& b : conditions) {
            if (&a != &b && is_contradiction(a, b)) {
                return "\"" + a.text + "\" and \"" + b.text + "\" can never both hold";
            }
        }
    }
    return {};
}

bool implies(const std::vector<Condition>& narrow, const std::vector<Condition>& wide) {
    return std::ranges::all_of(wide, [&](const Condition& wanted) {
        return std::ranges::any_of(narrow, [&](const Condition& given) { return implies(given, wanted); });
    });
}

} // namespace oauth::policy
