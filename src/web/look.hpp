// SPDX-License-Identifier: MIT
// How the pages of a server look: oauth_page_*.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace oauth::web {

struct Look {
    std::string title;             // oauth_page_title; empty: the host
    std::string logo;              // oauth_page_logo as a data: URL; empty: none
    std::string color;             // oauth_page_color: "#rrggbb"; empty: the built-in one
    std::string language = "auto"; // oauth_page_language: a language's tag, or as the browser asks
    std::string help;              // oauth_page_help: whom to ask; empty: nobody is named
};

inline const Look plain_look = {};

// Of a logo's file, in bytes: it is in every page.
constexpr std::size_t max_logo = 32 * 1024;

// PNG, JPEG, GIF, WebP or SVG, told by the content; nullopt: it is none of them.
std::optional<std::string> logo_data_url(std::string_view file);

// "#rgb" or "#rrggbb", in lower case with six digits; nullopt: it is no such colour.
std::optional<std::string> read_color(std::string_view text);

// Black or white: what can be read on that colour, "#rrggbb" (WCAG 2.2: at least 4.5 to 1).
std::string_view text_color_on(std::string_view color);

} // namespace oauth::web
