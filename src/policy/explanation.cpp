// SPDX-License-Identifier: MIT
// Explains a refusal in the log: what the configuration says and which conditions were not met, without any
// value of the session.
#include "evaluation.hpp"

#include "../core/bytes.hpp"

namespace oauth::policy {

namespace {

constexpr std::size_t max_size = 400;
constexpr std::string_view ellipsis = "...";

std::string bounded(std::string text) {
    if (text.size() <= max_size) {
        return text;
    }
    std::size_t size = max_size - ellipsis.size();
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) {
        --size;
    }
    return text.substr(0, size).append(ellipsis);
}

std::string_view reason(const Condition& condition, Truth truth, const session::Identity& identity) {
    if (truth == Truth::doubtful) {
        return "the pattern hit its limit";
    }
    if (truth == Truth::unknown && condition.topic.is_address() && identity.email) {
        return identity.email_verified ? "the address is not a plain one" : "the address is not verified";
    }
    return truth == Truth::unknown ? "not known of this session" : "does not hold";
}

} // namespace

const Condition* Evaluation::first_unmet(const RuleSet::Rule& rule, Truth& truth) {
    const Condition* doubtful = nullptr;
    for (const auto& condition : rule.conditions) {
        truth = holds(condition);
        if (truth == Truth::no || truth == Truth::unknown) {
            return &condition;
        }
        if (truth == Truth::doubtful && doubtful == nullptr) {
            doubtful = &condition;
        }
    }
    truth = doubtful != nullptr ? Truth::doubtful : Truth::yes;
    return doubtful;
}

std::string Evaluation::explain(const RuleSet& set) {
    std::string text;
    for (const auto& rule : set.rules_) {
        Truth truth = Truth::yes;
        const Condition* unmet = first_unmet(rule, truth);
        const bool is_deny = rule.action == Action::deny;
        const bool decides = unmet == nullptr || (is_deny && truth == Truth::doubtful);
        if ((is_deny && !decides) || text.size() > max_size) {
            continue;
        }
        text += text.empty() ? "" : "; ";
        if (decides) {
            return bounded(text + rule.text + ": matches");
        }
        text += unmet->text;
        text += ": ";
        text += reason(*unmet, truth, identity_);
    }
    return bounded(text.empty() ? "no rule matches" : text);
}

} // namespace oauth::policy
