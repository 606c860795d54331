// SPDX-License-Identifier: MIT
// A slow and simple evaluator for test_policy_property, written from docs/policy.md and not from the code
// that it checks. The test makes up the rules; facts come from pools whose meaning is listed. If a pattern
// hits its limit, the evaluator tries each answer that the pattern might have given, and lets somebody in
// only if all of them do.
#pragma once

#include "../../src/session/session.hpp"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace oauth::reference {

using session::Identity;
using session::Strings;

enum class Kind { equal, not_equal, pattern, policy, variable };

struct Value {
    std::string text; // a '*' is any run, unless is_exact
    bool is_exact = false;
};

struct Term {
    Kind kind = Kind::equal;
    std::string fact;
    std::vector<Value> values;
    std::string prefix; // pattern: what the value begins with; "LIMIT": in doubt where there is an 'x'
    int number = 0;     // policy, variable
};

struct Rule {
    bool allows = false;
    std::vector<Term> terms;
};

using Rules = std::vector<Rule>;

inline std::string lower(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c + ('a' - 'A'));
        }
    }
    return text;
}

inline bool wild(const std::string& text, const std::string& value) {
    if (value.empty()) {
        return text.empty();
    }
    if (value[0] == '*') {
        return wild(text, value.substr(1)) || (!text.empty() && wild(text.substr(1), value));
    }
    return !text.empty() && text[0] == value[0] && wild(text.substr(1), value.substr(1));
}

// Every address of the pools is clearly valid or clearly invalid; this lists the valid ones.
inline const std::vector<std::string> good_addresses = {"a@b.c", "A@B.c", "ab@x.b.c", "x@xb.c", "b@b.c"};
inline const std::vector<std::string> bad_addresses = {"a@b@b.c",   "a@b.c.", "@b.c", "a b@b.c",
                                                       "\"a\"@b.c", "a",      ""};

// What is known about a fact. Without any value it is absent.
struct Known {
    bool is_known = false;
    bool is_murky = false; // holds something that can not be compared
    Strings values;
};

inline Known one(const std::optional<std::string>& text) {
    return text && !text->empty() ? Known{true, false, {*text}} : Known{};
}

inline Known many(const std::optional<Strings>& list) {
    Known known;
    if (list) {
        known.is_known = true;
        for (const auto& element : *list) {
            if (!element.empty()) {
                known.values.push_back(element);
            }
        }
    }
    return known;
}

// Claims are chosen from these, so that this file does not have to parse JSON.
struct Claim {
    const char* json;
    Known known;
};
inline const std::vector<Claim> claims = {
    {"\"a\"", {true, false, {"a"}}},
    {"\"ab\"", {true, false, {"ab"}}},
    {"[\"a\",\"x\"]", {true, false, {"a", "x"}}},
    {"[]", {true, false, {}}},
    {"[\"\"]", {true, false, {}}},
    {"\"\"", {}},
    {"null", {}},
    {"{\"a\":\"a\"}", {}},
    {"[{\"a\":1},\"a\"]", {true, true, {"a"}}},
    {"[null]", {true, false, {}}},
    {"12", {true, false, {"12"}}},
    {"[true, 12]", {true, false, {"true", "12"}}},
    {"[\"a\"", {}},
    {"\"\\u0061b\"", {true, false, {"ab"}}},
};

inline Known claim_of(const Identity& identity) {
    for (const auto& claim : claims) {
        if (!identity.claims.empty() && identity.claims[0].second == claim.json) {
            return claim.known;
        }
    }
    return {};
}

inline Known address_of(const Identity& identity, const std::string& fact) {
    if (!identity.email || !identity.email_verified ||
        std::ranges::count(good_addresses, std::string(*identity.email)) == 0) {
        return {};
    }
    const std::string address = lower(*identity.email);
    return one(fact == "email" ? address : address.substr(address.find('@') + 1));
}

inline Known known_of(const Identity& identity, const std::string& fact) {
    if (fact == "email" || fact == "domain") {
        return address_of(identity, fact);
    }
    if (fact == "claim.c") {
        return claim_of(identity);
    }
    return fact == "provider" ? one(identity.provider)
           : fact == "sub"    ? one(identity.subject)
           : fact == "user"   ? one(identity.user)
           : fact == "name"   ? one(identity.name)
           : fact == "hd"     ? one(identity.hd)
           : fact == "tenant" ? many(identity.tenants)
           : fact == "acr"    ? one(identity.acr)
           : fact == "org"    ? many(identity.orgs)
           : fact == "team"   ? many(identity.teams)
           : fact == "group"  ? many(identity.groups)
           : fact == "role"   ? many(identity.roles)
           : fact == "amr"    ? many(identity.amr)
           : fact == "scope"  ? many(identity.scopes)
                              : Known{};
}

class Reference {
public:
    Reference(const std::vector<Rules>& policies, const Identity& identity, const std::set<int>& variables)
        : policies_(policies), identity_(identity), variables_(variables) {}

    // True if every combination of the open answers allows. nullopt if there are too many to try.
    std::optional<bool> allowed_for_sure(const Rules& rules) {
        bool all = true;
        unsigned doubts = 0;
        for (answers_ = 0; answers_ < 1U << doubts; ++answers_) {
            asked_ = 0;
            all = allowed(rules) && all;
            doubts = std::max(doubts, asked_);
            if (doubts > 8) {
                return std::nullopt;
            }
        }
        had_doubts_ = doubts > 0;
        return all;
    }
    bool had_doubts() const { return had_doubts_; }

    int first_match(const Rules& rules) {
        for (std::size_t i = 0; i < rules.size(); ++i) {
            if (matches(rules[i])) {
                return static_cast<int>(i);
            }
        }
        return -1;
    }

private:
    bool allowed(const Rules& rules) {
        const int rule = first_match(rules);
        return rule >= 0 && rules[static_cast<std::size_t>(rule)].allows;
    }

    bool matches(const Rule& rule) {
        return std::ranges::all_of(rule.terms, [&](const Term& term) { return holds(term); });
    }

    bool holds(const Term& term) {
        if (term.kind == Kind::policy) {
            return allowed(policies_[static_cast<std::size_t>(term.number)]);
        }
        if (term.kind == Kind::variable) {
            return variables_.contains(term.number);
        }
        const Known known = known_of(identity_, term.fact);
        if (!known.is_known || (known.is_murky && term.kind == Kind::not_equal)) {
            return false;
        }
        const bool any =
            std::ranges::any_of(known.values, [&](const auto& text) { return matches(term, text); });
        return term.kind == Kind::not_equal ? !any : any;
    }

    bool matches(const Term& term, const std::string& text) {
        if (term.prefix == "LIMIT") {
            return text.find('x') != std::string::npos && (answers_ >> asked_++ & 1U) != 0;
        }
        if (term.kind == Kind::pattern) {
            return text.starts_with(term.prefix);
        }
        const bool folds = term.fact == "email" || term.fact == "domain";
        return std::ranges::any_of(term.values, [&](const Value& value) {
            const std::string wanted = folds ? lower(value.text) : value.text;
            return value.is_exact ? text == wanted : wild(text, wanted);
        });
    }

    const std::vector<Rules>& policies_;
    const Identity& identity_;
    const std::set<int>& variables_;
    unsigned answers_ = 0;
    unsigned asked_ = 0;
    bool had_doubts_ = false;
};

} // namespace oauth::reference
