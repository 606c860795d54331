// SPDX-License-Identifier: MIT
// See html.hpp.
#include "html.hpp"

namespace oauth::web {

std::string html_escape(std::string_view text) {
    std::string escaped;
    escaped.reserve(text.size() + 16);
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        switch (c) {
        case '&':
            escaped += "&amp;";
            break;
        case '<':
            escaped += "&lt;";
            break;
        case '>':
            escaped += "&gt;";
            break;
        case '"':
            escaped += "&quot;";
            break;
        case '\'':
            escaped += "&#39;";
            break;
        default:
            if (byte < 0x20 || byte == 0x7f) {
                escaped += "\xef\xbf\xbd";
            } else {
                escaped += c;
            }
        }
    }
    return escaped;
}

} // namespace oauth::web
