// SPDX-License-Identifier: MIT
// Bytes and text without meaning of their own: encodings, comparisons, character classes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::core {

// RFC 4648 section 5 without padding. Decoding is strict: no padding, no foreign character,
// no length of 1 mod 4, unused bits zero.
std::string base64url_encode(std::string_view bytes);
std::optional<std::string> base64url_decode(std::string_view text);

// RFC 4648 section 4 with padding (HTTP Basic).
std::string base64_encode(std::string_view bytes);

std::string hex_encode(std::string_view bytes);

// Compares all bytes whatever differs, eight at a time; only the length may be learnt from the time it takes.
bool equal_constant_time(std::string_view a, std::string_view b);

// Overwrites with zeros in a way that the compiler keeps, then clears.
void wipe(std::string& secret);

char to_lower_ascii(char c);
std::string to_lower_ascii(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b); // ASCII only

bool is_valid_utf8(std::string_view text); // no overlong forms, no surrogates, up to U+10FFFF
// The size of the well-formed UTF-8 sequence at the beginning, 1 to 4; 0 if there is none.
std::size_t utf8_sequence_size(std::string_view text);
bool has_control_characters(std::string_view text); // bytes below 0x20, and 0x7f

std::string_view trim(std::string_view text);                               // spaces and tabs
std::vector<std::string_view> split(std::string_view text, char separator); // keeps empty parts

// Decimal digits only, no sign, no spaces; nothing if empty or above max.
std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t max);

} // namespace oauth::core
