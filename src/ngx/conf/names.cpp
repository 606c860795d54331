// SPDX-License-Identifier: MIT
// See names.hpp.
#include "names.hpp"

#include "../../core/bytes.hpp"

#include <algorithm>
#include <cctype>

namespace oauth::ngx {

std::string normalise_header_name(std::string_view name) {
    std::string normalised;
    normalised.reserve(name.size());
    for (const char c : name) {
        normalised.push_back(std::isalnum(static_cast<unsigned char>(c)) != 0 ? core::to_lower_ascii(c)
                                                                              : '_');
    }
    return normalised;
}

bool is_forgeable(const ngx_str_t& name, const std::vector<std::string>& normalised_names) {
    for (const std::string& normalised : normalised_names) {
        if (normalised.size() != name.len) {
            continue;
        }
        std::size_t i = 0;
        while (i < name.len) {
            const u_char c = name.data[i];
            const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            if ((plain ? ngx_tolower(c) : '_') != static_cast<u_char>(normalised[i])) {
                break;
            }
            ++i;
        }
        if (i == name.len) {
            return true;
        }
    }
    return false;
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

std::string claim_path(std::string_view name) {
    std::string path;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const bool is_dot = name.substr(i, 2) == "__";
        path.push_back(is_dot ? '.' : name[i]);
        i += is_dot ? 1 : 0;
    }
    return path;
}

} // namespace oauth::ngx
