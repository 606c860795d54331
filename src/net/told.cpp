// SPDX-License-Identifier: MIT
// See told.hpp. Owns nothing.
#include "told.hpp"

#include "../core/bytes.hpp"

#include <algorithm>

namespace oauth::net {

std::string shown_url(std::string_view url) {
    url = url.substr(0, url.find_first_of("?#"));
    const std::size_t slashes = url.find("://");
    const std::size_t begin = slashes == std::string_view::npos ? 0 : slashes + 3;
    const std::size_t end = std::min(url.find('/', begin), url.size());
    const std::size_t user = url.substr(begin, end - begin).rfind('@');
    if (user == std::string_view::npos) {
        return core::for_log(url);
    }
    return core::for_log(std::string(url.substr(0, begin)).append(url.substr(begin + user + 1)));
}

std::string told(std::string_view what, std::string_view url, std::string_view remedy) {
    std::string text(what);
    text.append(" (").append(shown_url(url)).append(")");
    if (!remedy.empty()) {
        text.append(": ").append(remedy);
    }
    return text;
}

core::Error told(const core::Error& error, std::string_view url, std::string_view remedy) {
    return {error.code, told(error.detail, url, remedy)};
}

} // namespace oauth::net
