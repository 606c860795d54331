// SPDX-License-Identifier: MIT
// Functions on bytes and text: encodings, comparisons, character classes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::core {

// RFC 4648 5 without padding. Decoding is strict: nullopt for padding, any other character, a length of 1 mod
// 4, or unused bits that are not zero. `memory`: where what is decoded may go.
std::string base64url_encode(std::string_view bytes);
std::optional<std::string> base64url_decode(std::string_view text, std::string memory = {});

bool is_base64url(std::string_view text); // its characters are, whatever they decode to

// RFC 4648 4, with padding, as HTTP Basic uses it.
std::string base64_encode(std::string_view bytes);

std::string hex_encode(std::string_view bytes);

// Always compares all bytes, eight at a time. The time that it takes tells only the length.
bool equal_constant_time(std::string_view a, std::string_view b);

// Overwrites the text with zeros, in a way that the compiler cannot remove, then clears it.
void wipe(std::string& secret);

char to_lower_ascii(char c);
std::string to_lower_ascii(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b); // ASCII only

bool is_valid_utf8(std::string_view text); // no overlong forms, no surrogates, up to U+10FFFF
// The size of the well-formed UTF-8 sequence at the beginning, 1 to 4 bytes; 0 if there is none.
std::size_t utf8_sequence_size(std::string_view text);
bool has_control_characters(std::string_view text); // bytes below 0x20, and 0x7f

// Text from outside as a log line may quote it: printable ASCII, anything else as '?', cut to 256 bytes.
std::string for_log(std::string_view text);

std::string_view trim_blanks(std::string_view text);
constexpr bool is_blank(char c) {
    return c == ' ' || c == '\t';
}
// Without spaces and tabs at both ends.
inline std::string_view trim(std::string_view text) {
    const bool has_blanks = !text.empty() && (is_blank(text.front()) || is_blank(text.back()));
    return has_blanks ? trim_blanks(text) : text;
}
std::vector<std::string_view> split(std::string_view text, char separator); // keeps empty parts

// Decimal digits only, without sign or spaces. nullopt if empty or above max.
std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t max);

} // namespace oauth::core
