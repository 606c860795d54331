// SPDX-License-Identifier: MIT
// The right-hand side of = and !=: texts compared exactly, and texts with `*`, which matches any run of
// characters. Built once when the configuration is read; asked on the request path, without allocating.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace oauth::policy {

// One value, split at its unescaped stars: "a*b" has the parts "a" and "b". A value with one part has no
// star.
struct ValueText {
    std::vector<std::string> parts;

    bool is_literal() const { return parts.size() == 1; }
    std::string text() const; // with the stars, without the escapes
    // Each part is searched once, from the end of the part before it. There is no backtracking.
    bool matches(std::string_view text) const;
    // True if this value surely matches everything that `other` matches; false if that is not certain.
    bool covers(const ValueText& other) const;
};

// "a,b\,c,d*": a comma, star or backslash that belongs to a value has a backslash before it; any other
// backslash is an ordinary character. Empty values are kept, so that the caller can report them.
std::vector<ValueText> split_values(std::string_view list);

class Values {
public:
    void add(ValueText value);
    // After the last add().
    void finish();

    std::size_t size() const { return literals_.size() + wildcards_.size(); }
    bool match(std::string_view text) const;
    bool covers(const ValueText& value) const;
    // False only if certainly no text is matched by both.
    bool may_intersect(const Values& other) const;
    const std::vector<ValueText>& literals() const { return literals_; }
    const std::vector<ValueText>& wildcards() const { return wildcards_; }
    template <class Predicate>
    bool all(Predicate predicate) const {
        for (const auto* values : {&literals_, &wildcards_}) {
            for (const auto& value : *values) {
                if (!predicate(value)) {
                    return false;
                }
            }
        }
        return true;
    }

private:
    bool has_literal(std::string_view text) const;

    std::vector<ValueText> literals_; // sorted by finish()
    std::vector<ValueText> wildcards_;
};

} // namespace oauth::policy
