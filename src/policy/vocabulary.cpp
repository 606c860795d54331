// SPDX-License-Identifier: MIT
// See vocabulary.hpp. Each message says what to write instead, because nginx does not start until it is
// right.
#include "vocabulary.hpp"

#include "address.hpp"
#include "../core/bytes.hpp"

#include <algorithm>
#include <numeric>

namespace oauth::policy {

namespace {

constexpr std::string_view claim_prefix = "claim.";

// The names that are compared: the facts of the table, and the domain behind the address it is of.
template <class Visitor>
void for_each_name(Visitor visit) {
    for (const session::FactRow& row : session::facts) {
        if (row.in_rules == session::InRules::never) {
            continue;
        }
        const session::Fact fact = session::Fact::of(row);
        visit(row.name, Topic{Topic::Kind::fact, fact});
        if (fact == "email") {
            visit("domain", Topic{Topic::Kind::domain, fact});
        }
    }
}

// The Levenshtein distance. Words are cut first; no configuration needs longer ones.
std::size_t distance(std::string_view a, std::string_view b) {
    a = a.substr(0, 64);
    b = b.substr(0, 64);
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

std::string impossible_domain(const std::string& text) {
    if (text.find('@') != std::string::npos) {
        return "a domain has no \"@\", accepted: domain=example.org or email=NAME@DOMAIN";
    }
    if (text.starts_with('.')) {
        return "subdomains are matched by domain=*" + text;
    }
    if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
        return "domains are ASCII: write an international one in its xn-- form";
    }
    return "it is not a domain name, accepted: domain=example.org or domain=*.example.org";
}

// Puts an 'a' in place of each star. If that is not a domain, no text that matches is one.
bool may_be_domain(const ValueText& value) {
    std::string sample = value.parts.front();
    for (std::size_t i = 1; i < value.parts.size(); ++i) {
        sample += "a" + value.parts[i];
    }
    return is_domain(sample);
}

// A star may stand for the '@', or for everything before or after it.
bool may_be_address(const ValueText& value) {
    if (value.is_literal()) {
        return address_domain(value.parts.front()).has_value();
    }
    const std::string text = value.text();
    const auto count = std::ranges::count(text, '@');
    const bool is_plain = text.find_first_of(" \"") == std::string::npos;
    return count <= 1 && is_plain && !text.starts_with('@') && !text.ends_with('@');
}

std::string impossible_address(const ValueText& value) {
    const std::string text = value.text();
    if (value.is_literal() && text.starts_with('@') && is_domain(text.substr(1))) {
        return "for everybody of a domain write domain=" + text.substr(1);
    }
    if (value.is_literal() && is_domain(text) && text.find('.') != std::string::npos) {
        return "an address has an \"@\", for everybody of a domain write domain=" + text;
    }
    return "it is not an e-mail address, accepted: email=NAME@DOMAIN with exactly one \"@\"";
}

std::string impossible_team(const std::string& text, const ValueText& value) {
    if (!value.is_literal()) {
        return {};
    }
    const std::size_t slash = text.find('/');
    if (slash == std::string::npos) {
        return "a team is written with its organisation: team=acme/" + text;
    }
    return slash == 0 || text.ends_with('/') ? "accepted: team=ORGANISATION/TEAM" : "";
}

} // namespace

bool is_single_valued(const Topic& topic) {
    return topic.is(Topic::Kind::domain) ||
           (topic.is(Topic::Kind::fact) && !session::is_list(topic.fact.row()));
}

std::string in_quotes(std::string_view text) {
    return "\"" + std::string(text) + "\"";
}

std::optional<Topic> find_topic(std::string_view name) {
    if (name.starts_with(claim_prefix)) {
        return Topic{Topic::Kind::claim};
    }
    std::optional<Topic> found;
    for_each_name([&](std::string_view known, const Topic& topic) {
        if (known == name) {
            found = topic;
        }
    });
    return found;
}

const std::string& accepted_conditions() {
    static const std::string list = [] {
        std::string text;
        for_each_name([&text](std::string_view name, const Topic&) { text.append(name).append(", "); });
        return text + "claim.PATH, policy, if, or \"any\" alone";
    }();
    return list;
}

std::string nearest_hint(std::string_view word, const std::vector<std::string>& known) {
    const std::string lower = core::to_lower_ascii(word);
    std::size_t best = 3;
    const std::string* nearest = nullptr;
    for (const auto& candidate : known) {
        // "username", "organization", "groups": a word that begins with a known word probably means that one.
        const bool begins = candidate.size() >= 2 && lower.starts_with(candidate);
        const std::size_t far = begins ? 0 : distance(lower, candidate);
        if (far < best && far < std::max(candidate.size(), std::size_t{2}) - 1) {
            best = far;
            nearest = &candidate;
        }
    }
    return nearest == nullptr ? "." : ", did you mean " + in_quotes(*nearest) + "?";
}

std::string nearest_condition_hint(std::string_view word) {
    if (word.starts_with("claim")) {
        return ", did you mean \"claim.PATH\"?";
    }
    std::vector<std::string> known{"any", "policy"};
    for_each_name([&known](std::string_view name, const Topic&) { known.emplace_back(name); });
    return nearest_hint(word, known);
}

std::string impossible_value(const Topic& topic, const ValueText& value) {
    const std::string text = value.text();
    if (topic.is("email")) {
        return may_be_address(value) ? "" : impossible_address(value);
    }
    if (topic.is(Topic::Kind::domain)) {
        return may_be_domain(value) ? "" : impossible_domain(text);
    }
    if (topic.is("team")) {
        return impossible_team(text, value);
    }
    if (topic.is("scope") && text.find(' ') != std::string::npos) {
        return "a scope has no spaces, accepted: scope=ONE,OTHER";
    }
    return {};
}

} // namespace oauth::policy
