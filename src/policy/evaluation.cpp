// SPDX-License-Identifier: MIT
// RuleSet::evaluate: the rules against a session. Used on the request path if no verdict is remembered, so
// nothing here allocates unless a claim has escapes in it. Only this file decides what a doubtful answer
// counts as.
#include "evaluation.hpp"

#include "claim.hpp"
#include "../core/bytes.hpp"

namespace oauth::policy {

namespace {

Truth match(const Condition& condition, std::string_view text) {
    if (condition.op != Operator::pattern) {
        return condition.values.match(text) ? Truth::yes : Truth::no;
    }
    switch (condition.pattern->match(text)) {
    case Pattern::Match::yes:
        return Truth::yes;
    case Pattern::Match::no:
        return Truth::no;
    default:
        return Truth::doubtful;
    }
}

// The answer about a fact, negated for !=.
Truth with_operator(const Condition& condition, Truth matched) {
    if (condition.op != Operator::not_equal) {
        return matched;
    }
    return matched == Truth::no ? Truth::yes : Truth::no;
}

// yes if any element matches; otherwise doubtful if any element is doubtful.
Truth either(Truth a, Truth b) {
    if (a == Truth::yes || b == Truth::yes) {
        return Truth::yes;
    }
    return a == Truth::doubtful || b == Truth::doubtful ? Truth::doubtful : Truth::no;
}

} // namespace

Truth holds_for(const Condition& condition, std::string_view text) {
    return text.empty() ? Truth::unknown : with_operator(condition, match(condition, text));
}

void Evaluation::read_address() {
    address_known_ = Address::absent;
    if (!identity_.email || (trust_ == Trust::verified && !identity_.email_verified)) {
        return;
    }
    const auto domain = address_domain(*identity_.email);
    if (!domain) {
        return;
    }
    const std::string_view address = *identity_.email;
    const std::size_t size = address.size();
    for (std::size_t i = 0; i < size; ++i) {
        address_buffer_[i] = core::to_lower_ascii(address[i]);
    }
    address_ = std::string_view(address_buffer_, size);
    domain_ = address_.substr(size - domain->size());
    address_known_ = Address::present;
}

Truth Evaluation::holds_address(const Condition& condition) {
    if (address_known_ == Address::not_read) {
        read_address();
    }
    if (address_known_ == Address::absent) {
        return Truth::unknown;
    }
    return with_operator(condition,
                         match(condition, condition.topic.is(Topic::Kind::domain) ? domain_ : address_));
}

Truth Evaluation::holds_list(const Condition& condition, const session::Strings* list) const {
    if (list == nullptr) {
        return Truth::unknown;
    }
    Truth matched = Truth::no;
    for (const auto& element : *list) {
        if (!element.empty() && matched != Truth::yes) {
            matched = either(matched, match(condition, element));
        }
    }
    return with_operator(condition, matched);
}

Truth Evaluation::holds_claim(const Condition& condition) const {
    const std::string* json = identity_.find_claim(condition.path);
    if (json == nullptr) {
        return Truth::unknown;
    }
    ClaimReader claim(*json);
    Truth matched = Truth::no;
    bool has_value = claim.is_array();
    for (std::string_view scalar; claim.next(scalar);) {
        if (!scalar.empty()) {
            has_value = true;
            matched = either(matched, match(condition, scalar));
        }
    }
    // In an array with objects the value may be inside one of them, so != has no answer.
    if (!claim.complete() || !has_value || (claim.has_others() && condition.op == Operator::not_equal)) {
        return Truth::unknown;
    }
    return with_operator(condition, matched);
}

Truth Evaluation::holds_fact(const Condition& condition) {
    const session::FactRow& row = condition.topic.fact.row();
    if (condition.topic.is_address()) {
        return holds_address(condition);
    }
    if (session::is_list(row)) {
        return holds_list(condition, session::list_of(identity_, row));
    }
    const core::Text* text = session::text_of(identity_, row);
    return holds_for(condition, text == nullptr ? std::string_view() : std::string_view(*text));
}

Truth Evaluation::holds(const Condition& condition) {
    switch (condition.topic.kind) {
    case Topic::Kind::fact:
        return holds_fact(condition);
    case Topic::Kind::domain:
        return holds_address(condition);
    case Topic::Kind::claim:
        return holds_claim(condition);
    case Topic::Kind::policy:
        return decide(*condition.set);
    case Topic::Kind::variable:
        return request_.variable_is_true(condition.variable) ? Truth::yes : Truth::no;
    }
    return Truth::unknown;
}

// A condition that certainly does not hold decides, even if an earlier one was doubtful.
Truth Evaluation::holds(const RuleSet::Rule& rule) {
    Truth all = Truth::yes;
    for (const auto& condition : rule.conditions) {
        const Truth truth = holds(condition);
        if (truth == Truth::doubtful) {
            all = Truth::doubtful;
        } else if (truth != Truth::yes) {
            return Truth::no;
        }
    }
    return all;
}

Truth Evaluation::decide(const RuleSet& set) {
    int decided = -1;
    bool may_allow = false;
    bool may_deny = false;
    Truth last = Truth::no;
    for (std::size_t i = 0; i < set.rules_.size() && last != Truth::yes; ++i) {
        const auto& rule = set.rules_[i];
        last = holds(rule);
        if (last == Truth::no) {
            continue;
        }
        const bool is_deny = rule.action == Action::deny;
        (is_deny ? may_deny : may_allow) = true;
        // A doubtful answer counts as no.
        if (decided < 0 && (is_deny || last == Truth::yes)) {
            decided = static_cast<int>(i);
        }
    }
    rule_ = decided;
    if (may_allow && (may_deny || last != Truth::yes)) {
        return Truth::doubtful;
    }
    return may_allow ? Truth::yes : Truth::no;
}

Verdict Evaluation::verdict(const RuleSet& set) {
    Verdict verdict;
    verdict.allowed = decide(set) == Truth::yes;
    verdict.rule = rule_;
    return verdict;
}

bool Evaluation::uses_email(const RuleSet& set) {
    for (const auto& rule : set.rules_) {
        if (rule.needs.has("email")) {
            return true;
        }
    }
    return false;
}

Verdict RuleSet::evaluate(const session::Identity& identity, const RequestFacts& request) const {
    Verdict verdict = Evaluation(identity, request, Trust::verified).verdict(*this);
    if (!verdict.allowed && identity.email && !identity.email_verified && Evaluation::uses_email(*this)) {
        verdict.email_unverified = Evaluation(identity, request, Trust::all_addresses).verdict(*this).allowed;
    }
    return verdict;
}

std::string RuleSet::explain(const session::Identity& identity, const RequestFacts& request) const {
    return Evaluation(identity, request, Trust::verified).explain(*this);
}

} // namespace oauth::policy
