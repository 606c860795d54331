// SPDX-License-Identifier: MIT
// Encodings, comparisons and character classes, for every other part. Pure functions over views, linear in
// their input; they own only what they return.
#include "bytes.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace oauth::core {
namespace {

constexpr std::string_view base64url_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view base64_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// What a character says at each of the four places of a group, in 24 bits, so that a group is four of these
// in one: cookies are decoded for each request with a session that a worker does not know.
using Digits = std::array<std::uint32_t, 256>;
constexpr std::uint32_t no_digit = 0x80000000;

constexpr std::array<Digits, 4> make_base64url_digits() {
    std::array<Digits, 4> digits{};
    for (std::size_t place = 0; place < digits.size(); ++place) {
        digits[place].fill(no_digit);
        for (std::uint32_t i = 0; i < base64url_alphabet.size(); ++i) {
            digits[place][static_cast<unsigned char>(base64url_alphabet[i])] = i << (18 - 6 * place);
        }
    }
    return digits;
}

constexpr auto base64url_digits = make_base64url_digits();

// Of up to four characters.
std::uint32_t base64url_group(std::string_view text) {
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bits |= base64url_digits[i][static_cast<unsigned char>(text[i])];
    }
    return bits;
}

// The three bytes of a group, and one more that the next group or the caller writes over.
void put_group(char* to, std::uint32_t bits) {
    bits <<= 8;
    if constexpr (std::endian::native == std::endian::little) {
        bits = __builtin_bswap32(bits);
    }
    std::memcpy(to, &bits, sizeof(bits));
}

std::uint32_t byte_at(std::string_view text, std::size_t i) {
    return static_cast<unsigned char>(text[i]);
}

std::string encode_unpadded(std::string_view bytes, std::string_view alphabet) {
    std::string text((bytes.size() * 4 + 2) / 3, '\0');
    char* to = text.data();
    std::size_t i = 0;
    for (; bytes.size() - i >= 3; i += 3) {
        const auto bits = byte_at(bytes, i) << 16 | byte_at(bytes, i + 1) << 8 | byte_at(bytes, i + 2);
        *to++ = alphabet[bits >> 18];
        *to++ = alphabet[bits >> 12 & 63];
        *to++ = alphabet[bits >> 6 & 63];
        *to++ = alphabet[bits & 63];
    }
    if (bytes.size() - i == 1) {
        const auto bits = byte_at(bytes, i);
        *to++ = alphabet[bits >> 2];
        *to++ = alphabet[bits << 4 & 63];
    } else if (bytes.size() - i == 2) {
        const auto bits = byte_at(bytes, i) << 8 | byte_at(bytes, i + 1);
        *to++ = alphabet[bits >> 10];
        *to++ = alphabet[bits >> 4 & 63];
        *to++ = alphabet[bits << 2 & 63];
    }
    return text;
}

bool is_continuation(std::string_view text, std::size_t i) {
    return i < text.size() && (byte_at(text, i) & 0xc0) == 0x80;
}

} // namespace

std::string base64url_encode(std::string_view bytes) {
    return encode_unpadded(bytes, base64url_alphabet);
}

std::optional<std::string> base64url_decode(std::string_view text, std::string memory) {
    constexpr std::size_t group = 4;
    const std::size_t rest = text.size() % group;
    if (rest == 1) {
        return std::nullopt;
    }
    const std::size_t in_rest = rest == 0 ? 0 : rest - 1; // bytes
    const std::size_t size = text.size() / group * 3 + in_rest;
    std::string bytes = std::move(memory);
    bytes.resize(size + group);
    char* to = bytes.data();
    std::uint32_t all = 0;
    std::size_t i = 0;
    for (; i + group <= text.size(); i += group) {
        const std::uint32_t bits =
            base64url_digits[0][byte_at(text, i)] | base64url_digits[1][byte_at(text, i + 1)] |
            base64url_digits[2][byte_at(text, i + 2)] | base64url_digits[3][byte_at(text, i + 3)];
        all |= bits;
        put_group(to, bits);
        to += 3;
    }
    const std::uint32_t bits = base64url_group(text.substr(i));
    put_group(to, bits);
    const std::uint32_t unused = (bits << (8 * in_rest)) & 0xffffff; // RFC 4648 3.5: must be zero
    if (((all | bits) & no_digit) != 0 || unused != 0) {
        return std::nullopt;
    }
    bytes.resize(size);
    return bytes;
}

