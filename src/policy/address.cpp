// SPDX-License-Identifier: MIT
// See address.hpp. Works on bytes with lengths, never on C strings. Nothing is normalised, so no address can
// turn into another one.
#include "address.hpp"

namespace oauth::policy {

namespace {

constexpr std::string_view ambiguous_characters = "\"\\()<>[]:;,@";

bool is_domain_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool is_local_part(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte <= 0x20 || byte == 0x7f || ambiguous_characters.find(text[i]) != std::string_view::npos) {
            return false;
        }
        if (text.substr(i, 3) == "%40") {
            return false;
        }
    }
    return !text.empty();
}

} // namespace

bool is_domain(std::string_view text) {
    bool label_is_empty = true;
    for (const char c : text) {
        if (c == '.' ? label_is_empty : !is_domain_character(c)) {
            return false;
        }
        label_is_empty = c == '.';
    }
    return !label_is_empty;
}

std::optional<std::string_view> address_domain(std::string_view address) {
    if (address.size() > max_address_size) {
        return std::nullopt;
    }
    const std::size_t at = address.find('@');
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    const std::string_view domain = address.substr(at + 1);
    if (!is_local_part(address.substr(0, at)) || !is_domain(domain)) {
        return std::nullopt;
    }
    return domain;
}

} // namespace oauth::policy
