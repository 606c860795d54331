// SPDX-License-Identifier: MIT
// See challenge.hpp. A header may have several challenges, whose parameters stand between the same commas as
// they themselves do.
#include "challenge.hpp"

#include "../core/bytes.hpp"
#include "../core/header_list.hpp"

#include <algorithm>
#include <vector>

namespace oauth::oidc {

namespace {

// Quotes without an end hold all that comes.
std::vector<std::string_view> items_of(std::string_view list) {
    std::vector<std::string_view> items;
    for (;;) {
        const std::size_t end = core::end_of_element(list).value_or(list.size());
        items.push_back(core::trim(list.substr(0, end)));
        if (end == list.size()) {
            return items;
        }
        list.remove_prefix(end + 1);
    }
}

// RFC 9110 5.6.4
std::string unquoted(std::string_view value) {
    if (value.size() < 2 || value.front() != '"' || value.back() != '"') {
        return std::string(value);
    }
    std::string text;
    for (std::size_t i = 1; i + 1 < value.size(); ++i) {
        i += value[i] == '\\' && i + 2 < value.size() ? 1 : 0;
        text += value[i];
    }
    return text;
}

struct Challenge {
    std::string_view scheme;
    ErrorAnswer answer;
};

// SCHEME NAME=VALUE, NAME=VALUE, SCHEME NAME=VALUE ...
std::vector<Challenge> challenges_of(std::string_view header) {
    std::vector<Challenge> all(1);
    for (std::string_view item : items_of(header)) {
        const std::size_t end = item.find_first_of(" \t=\"");
        if (end == std::string_view::npos || core::is_blank(item[end])) {
            const std::string_view rest = end == std::string_view::npos ? "" : core::trim(item.substr(end));
            if (!rest.starts_with('=')) { // else a name with a blank behind it
                all.push_back({item.substr(0, end), {}});
                item = rest;
            }
        }
        const std::size_t equals = std::min(item.find('='), item.size());
        const std::string_view name = core::trim(item.substr(0, equals));
        const std::string_view value = core::trim(item.substr(std::min(equals + 1, item.size())));
        if (core::equal_ignoring_case(name, "error")) {
            all.back().answer.error = unquoted(value);
        } else if (core::equal_ignoring_case(name, "error_description")) {
            all.back().answer.description = unquoted(value);
        }
    }
    return all;
}

} // namespace

ErrorAnswer challenge_of(const net::HttpResponse& response, std::string_view scheme) {
    for (const net::Header& header : response.headers) {
        if (header.name != "www-authenticate") {
            continue;
        }
        for (Challenge& challenge : challenges_of(header.value)) {
            if (core::equal_ignoring_case(challenge.scheme, scheme) && !challenge.answer.error.empty()) {
                return std::move(challenge.answer);
            }
        }
    }
    return {};
}

} // namespace oauth::oidc
