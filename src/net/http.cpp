// SPDX-License-Identifier: MIT
// Finds a response header and reads a media type. Called by flows and by the response reader. Owns nothing.
#include "http.hpp"

#include "../core/bytes.hpp"

#include <algorithm>

namespace oauth::net {

namespace {

bool is_token_character(char c) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    return alphanumeric ||
           (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

} // namespace

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

std::string media_type(std::string_view content_type) {
    const std::string_view type = core::trim(content_type.substr(0, content_type.find(';')));
    const std::size_t slash = type.find('/');
    if (slash == std::string_view::npos || !is_token(type.substr(0, slash)) ||
        !is_token(type.substr(slash + 1))) {
        return {};
    }
    return core::to_lower_ascii(type);
}

std::optional<std::string_view> HttpResponse::header(std::string_view lower_case_name) const {
    for (const Header& candidate : headers) {
        if (candidate.name == lower_case_name) {
            return candidate.value;
        }
    }
    return std::nullopt;
}

} // namespace oauth::net
