// SPDX-License-Identifier: MIT
// See values.hpp. Literals are sorted, so that a file of ten thousand addresses costs about a dozen
// comparisons.
#include "values.hpp"

#include <algorithm>

namespace oauth::policy {

namespace {

// Below this size a linear search is faster than a binary one.
constexpr std::size_t few = 8;

bool is_escapable(char c) {
    return c == ',' || c == '*' || c == '\\';
}

} // namespace

std::string ValueText::text() const {
    std::string text = parts.front();
    for (std::size_t i = 1; i < parts.size(); ++i) {
        text += '*';
        text += parts[i];
    }
    return text;
}

bool ValueText::matches(std::string_view text) const {
    const std::string& first = parts.front();
    if (is_literal()) {
        return text == first;
    }
    const std::string& last = parts.back();
    if (text.size() < first.size() + last.size() || !text.starts_with(first) || !text.ends_with(last)) {
        return false;
    }
    text.remove_prefix(first.size());
    text.remove_suffix(last.size());
    for (std::size_t i = 1; i + 1 < parts.size(); ++i) {
        const std::size_t at = text.find(parts[i]);
        if (at == std::string_view::npos) {
            return false;
        }
        text.remove_prefix(at + parts[i].size());
    }
    return true;
}

bool ValueText::covers(const ValueText& other) const {
    // What stands for the other's stars is in no value, so only a star of this one can take it.
    std::string text = other.parts.front();
    for (std::size_t i = 1; i < other.parts.size(); ++i) {
        text.append("\n").append(other.parts[i]);
    }
    return matches(text);
}

std::vector<ValueText> split_values(std::string_view list) {
    std::vector<ValueText> values{{{""}}};
    for (std::size_t i = 0; i < list.size(); ++i) {
        auto& parts = values.back().parts;
        if (list[i] == '\\' && i + 1 < list.size() && is_escapable(list[i + 1])) {
            parts.back() += list[++i];
        } else if (list[i] == ',') {
            values.push_back({{""}});
        } else if (list[i] != '*') {
            parts.back() += list[i];
        } else if (parts.size() == 1 || !parts.back().empty()) {
            parts.emplace_back();
        }
    }
    return values;
}

void Values::add(ValueText value) {
    auto& values = value.is_literal() ? literals_ : wildcards_;
    values.push_back(std::move(value));
}

void Values::finish() {
    std::sort(literals_.begin(), literals_.end(),
              [](const ValueText& a, const ValueText& b) { return a.parts.front() < b.parts.front(); });
}

bool Values::has_literal(std::string_view text) const {
    if (literals_.size() <= few) {
        for (const auto& value : literals_) {
            if (value.parts.front() == text) {
                return true;
            }
        }
        return false;
    }
    const auto found = std::lower_bound(
        literals_.begin(), literals_.end(), text,
        [](const ValueText& value, std::string_view wanted) { return value.parts.front() < wanted; });
    return found != literals_.end() && found->parts.front() == text;
}

bool Values::match(std::string_view text) const {
    if (has_literal(text)) {
        return true;
    }
    for (const auto& value : wildcards_) {
        if (value.matches(text)) {
            return true;
        }
    }
    return false;
}

bool Values::covers(const ValueText& value) const {
    if (value.is_literal()) {
        return match(value.parts.front());
    }
    return std::ranges::any_of(wildcards_, [&](const ValueText& own) { return own.covers(value); });
}

bool Values::may_intersect(const Values& other) const {
    if (!wildcards_.empty() && !other.wildcards_.empty()) {
        return true;
    }
    const auto common = [](const Values& from, const Values& with) {
        return std::ranges::any_of(from.literals_,
                                   [&](const ValueText& value) { return with.match(value.parts.front()); });
    };
    return common(*this, other) || common(other, *this);
}

} // namespace oauth::policy
