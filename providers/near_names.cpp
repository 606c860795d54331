// SPDX-License-Identifier: MIT
// See near_names.hpp.
#include "near_names.hpp"

#include "../src/core/bytes.hpp"

#include <algorithm>
#include <cctype>
#include <cstddef>

namespace oauth::providers {

namespace {

constexpr std::size_t longest_name = 64;
constexpr std::size_t near = 2; // characters that are missing, too many, others, or two in the wrong order

bool is_variable_name(std::string_view name) {
    return name.size() <= longest_name && std::all_of(name.begin(), name.end(), [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
           });
}

std::string in_capitals(std::string_view name) {
    std::string capitals(name);
    for (char& c : capitals) {
        c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
    return capitals;
}

std::string without_underscores(std::string_view name) {
    std::string squeezed(name);
    std::erase(squeezed, '_');
    return squeezed;
}

// How many such mistakes lead from one to the other: optimal string alignment, with three rows of its table.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    std::vector<std::size_t> next(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) {
        row[j] = j;
    }
    for (std::size_t i = 1; i <= a.size(); ++i) {
        next[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t other = a[i - 1] == b[j - 1] ? 0 : 1;
            next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + other});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                next[j] = std::min(next[j], before[j - 2] + 1);
            }
        }
        std::swap(before, row);
        std::swap(row, next);
    }
    return row[b.size()];
}

std::string nearest(const std::string& name, const std::vector<std::string>& read) {
    std::string found;
    std::size_t least = near + 1;
    for (const std::string& known : read) {
        const bool is_spelled_otherwise = without_underscores(name) == without_underscores(known);
        const std::size_t difference = is_spelled_otherwise ? 0 : distance(name, known);
        if (difference < least) {
            least = difference;
            found = known;
        }
    }
    return found;
}

// "OAUTH_AZURE_AD_" of a type whose variables begin so.
std::string prefix_of(const Type& type) {
    constexpr std::string_view first = "CLIENT_ID";
    for (const Variable& variable : type.variables) {
        if (variable.name.ends_with(first)) {
            return std::string(variable.name.substr(0, variable.name.size() - first.size()));
        }
    }
    return "";
}

bool is_in_use(const Type& type, const GetVariable& get) {
    std::string missing;
    return activation_of(type, get, missing) != Activation::none;
}

// The type whose variable this would be; nullptr: none that is in use.
const Type* type_of(const std::string& name, const GetVariable& get) {
    const Type* found = nullptr;
    std::size_t longest = 0;
    for (const Type* type : types()) {
        const std::string prefix = prefix_of(*type);
        if (prefix.size() > longest && name.starts_with(prefix) && is_in_use(*type, get)) {
            found = type;
            longest = prefix.size();
        }
    }
    return found;
}

std::string variables_of(const Type& type) {
    std::string names;
    for (const Variable& variable : type.variables) {
        names.append(names.empty() ? "" : ", ").append(variable.name);
    }
    return names;
}

} // namespace

std::string explain_unread(std::string_view name, const std::vector<std::string>& read,
                           const GetVariable& get) {
    const std::string capitals = in_capitals(name);
    const bool may_be_ours = capitals.starts_with("OAUTH_") || capitals.starts_with("CHAINLIT_");
    if (!may_be_ours || !is_variable_name(name) || std::find(read.begin(), read.end(), name) != read.end()) {
        return "";
    }
    const std::string about = "nothing reads the environment variable \"" + std::string(name) + "\": ";
    const std::string meant = nearest(capitals, read);
    if (!meant.empty()) {
        return about + "did you mean \"" + meant + "\"?";
    }
    const Type* type = type_of(capitals, get);
    return type == nullptr ? ""
                           : about + "those of " + std::string(type->name) + " are " + variables_of(*type) +
                                 "; all else is a parameter of an oauth_provider block";
}

} // namespace oauth::providers
