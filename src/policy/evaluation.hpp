// SPDX-License-Identifier: MIT
// Private to this folder: one decision about one session. It lives on the stack of RuleSet::evaluate, borrows
// everything, and parses the e-mail address at most once.
#pragma once

#include "address.hpp"
#include "rule.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::policy {

// unknown: the session does not have the fact. It counts as no, also under !=. doubtful: a pattern hit its
// limit. It counts as whatever refuses.
enum class Truth { no, unknown, yes, doubtful };

// Which addresses count as verified: those that the provider verified, or all of them (only for explaining
// why somebody was refused).
enum class Trust { verified, all_addresses };

// A condition about one text, whatever is behind the name; an empty text is not known.
Truth holds_for(const Condition& condition, std::string_view text);

class Evaluation {
public:
    Evaluation(const session::Identity& identity, const RequestFacts& request, Trust trust)
        : identity_(identity), request_(request), trust_(trust) {}

    // doubtful: it depends on a pattern that hit its limit.
    Truth decide(const RuleSet& set);
    // The rule that decided last, as an index into its set; -1: none.
    int rule() const { return rule_; }

    Verdict verdict(const RuleSet& set);
    std::string explain(const RuleSet& set);
    // The scopes of the first rule that lets the session in; of a set that does not, of the first that would
    // if it had them. nullopt: no rule would.
    std::optional<std::vector<std::string>> needed_scopes(const RuleSet& set);

    static bool uses_email(const RuleSet& set);

private:
    Truth holds(const RuleSet::Rule& rule);
    Truth holds(const Condition& condition);
    Truth holds_fact(const Condition& condition);
    Truth holds_list(const Condition& condition, const session::Strings* list) const;
    Truth holds_claim(const Condition& condition) const;
    Truth holds_address(const Condition& condition);
    void read_address();
    // Does it hold, but for scopes? Then all that it needs are added.
    bool is_within_reach(const RuleSet::Rule& rule, std::vector<std::string>& scopes);
    const Condition* first_unmet(const RuleSet::Rule& rule, Truth& truth);

    enum class Address { not_read, absent, present };

    const session::Identity& identity_;
    const RequestFacts& request_;
    const Trust trust_;
    int rule_ = -1;
    Address address_known_ = Address::not_read;
    char address_buffer_[max_address_size];
    std::string_view address_; // lower case, in the buffer
    std::string_view domain_;
};

} // namespace oauth::policy
