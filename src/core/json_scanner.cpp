// SPDX-License-Identifier: MIT
// A recursive-descent scanner for RFC 8259. It builds no tree. json.cpp runs it first, so that the library
// that builds the tree only sees well-formed text, and takes the numbers from it, which that library would
// round. Its recursion is bounded by the depth.
#include "json_scanner.hpp"
#include "bytes.hpp"

#include <algorithm>
#include <utility>

namespace oauth::core {
namespace {

constexpr std::size_t max_values = 100000;
constexpr std::size_t max_number_size = 60; // the tree builder copies a number into 64 bytes

class Scanner {
public:
    Scanner(std::string_view text, int max_depth) : rest_(text), depth_left_(max_depth) {}

    NumberTexts numbers;

    bool document() {
        if (!value()) {
            return false;
        }
        skip_blanks();
        return rest_.empty();
    }

private:
    bool value();
    bool object();
    bool array();
    bool string();
    bool escape();
    bool unicode_escape();
    bool number();
    std::size_t digits();
    int hex_unit();

    char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
    bool take(char c) {
        if (rest_.empty() || rest_.front() != c) {
            return false;
        }
        rest_.remove_prefix(1);
        return true;
    }
    bool word(std::string_view expected) {
        if (!rest_.starts_with(expected)) {
            return false;
        }
        rest_.remove_prefix(expected.size());
        return true;
    }
    // ASCII that stands for itself, and is most of a text.
    void skip_plain() {
        const auto ends = [](char c) { return c < ' ' || c > '~' || c == '"' || c == '\\'; };
        const auto end = std::find_if(rest_.begin(), rest_.end(), ends);
        rest_.remove_prefix(static_cast<std::size_t>(end - rest_.begin()));
    }
    void skip_blanks() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }

    std::string_view rest_;
    int depth_left_;
    std::size_t values_left_ = max_values;
};

bool Scanner::value() {
    if (values_left_ == 0) {
        return false;
    }
    --values_left_;
    skip_blanks();
    switch (peek()) {
    case '{':
        return object();
    case '[':
        return array();
    case '"':
        return string();
    case 't':
        return word("true");
    case 'f':
        return word("false");
    case 'n':
        return word("null");
    default:
        return number();
    }
}

bool Scanner::object() {
    if (!take('{') || depth_left_ == 0) {
        return false;
    }
    --depth_left_;
    skip_blanks();
    if (!take('}')) {
        do {
            skip_blanks();
            if (!string()) {
                return false;
            }
            skip_blanks();
            if (!take(':') || !value()) {
                return false;
            }
            skip_blanks();
        } while (take(','));
        if (!take('}')) {
            return false;
        }
    }
    ++depth_left_;
    return true;
}

bool Scanner::array() {
    if (!take('[') || depth_left_ == 0) {
        return false;
    }
    --depth_left_;
    skip_blanks();
    if (!take(']')) {
        do {
            if (!value()) {
                return false;
            }
            skip_blanks();
        } while (take(','));
        if (!take(']')) {
            return false;
        }
    }
    ++depth_left_;
    return true;
}

bool Scanner::string() {
    if (!take('"')) {
        return false;
    }
    for (skip_plain(); !rest_.empty(); skip_plain()) {
        if (take('"')) {
            return true;
        }
        if (peek() == '\\') {
            if (!escape()) {
                return false;
            }
            continue;
        }
        auto size = utf8_sequence_size(rest_);
        if (size == 0 || static_cast<unsigned char>(peek()) < 0x20) {
            return false;
        }
        rest_.remove_prefix(size);
    }
    return false;
}

bool Scanner::escape() {
    rest_.remove_prefix(1);
    constexpr std::string_view simple = "\"\\/bfnrt";
    if (!rest_.empty() && simple.find(peek()) != std::string_view::npos) {
        rest_.remove_prefix(1);
        return true;
    }
    return take('u') && unicode_escape();
}

bool Scanner::unicode_escape() {
    int unit = hex_unit();
    bool low_surrogate = unit >= 0xdc00 && unit <= 0xdfff;
    if (unit <= 0 || low_surrogate) {
        return false;
    }
    if (unit < 0xd800 || unit > 0xdfff) {
        return true;
    }
    if (!word("\\u")) {
        return false;
    }
    int second = hex_unit();
    return second >= 0xdc00 && second <= 0xdfff;
}

int Scanner::hex_unit() {
    if (rest_.size() < 4) {
        return -1;
    }
    int unit = 0;
    for (char c : rest_.substr(0, 4)) {
        constexpr std::string_view hex = "0123456789abcdef";
        auto digit = hex.find(to_lower_ascii(c));
        if (digit == std::string_view::npos) {
            return -1;
        }
        unit = unit * 16 + static_cast<int>(digit);
    }
    rest_.remove_prefix(4);
    return unit;
}

std::size_t Scanner::digits() {
    auto count = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    rest_.remove_prefix(count);
    return count;
}

bool Scanner::number() {
    const std::string_view text = rest_;
    take('-');
    if (!take('0') && digits() == 0) {
        return false;
    }
    if (take('.') && digits() == 0) {
        return false;
    }
    if (take('e') || take('E')) {
        if (!take('+')) {
            take('-');
        }
        if (digits() == 0) {
            return false;
        }
    }
    numbers.push_back(text.substr(0, text.size() - rest_.size()));
    return numbers.back().size() <= max_number_size;
}

} // namespace

std::optional<NumberTexts> scan_strict_json(std::string_view text, int max_depth) {
    Scanner scanner(text, max_depth);
    if (!scanner.document()) {
        return std::nullopt;
    }
    return std::move(scanner.numbers);
}

} // namespace oauth::core
