// SPDX-License-Identifier: MIT
// The rules of one level or of one oauth_policy: how they are collected while the configuration is read, and
// which facts they need. evaluation.cpp decides.
#include "rule.hpp"

#include "evaluation.hpp"
#include "parser.hpp"
#include "reach.hpp"
#include "../core/bytes.hpp"

#include <algorithm>

namespace oauth::policy {

namespace {

constexpr std::size_t max_words = 64;
// Sets can name sets, so without a limit a short configuration could cause years of comparisons.
constexpr std::size_t max_weight = 10000;
constexpr int max_depth = 16;

std::string written(Action action, const std::vector<std::string>& words) {
    std::string text = action == Action::allow ? "oauth_allow" : "oauth_deny";
    for (const auto& word : words) {
        const bool plain = word.find_first_of(" \"';{}") == std::string::npos;
        const char quote = word.find('"') == std::string::npos ? '"' : '\'';
        text += plain ? " " + word : std::string(" ") + quote + word + quote;
    }
    return text;
}

std::string check_words(const std::vector<std::string>& words) {
    if (words.empty()) {
        return "has no rule, accepted: any, or conditions such as group=admins";
    }
    if (words.size() > max_words) {
        return "has more than 64 conditions";
    }
    for (const auto& word : words) {
        if (word.empty()) {
            return "has an empty condition, accepted: any, or conditions such as group=admins";
        }
        if (core::has_control_characters(word)) {
            return "has a condition with control characters";
        }
    }
    return {};
}

// What one condition uses of a session; sets are merged by the caller.
void add_need(const Condition& condition, Needs& needs) {
    switch (condition.topic.kind) {
    case Topic::Kind::fact:
        needs.add(condition.topic.fact);
        break;
    case Topic::Kind::domain:
        needs.add("email");
        break;
    case Topic::Kind::claim:
        needs.claims.insert(condition.path);
        break;
    case Topic::Kind::policy:
    case Topic::Kind::variable:
        break;
    }
}

} // namespace

void Needs::merge(const Needs& other) {
    facts.merge(other.facts);
    claims.insert(other.claims.begin(), other.claims.end());
}

RuleSet::RuleSet() = default;
RuleSet::~RuleSet() = default;
RuleSet::RuleSet(RuleSet&&) noexcept = default;
RuleSet& RuleSet::operator=(RuleSet&&) noexcept = default;

std::string RuleSet::add(Action action, const std::vector<std::string>& words, const ParserPorts& ports) {
    if (auto error = check_words(words); !error.empty()) {
        return error;
    }
    Rule rule;
    rule.action = action;
    rule.text = written(action, words);
    if (words.size() != 1 || words.front() != "any") {
        for (const auto& word : words) {
            if (auto error = parse_condition(word, ports, rule.conditions.emplace_back()); !error.empty()) {
                return error;
            }
        }
    }
    effort_ = ports.effort;
    if (auto error = Reach(*effort_).find_contradiction(rule.conditions); !error.empty()) {
        return error;
    }
    rule.weight += rule.conditions.size();
    for (const auto& condition : rule.conditions) {
        add_need(condition, rule.needs);
        rule.depends_on_request |= condition.topic.is(Topic::Kind::variable);
        if (condition.set != nullptr) {
            rule.needs.merge(condition.set->needs());
            rule.depends_on_request |= condition.set->depends_on_request();
            for (const auto& inner : condition.set->rules_) {
                rule.weight += inner.weight;
                rule.depth = std::max(rule.depth, inner.depth + 1);
            }
        }
    }
    return append(std::move(rule));
}

std::string RuleSet::append(Rule rule) {
    std::size_t weight = rule.weight;
    for (const auto& earlier : rules_) {
        if (earlier.conditions.empty()) {
            return "can never be reached: \"" + earlier.text + "\" before it decides for everybody";
        }
        weight += earlier.weight;
    }
    if (auto why = Reach(*effort_).why_unreachable(Reach::pointers(rule.conditions), rules_); !why.empty()) {
        return "can never be reached: " + why;
    }
    if (weight > max_weight || rule.depth > max_depth) {
        return "makes the rules too many: at most 10000 conditions in all, and policies at most 16 deep";
    }
    rules_.push_back(std::move(rule));
    return {};
}

std::string RuleSet::check() const {
    if (rules_.empty()) {
        return "there is no rule, so nobody is ever let in: \"oauth_allow any\" lets in everybody who signs "
               "in";
    }
    const bool can_allow =
        std::ranges::any_of(rules_, [](const Rule& rule) { return rule.action == Action::allow; });
    if (!can_allow) {
        return "there are only oauth_deny rules, so nobody is ever let in: \"oauth_allow any\" after them "
               "lets in everybody else";
    }
    return {};
}

bool RuleSet::empty() const {
    return rules_.empty();
}

std::size_t RuleSet::size() const {
    return rules_.size();
}

std::vector<std::string> RuleSet::texts(Action action) const {
    std::vector<std::string> texts;
    for (const Rule& rule : rules_) {
        if (rule.action == action) {
            texts.push_back(rule.text);
        }
    }
    return texts;
}

const std::string& RuleSet::text(int rule) const {
    static const std::string none;
    return rule >= 0 && static_cast<std::size_t>(rule) < rules_.size()
               ? rules_[static_cast<std::size_t>(rule)].text
               : none;
}

bool RuleSet::depends_on_request() const {
    return std::ranges::any_of(rules_, [](const Rule& rule) { return rule.depends_on_request; });
}

Needs RuleSet::needs() const {
    Needs needs;
    for (const auto& rule : rules_) {
        needs.merge(rule.needs);
    }
    return needs;
}

Needs RuleSet::needs_of(std::string_view provider) const {
    const auto excludes = [provider](const Condition& condition) {
        return condition.topic.is("provider") && holds_for(condition, provider) == Truth::no;
    };
    Needs needs;
    for (const auto& rule : rules_) {
        if (std::ranges::none_of(rule.conditions, excludes)) {
            needs.merge(rule.needs);
        }
    }
    return needs;
}

} // namespace oauth::policy
