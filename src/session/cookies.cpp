// SPDX-License-Identifier: MIT
// See cookies.hpp. nginx's own parser before 1.29.6 also takes commas as separators; this one does not.
#include "cookies.hpp"

#include "../core/bytes.hpp"

#include <algorithm>
#include <map>

namespace oauth::session {

bool read_cookie(std::string_view pair, Cookie& cookie) {
    if (pair.starts_with(' ')) { // all but the first
        pair.remove_prefix(1);
    }
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
        return false;
    }
    cookie.name = core::trim(pair.substr(0, equals));
    cookie.value = core::trim(pair.substr(equals + 1));
    return true;
}

std::string_view next_pair(std::string_view& rest) {
    const std::size_t end = rest.find(';');
    const std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    return pair;
}

namespace {

constexpr std::string_view last_suffix = "_last";

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

} // namespace

std::string last_provider_cookie_name(std::string_view cookie_name) {
    return std::string(cookie_name).append(last_suffix);
}

bool is_own_cookie(std::string_view cookie_name, std::string_view base_name) {
    if (!cookie_name.starts_with(base_name)) {
        return false;
    }
    const std::string_view rest = cookie_name.substr(base_name.size());
    if (rest.empty() || rest == "_logout" || rest == last_suffix) {
        return true;
    }
    constexpr std::string_view login = "_login_";
    if (rest.starts_with(login)) {
        return core::is_base64url(rest.substr(login.size()));
    }
    return rest.size() > 1 && rest[0] == '.' && std::all_of(rest.begin() + 1, rest.end(), is_digit);
}

std::optional<std::string> without_own_cookies(std::string_view header, std::string_view base_name) {
    std::string kept;
    bool removed = false;
    std::string_view rest = header;
    while (!rest.empty()) {
        const std::string_view raw = next_pair(rest);
        const std::string_view name = core::trim(raw.substr(0, raw.find('=')));
        if (raw.find('=') != std::string_view::npos && is_own_cookie(name, base_name)) {
            removed = true;
            continue;
        }
        if (core::trim(raw).empty()) {
            continue;
        }
        kept.append(kept.empty() ? "" : ";").append(raw);
    }
    if (!removed) {
        return std::nullopt;
    }
    return std::string(core::trim(kept));
}

namespace {

bool is_https(std::string_view base_url) {
    return base_url.substr(0, 8) == "https://";
}

} // namespace

std::string_view cookie_name_view(const CookieSettings& settings, std::string_view base_url) {
    if (!settings.name.empty()) {
        return settings.name;
    }
    const bool host_prefix = is_https(base_url) && settings.domain.empty() && settings.path.empty() &&
                             settings.secure != CookieSettings::Secure::off;
    return host_prefix ? "__Host-oauth" : "oauth";
}

std::string set_cookie(const CookieSettings& settings, std::string_view base_url, std::string_view name,
                       std::string_view value, std::optional<std::int64_t> max_age) {
    using SameSite = CookieSettings::SameSite;
    std::string header(name);
    header.append("=").append(value);
    header.append("; Path=").append(settings.path.empty() ? "/" : settings.path);
    if (!settings.domain.empty()) {
        header.append("; Domain=").append(settings.domain);
    }
    if (max_age) {
        header.append("; Max-Age=").append(std::to_string(*max_age));
    }
    header.append("; HttpOnly");
    const bool secure = settings.secure == CookieSettings::Secure::on ||
                        (settings.secure == CookieSettings::Secure::automatic && is_https(base_url));
    if (secure) {
        header.append("; Secure");
    }
    switch (settings.same_site) {
    case SameSite::lax:
        header.append("; SameSite=Lax");
        break;
    case SameSite::strict:
        header.append("; SameSite=Strict");
        break;
    case SameSite::none:
        // Browsers refuse a cookie with SameSite=None but without Secure; they accept one with neither.
        if (secure) {
            header.append("; SameSite=None");
        }
        break;
    }
    if (settings.partitioned) {
        header.append("; Partitioned");
    }
    return header;
}

std::string delete_cookie(const CookieSettings& settings, std::string_view base_url, std::string_view name) {
    return set_cookie(settings, base_url, name, "", 0);
}

std::optional<std::vector<std::pair<std::string, std::string>>> split_cookie(std::string_view name,
                                                                             std::string_view value) {
    std::vector<std::pair<std::string, std::string>> parts;
    if (name.size() + 1 + value.size() <= max_cookie_part) {
        parts.emplace_back(name, value);
        return parts;
    }
    const std::size_t overhead = name.size() + 3; // ".0="
    const std::string_view mark = value.substr(0, part_mark_size);
    std::size_t total = 0;
    for (std::size_t at = 0; at < value.size();) {
        std::string part(parts.empty() ? std::string_view() : mark);
        const std::string_view piece = value.substr(at, max_cookie_part - overhead - part.size());
        part.append(piece);
        at += piece.size();
        total += part.size() + overhead;
        parts.emplace_back(std::string(name) + "." + std::to_string(parts.size()), std::move(part));
    }
    if (total > max_cookie_total || parts.size() > max_cookie_parts) {
        return std::nullopt;
    }
    return parts;
}

namespace {

// The number at the end of NAME.0 and so on; nullopt: it is no part that could have been written.
std::optional<int> part_of(std::string_view cookie_name, std::string_view name) {
    if (cookie_name.size() != name.size() + 2 || !cookie_name.starts_with(name) ||
        cookie_name[name.size()] != '.') {
        return std::nullopt;
    }
    const int index = cookie_name.back() - '0';
    return index >= 0 && index < max_cookie_parts ? std::optional(index) : std::nullopt;
}

using LaterParts = std::map<std::pair<std::string_view, int>, std::string_view>; // by mark and number

// Takes the parts that belong to the first one.
std::string join(std::string_view first, LaterParts& later) {
    std::string value(first);
    for (int index = 1; index < max_cookie_parts; ++index) {
        const auto part = later.extract({first.substr(0, part_mark_size), index});
        if (part.empty()) {
            break;
        }
        value += part.mapped();
    }
    return value;
}

} // namespace

bool is_session_cookie(std::string_view cookie_name, std::string_view name) {
    return cookie_name == name || part_of(cookie_name, name).has_value();
}

std::vector<std::string> session_values(std::span<const CookieView> cookies, std::string_view name) {
    LaterParts later;
    for (const auto& [cookie_name, value] : cookies) {
        const auto index = part_of(cookie_name, name);
        if (index.value_or(0) > 0 && value.size() > part_mark_size) {
            later.try_emplace({value.substr(0, part_mark_size), *index}, value.substr(part_mark_size));
        }
    }
    std::vector<std::string> values;
    for (const auto& [cookie_name, value] : cookies) {
        std::string candidate;
        if (cookie_name == name) {
            candidate = value;
        } else if (part_of(cookie_name, name) == 0) {
            candidate = join(value, later);
        }
        if (!candidate.empty() && candidate.size() <= max_cookie_total) {
            values.push_back(std::move(candidate));
        }
    }
    return values;
}

} // namespace oauth::session