bool is_base64url(std::string_view text) {
    std::uint32_t all = 0;
    for (const char c : text) {
        all |= base64url_digits[0][static_cast<unsigned char>(c)];
    }
    return (all & no_digit) == 0;
}

std::string base64_encode(std::string_view bytes) {
    auto text = encode_unpadded(bytes, base64_alphabet);
    text.append((4 - text.size() % 4) % 4, '=');
    return text;
}

std::string hex_encode(std::string_view bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        text += digits[byte_at(bytes, i) >> 4];
        text += digits[byte_at(bytes, i) & 15];
    }
    return text;
}

namespace {
using Block = std::uint64_t __attribute__((vector_size(16)));

Block difference_at(const char* a, const char* b) {
    Block left;
    Block right;
    std::memcpy(&left, a, sizeof(left));
    std::memcpy(&right, b, sizeof(right));
    return left ^ right;
}
} // namespace

bool equal_constant_time(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) {
        return false;
    }
    // Sixteen bytes a step, four steps a turn: session cookies are compared for each request.
    constexpr std::size_t step = sizeof(Block);
    Block blocks{};
    std::size_t i = 0;
    for (; i + 4 * step <= a.size(); i += 4 * step) {
        const char* left = a.data() + i;
        const char* right = b.data() + i;
        blocks |= difference_at(left, right) | difference_at(left + step, right + step) |
                  difference_at(left + 2 * step, right + 2 * step) |
                  difference_at(left + 3 * step, right + 3 * step);
    }
    for (; i + step <= a.size(); i += step) {
        blocks |= difference_at(a.data() + i, b.data() + i);
    }
    if (i < a.size() && a.size() > step) { // the last ones, some of them once more
        i = a.size();
        blocks |= difference_at(a.data() + i - step, b.data() + i - step);
    }
    std::uint64_t difference = blocks[0] | blocks[1];
    for (; i < a.size(); ++i) {
        difference |= byte_at(a, i) ^ byte_at(b, i);
    }
    // The volatile read keeps the compiler from adding an early exit to the loop.
    volatile std::uint64_t all = difference;
    return all == 0;
}

void wipe(std::string& secret) {
    // The unused end may still hold bytes of an earlier, longer value.
    secret.resize(secret.capacity());
    OPENSSL_cleanse(secret.data(), secret.size());
    secret.clear();
}

char to_lower_ascii(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string to_lower_ascii(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        c = to_lower_ascii(c);
    }
    return lower;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return to_lower_ascii(x) == to_lower_ascii(y); });
}

std::size_t utf8_sequence_size(std::string_view text) {
    if (text.empty()) {
        return 0;
    }
    auto first = byte_at(text, 0);
    if (first < 0x80) {
        return 1;
    }
    if (first < 0xc2 || first > 0xf4 || !is_continuation(text, 1)) {
        return 0;
    }
    if (first < 0xe0) {
        return 2;
    }
    // Unicode table 3-7: the second byte shows overlong forms, surrogates and values above U+10FFFF.
    auto second = byte_at(text, 1);
    bool outside = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                   (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
    if (outside || !is_continuation(text, 2)) {
        return 0;
    }
    if (first < 0xf0) {
        return 3;
    }
    return is_continuation(text, 3) ? 4 : 0;
}

bool is_valid_utf8(std::string_view text) {
    while (!text.empty()) {
        auto size = utf8_sequence_size(text);
        if (size == 0) {
            return false;
        }
        text.remove_prefix(size);
    }
    return true;
}

bool has_control_characters(std::string_view text) {
    return std::any_of(text.begin(), text.end(), [](char c) {
        auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
}

std::string for_log(std::string_view text) {
    constexpr std::size_t max_quoted = 256;
    std::string quoted(text.substr(0, max_quoted));
    std::replace_if(quoted.begin(), quoted.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    return quoted;
}

std::string_view trim_blanks(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) {
        text.remove_prefix(1);
    }
    while (!text.empty() && is_blank(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        auto end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            return parts;
        }
        text.remove_prefix(end + 1);
    }
}

std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t max) {
    if (text.empty()) {
        return std::nullopt;
    }
    std::uint64_t value = 0;
    for (char c : text) {
        if (c < '0' || c > '9') {
            return std::nullopt;
        }
        auto digit = static_cast<std::uint64_t>(c - '0');
        if (digit > max || value > (max - digit) / 10) {
            return std::nullopt;
        }
        value = value * 10 + digit;
    }
    return value;
}

} // namespace oauth::core
