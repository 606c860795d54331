// SPDX-License-Identifier: MIT
// Cookies as in RFC 6265bis: reading a Cookie header (only ';' separates), removing our own from it, and
// writing Set-Cookie. Values over 4,000 bytes are split into NAME.0, NAME.1 and so on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oauth::session {

struct Cookie {
    std::string_view name;
    std::string_view value;
};

// One "name=value" without its blanks; false: it is none.
bool read_cookie(std::string_view pair, Cookie& cookie);

// Takes what is before the next ';' from the front of `rest`, the value of a Cookie header.
std::string_view next_pair(std::string_view& rest);

// True for our cookies with this base name: NAME, NAME.<digits>, NAME_login_<base64url>, NAME_logout and
// NAME_last.
// Names of requests come back in Set-Cookie, so nothing else may be in them.
bool is_own_cookie(std::string_view cookie_name, std::string_view base_name);

std::string last_provider_cookie_name(std::string_view cookie_name);

// The header's value without our cookies; nullopt if it has none of them. The application's cookies stay byte
// for byte.
std::optional<std::string> without_own_cookies(std::string_view header, std::string_view base_name);

struct CookieSettings {
    std::string name; // empty: see cookie_name
    std::string domain;
    std::string path;
    enum class SameSite { lax, strict, none } same_site = SameSite::lax;
    enum class Secure { automatic, on, off } secure = Secure::automatic;
    bool partitioned = false;
};

// The configured name; else "__Host-oauth" if the base URL is https and neither domain nor path is set; else
// "oauth".
// A view into the settings, or of a constant.
std::string_view cookie_name_view(const CookieSettings& settings, std::string_view base_url);
inline std::string cookie_name(const CookieSettings& settings, std::string_view base_url) {
    return std::string(cookie_name_view(settings, base_url));
}

// The value of one Set-Cookie header. max_age in seconds; nullopt: until the browser closes; 0: delete.
std::string set_cookie(const CookieSettings& settings, std::string_view base_url, std::string_view name,
                       std::string_view value, std::optional<std::int64_t> max_age);

// The Set-Cookie value that has a browser forget that cookie.
std::string delete_cookie(const CookieSettings& settings, std::string_view base_url, std::string_view name);

// A session's cookie has one or more parts. Sizes in bytes.
constexpr std::size_t max_cookie_part = 4000;
constexpr std::size_t max_cookie_total = 7500;
constexpr int max_cookie_parts = 3;
// NAME.1 and later parts begin with so much of the beginning of NAME.0, so that parts of different values are
// told apart: a browser may send those of two sources.
constexpr std::size_t part_mark_size = 12;

// Pairs of name and value; nullopt if they are longer than max_cookie_total together.
std::optional<std::vector<std::pair<std::string, std::string>>> split_cookie(std::string_view name,
                                                                             std::string_view value);

// True for NAME, and for NAME.0 and so on.
bool is_session_cookie(std::string_view cookie_name, std::string_view name);

using CookieView = std::pair<std::string_view, std::string_view>; // name and value

// What may be the session's value, of all cookies of a request in order: each NAME, and each NAME.0 put
// together with its further parts. A browser sends several of one name where a parent domain, another path or
// another application has set one too; only opening them tells which are ours. Each part is used once, so
// that all of them together are no longer than what was sent.
std::vector<std::string> session_values(std::span<const CookieView> cookies, std::string_view name);

} // namespace oauth::session
