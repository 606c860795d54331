// SPDX-License-Identifier: MIT
// See look.hpp.
#include "look.hpp"

#include "../core/bytes.hpp"

#include <cmath>

namespace oauth::web {

namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// WCAG 2.2, relative luminance.
double luminance(std::string_view color) {
    constexpr double shares[] = {0.2126, 0.7152, 0.0722};
    double sum = 0;
    for (std::size_t i = 0; i < 3; ++i) {
        const double value = (hex_digit(color[1 + 2 * i]) * 16 + hex_digit(color[2 + 2 * i])) / 255.0;
        sum += shares[i] * (value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4));
    }
    return sum;
}

std::string_view media_type(std::string_view file) {
    using namespace std::string_view_literals;
    if (file.starts_with("\x89PNG\r\n\x1a\n"sv)) {
        return "image/png";
    }
    if (file.starts_with("\xff\xd8\xff"sv)) {
        return "image/jpeg";
    }
    if (file.starts_with("GIF87a"sv) || file.starts_with("GIF89a"sv)) {
        return "image/gif";
    }
    if (file.size() > 12 && file.starts_with("RIFF"sv) && file.substr(8, 4) == "WEBP"sv) {
        return "image/webp";
    }
    if (file.starts_with("\xef\xbb\xbf"sv)) {
        file.remove_prefix(3);
    }
    const std::size_t begin = file.find_first_not_of(" \t\r\n");
    const std::string_view text = file.substr(begin == std::string_view::npos ? file.size() : begin);
    const bool is_markup = text.starts_with("<svg"sv) || text.starts_with("<?xml"sv) ||
                           text.starts_with("<!DOCTYPE svg"sv) || text.starts_with("<!--"sv);
    return is_markup && text.find("<svg"sv) != std::string_view::npos ? "image/svg+xml"sv : ""sv;
}

} // namespace

std::optional<std::string> logo_data_url(std::string_view file) {
    const std::string_view type = media_type(file);
    if (type.empty()) {
        return std::nullopt;
    }
    return "data:" + std::string(type) + ";base64," + core::base64_encode(file);
}

std::optional<std::string> read_color(std::string_view text) {
    const std::string lower = core::to_lower_ascii(text);
    if ((lower.size() != 4 && lower.size() != 7) || lower[0] != '#') {
        return std::nullopt;
    }
    std::string color = "#";
    for (std::size_t i = 1; i < lower.size(); ++i) {
        if (hex_digit(lower[i]) < 0) {
            return std::nullopt;
        }
        color.append(lower.size() == 4 ? 2 : 1, lower[i]);
    }
    return color;
}

std::string_view text_color_on(std::string_view color) {
    const double l = luminance(color);
    return (l + 0.05) / 0.05 >= 1.05 / (l + 0.05) ? "#000000" : "#ffffff";
}

} // namespace oauth::web
