// SPDX-License-Identifier: MIT
// Private to this folder: a parsed rule. parser.cpp makes it, reach.cpp looks for rules that make no sense
// together, evaluation.cpp decides with it.
#pragma once

#include "policy.hpp"
#include "values.hpp"

namespace oauth::policy {

// What a condition is about.
struct Topic {
    enum class Kind {
        fact,
        domain, // of the e-mail address
        claim,
        policy,
        variable,
    };
    Kind kind = Kind::fact;
    session::Fact fact = "provider"; // with Kind::fact

    bool is(Kind other) const { return kind == other; }
    bool is(session::Fact other) const { return kind == Kind::fact && fact == other; }
    bool is_address() const { return is("email") || is(Kind::domain); }
    friend bool operator==(const Topic&, const Topic&) = default;
};

enum class Operator { equal, not_equal, pattern };

struct Condition {
    std::string text; // as written
    Topic topic;
    Operator op = Operator::equal;
    Values values;                          // equal (NAME@FILE too) and not_equal
    std::string regex;                      // pattern: as written
    std::shared_ptr<const Pattern> pattern; // pattern: see anchor.hpp
    std::string path;                       // claim
    std::shared_ptr<const RuleSet> set;     // policy
    int variable = -1;                      // variable
};

// True for facts that have one value per person, so that two values cannot both match.
bool is_single_valued(const Topic& topic);

struct RuleSet::Rule {
    Action action = Action::deny;
    std::vector<Condition> conditions; // none: `any`
    std::string text;
    Needs needs;
    bool depends_on_request = false;
    std::size_t weight = 1; // the number of conditions, with those of the sets that it names
    int depth = 0;          // of sets within sets
};
} // namespace oauth::policy
