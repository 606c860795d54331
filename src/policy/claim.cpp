// SPDX-License-Identifier: MIT
// See claim.hpp. This module has written the text from checked JSON, but the text is not trusted here.
#include "claim.hpp"

#include "../core/json.hpp"

namespace oauth::policy {

namespace {

// The size of the string token at the beginning, quotes included; 0 if it does not end.
std::size_t string_token_size(std::string_view text) {
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
        } else if (text[i] == '"') {
            return i + 1;
        }
    }
    return 0;
}

bool is_number(std::string_view word) {
    const bool begins = word.front() == '-' || (word.front() >= '0' && word.front() <= '9');
    return begins && word.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
}

} // namespace

ClaimReader::ClaimReader(std::string_view json) : rest_(json) {
    skip_space();
    if (rest_.starts_with('[')) {
        is_array_ = true;
        rest_.remove_prefix(1);
        skip_space();
        expects_ = rest_.starts_with(']') ? Expects::separator : Expects::element;
    }
}

void ClaimReader::skip_space() {
    const std::size_t size = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(size == std::string_view::npos ? rest_.size() : size);
}

// After a value comes the end of the text, the end of the array and of the text, or a comma and another
// element.
bool ClaimReader::finish_if_at_end() {
    skip_space();
    if (is_array_ && rest_.starts_with(',')) {
        rest_.remove_prefix(1);
        skip_space();
        expects_ = Expects::element;
        return false;
    }
    if (is_array_) {
        if (!rest_.starts_with(']')) {
            expects_ = Expects::failed;
            return true;
        }
        rest_.remove_prefix(1);
        skip_space();
    }
    expects_ = rest_.empty() ? Expects::done : Expects::failed;
    return true;
}

bool ClaimReader::next(std::string_view& scalar) {
    while (expects_ == Expects::first || expects_ == Expects::element || expects_ == Expects::separator) {
        if (expects_ == Expects::separator && finish_if_at_end()) {
            return false;
        }
        if (read(scalar)) {
            expects_ = Expects::separator;
            return true;
        }
    }
    return false;
}

bool ClaimReader::read(std::string_view& scalar) {
    if (rest_.starts_with('"')) {
        return read_string(scalar);
    }
    if (!rest_.starts_with('{') && !rest_.starts_with('[')) {
        return read_word(scalar);
    }
    has_others_ = true;
    expects_ = is_array_ && skip_nested() ? Expects::separator : Expects::failed;
    return false;
}

bool ClaimReader::read_string(std::string_view& scalar) {
    const std::size_t size = string_token_size(rest_);
    const std::string_view token = rest_.substr(0, size);
    rest_.remove_prefix(size);
    if (size != 0 && token.find('\\') == std::string_view::npos) {
        scalar = token.substr(1, size - 2);
        return true;
    }
    const auto json = core::Json::parse(token);
    if (!json || !json->root().is_string()) {
        expects_ = Expects::failed;
        return false;
    }
    decoded_ = json->root().as_string().value_or("");
    scalar = decoded_;
    return true;
}

bool ClaimReader::read_word(std::string_view& scalar) {
    const std::string_view word = rest_.substr(0, rest_.find_first_of(" \t\r\n,]"));
    rest_.remove_prefix(word.size());
    if (word == "null" && is_array_) { // absent, as a member that is null
        expects_ = Expects::separator;
        return false;
    }
    if (word.empty() || (word != "true" && word != "false" && !is_number(word))) {
        expects_ = Expects::failed;
        return false;
    }
    scalar = word;
    return true;
}

// Skips an array or object inside the array, with its strings. Depth is counted, without recursion.
bool ClaimReader::skip_nested() {
    std::size_t depth = 0;
    while (!rest_.empty()) {
        const char c = rest_.front();
        const std::size_t size = c == '"' ? string_token_size(rest_) : 1;
        if (size == 0) {
            return false;
        }
        rest_.remove_prefix(size);
        if (c == '[' || c == '{') {
            ++depth;
        } else if ((c == ']' || c == '}') && --depth == 0) {
            return true;
        }
    }
    return false;
}

} // namespace oauth::policy
