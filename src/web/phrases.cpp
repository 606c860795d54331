// SPDX-License-Identifier: MIT
// See phrases.hpp.
#include "phrases.hpp"

#include "../core/bytes.hpp"

namespace oauth::web {

namespace {

constexpr const Language* all[] = {&english, &german, &french, &spanish, &portuguese, &japanese};

// In thousandths. What is no weight counts as none.
int read_weight(std::string_view parameters) {
    for (const std::string_view parameter : core::split(parameters, ';')) {
        const std::string_view trimmed = core::trim(parameter);
        if (!trimmed.starts_with("q=") && !trimmed.starts_with("Q=")) {
            continue;
        }
        const std::string_view value = trimmed.substr(2);
        if (value.empty() || (value[0] != '0' && value[0] != '1')) {
            return 0;
        }
        int weight = (value[0] - '0') * 1000;
        int unit = 100;
        for (std::size_t i = 2; i < value.size() && i < 5 && value[1] == '.'; ++i, unit /= 10) {
            weight += value[i] >= '0' && value[i] <= '9' ? (value[i] - '0') * unit : 0;
        }
        return weight > 1000 ? 1000 : weight;
    }
    return 1000;
}

} // namespace

std::span<const Language* const> languages() {
    return all;
}

const Language* find_language(std::string_view tag) {
    for (const Language* language : all) {
        if (core::equal_ignoring_case(language->tag(), tag)) {
            return language;
        }
    }
    return nullptr;
}

const Language& choose_language(std::string_view accept_language) {
    constexpr std::size_t most = 1024;
    const Language* best = &english;
    int best_weight = 0;
    for (const std::string_view item : core::split(accept_language.substr(0, most), ',')) {
        const std::size_t end = item.find(';');
        const std::string_view range = core::trim(item.substr(0, end));
        const int weight = end == std::string_view::npos ? 1000 : read_weight(item.substr(end + 1));
        const Language* found = range == "*" ? &english : find_language(range.substr(0, range.find('-')));
        if (found != nullptr && weight > best_weight) {
            best = found;
            best_weight = weight;
        }
    }
    return *best;
}

} // namespace oauth::web
