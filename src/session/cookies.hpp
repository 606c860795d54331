// SPDX-License-Identifier: MIT
// Cookies as RFC 6265bis has them: reading a Cookie header (only ';' separates), cutting our own out of it,
// and writing Set-Cookie. Values over 4,000 bytes go in parts NAME.0, NAME.1 and so on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oauth::session {

struct Cookie {
    std::string_view name;
    std::string_view value;
};

// Takes the next cookie off the front of a Cookie header's value. False at its end.
bool next_cookie(std::string_view& rest, Cookie& cookie);

// Is it a cookie of ours with that base name: NAME, NAME.<digits>, NAME_login_<anything>?
bool is_own_cookie(std::string_view cookie_name, std::string_view base_name);

// The header's value without our cookies; nothing if there is none in it. What belongs to the application
// stays byte for byte.
std::optional<std::string> without_own_cookies(std::string_view header, std::string_view base_name);

struct CookieSettings {
    std::string name; // empty: by the base URL, see cookie_name
    std::string domain;
    std::string path;
    enum class SameSite { lax, strict, none } same_site = SameSite::lax;
    enum class Secure { automatic, on, off } secure = Secure::automatic;
    bool partitioned = false;
};

// "__Host-oauth" where the base URL is https and neither domain nor path is set, else "oauth", unless a name
// is set.
std::string cookie_name(const CookieSettings& settings, std::string_view base_url);

// One Set-Cookie value. max_age: seconds; nothing: until the browser closes; 0: delete.
std::string set_cookie(const CookieSettings& settings, std::string_view base_url, std::string_view name,
                       std::string_view value, std::optional<std::int64_t> max_age);

// The Set-Cookie value that has a browser forget that cookie.
std::string delete_cookie(const CookieSettings& settings, std::string_view base_url, std::string_view name);

// A session's cookie of one or more parts. Pairs of name and value.
constexpr std::size_t max_cookie_part = 4000;
constexpr std::size_t max_cookie_total = 7500;
constexpr int max_cookie_parts = 3;

// Nothing if name and value together are above max_cookie_total.
std::optional<std::vector<std::pair<std::string, std::string>>> split_cookie(std::string_view name,
                                                                             std::string_view value);

// Puts the parts together again, from all cookies of a request in order. Nothing if there is neither NAME nor
// NAME.0, if a part is missing or twice there, or the whole is too long.
class CookieJoiner {
public:
    explicit CookieJoiner(std::string_view name) : name_(name) {}
    void see(const Cookie& cookie);
    // The value where it is one cookie: a view into the header. Otherwise use join().
    std::optional<std::string_view> single() const;
    std::optional<std::string> join() const;
    bool has_parts() const { return seen_parts_; }

private:
    std::string_view name_;
    std::optional<std::string_view> whole_;
    std::optional<std::string_view> parts_[max_cookie_parts];
    bool seen_parts_ = false;
    bool ambiguous_ = false; // a cookie tossed at us from a sibling host: neither is believed
};

} // namespace oauth::session
