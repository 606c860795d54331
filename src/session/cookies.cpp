// SPDX-License-Identifier: MIT
// See cookies.hpp. nginx's own parser before 1.29.6 also takes commas as separators; this one does not.
#include "cookies.hpp"

#include "../core/bytes.hpp"

namespace oauth::session {

bool read_cookie(std::string_view pair, Cookie& cookie) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) {
        return false;
    }
    cookie.name = core::trim(pair.substr(0, equals));
    cookie.value = core::trim(pair.substr(equals + 1));
    return true;
}

bool next_cookie(std::string_view& rest, Cookie& cookie) {
    while (!rest.empty()) {
        const std::size_t end = rest.find(';');
        const std::string_view pair = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
        if (read_cookie(pair, cookie)) {
            return true;
        }
    }
    return false;
}

bool is_own_cookie(std::string_view cookie_name, std::string_view base_name) {
    if (cookie_name.size() == base_name.size()) {
        return cookie_name == base_name;
    }
    if (cookie_name.size() < base_name.size() || !cookie_name.starts_with(base_name)) {
        return false;
    }
    const std::string_view rest = cookie_name.substr(base_name.size());
    if (rest.substr(0, 7) == "_login_") {
        return true;
    }
    return rest.size() > 1 && rest[0] == '.' &&
           rest.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

std::optional<std::string> without_own_cookies(std::string_view header, std::string_view base_name) {
    std::string kept;
    bool removed = false;
    std::string_view rest = header;
    while (!rest.empty()) {
        const std::size_t end = rest.find(';');
        const std::string_view raw = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
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
    std::size_t total = 0;
    for (std::size_t at = 0; at < value.size();) {
        const std::string_view part = value.substr(at, max_cookie_part - overhead);
        parts.emplace_back(std::string(name) + "." + std::to_string(parts.size()), part);
        at += part.size();
        total += part.size() + overhead;
    }
    if (total > max_cookie_total || parts.size() > max_cookie_parts) {
        return std::nullopt;
    }
    return parts;
}

void CookieJoiner::see(const Cookie& cookie) {
    if (cookie.name == name_) {
        ambiguous_ = ambiguous_ || whole_.has_value();
        whole_ = cookie.value;
        return;
    }
    if (cookie.name.size() != name_.size() + 2 || !is_own_cookie(cookie.name, name_)) {
        return;
    }
    const int index = cookie.name.back() - '0';
    if (index >= max_cookie_parts) {
        return;
    }
    ambiguous_ = ambiguous_ || parts_[index].has_value();
    parts_[index] = cookie.value;
    seen_parts_ = true;
}

std::optional<std::string_view> CookieJoiner::single() const {
    return ambiguous_ ? std::nullopt : whole_;
}

std::optional<std::string> CookieJoiner::join() const {
    if (ambiguous_) {
        return std::nullopt;
    }
    std::string value;
    int index = 0;
    for (; index < max_cookie_parts && parts_[index]; ++index) {
        value += *parts_[index];
    }
    for (int later = index; later < max_cookie_parts; ++later) {
        if (parts_[later]) {
            return std::nullopt;
        }
    }
    if (index == 0 || value.size() > max_cookie_total) {
        return std::nullopt;
    }
    return value;
}

} // namespace oauth::session
