// SPDX-License-Identifier: MIT
// Writes JSON: texts that are safe in HTML, too, and objects member by member. See json.hpp.
#include "bytes.hpp"
#include "json.hpp"

namespace oauth::core {
namespace {

void append_unicode_escape(std::string& text, unsigned unit) {
    constexpr std::string_view hex = "0123456789abcdef";
    text += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) {
        text += hex[unit >> shift & 15];
    }
}

void append_quoted_ascii(std::string& text, char c) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
        text += '\\';
        text += c;
    } else if (c == '\n') {
        text += "\\n";
    } else if (byte < 0x20 || byte == 0x7f || c == '<' || c == '>' || c == '&') {
        append_unicode_escape(text, byte);
    } else {
        text += c;
    }
}

} // namespace

std::string json_quote(std::string_view text) {
    std::string quoted = "\"";
    quoted.reserve(text.size() + 2);
    while (!text.empty()) {
        auto size = utf8_sequence_size(text);
        auto sequence = text.substr(0, size);
        text.remove_prefix(size == 0 ? 1 : size);
        if (size == 0) {
            quoted += "\xef\xbf\xbd";
        } else if (size == 1) {
            append_quoted_ascii(quoted, sequence[0]);
        } else if (sequence == "\xe2\x80\xa8" || sequence == "\xe2\x80\xa9") {
            quoted += sequence == "\xe2\x80\xa8" ? "\\u2028" : "\\u2029";
        } else {
            quoted += sequence;
        }
    }
    quoted += '"';
    return quoted;
}

void JsonObjectWriter::name(std::string_view name) {
    if (text_.size() > 1) {
        text_ += ',';
    }
    text_ += json_quote(name);
    text_ += ':';
}

void JsonObjectWriter::add(std::string_view name, std::string_view value) {
    this->name(name);
    text_ += json_quote(value);
}

void JsonObjectWriter::add_integer(std::string_view name, std::int64_t value) {
    this->name(name);
    text_ += std::to_string(value);
}

void JsonObjectWriter::add_bool(std::string_view name, bool value) {
    this->name(name);
    text_ += value ? "true" : "false";
}

void JsonObjectWriter::add_json(std::string_view name, std::string_view json) {
    this->name(name);
    text_ += json;
}

std::string JsonObjectWriter::finish() && {
    text_ += '}';
    return std::move(text_);
}

std::string json_string_array(const std::vector<std::string>& values) {
    std::string text = "[";
    for (const auto& value : values) {
        if (text.size() > 1) {
            text += ',';
        }
        text += json_quote(value);
    }
    text += ']';
    return text;
}

} // namespace oauth::core
