// SPDX-License-Identifier: MIT
// See cookie_rules.hpp.
#include "cookie_rules.hpp"

#include "../core/bytes.hpp"

#include <algorithm>
#include <cctype>

namespace oauth::session {

namespace {

using SameSite = CookieSettings::SameSite;
using Secure = CookieSettings::Secure;

bool has_prefix(std::string_view name, std::string_view prefix) { // browsers ignore its case
    return core::equal_ignoring_case(name.substr(0, prefix.size()), prefix);
}

bool is_address(std::string_view host) {
    return host.find_first_not_of("0123456789.") == std::string_view::npos ||
           host.find(':') != std::string_view::npos;
}

bool is_host_name(std::string_view name) {
    return !name.empty() && name.front() != '.' && name.find("..") == std::string_view::npos &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '-' || c == '_';
           });
}

std::string_view without_dot(std::string_view domain) { // as browsers read it
    return domain.starts_with('.') ? domain.substr(1) : domain;
}

// What makes the cookie need Secure; empty: nothing does.
std::string_view needs_secure(const CookieSettings& cookie) {
    if (has_prefix(cookie.name, "__Host-")) {
        return "a name that begins with __Host-";
    }
    if (has_prefix(cookie.name, "__Secure-") || has_prefix(cookie.name, "__Http-")) {
        return "a name that begins with __Secure- or __Http-";
    }
    if (cookie.partitioned) {
        return "partitioned";
    }
    return cookie.same_site == SameSite::none ? "samesite=none" : "";
}

} // namespace

bool path_covers(std::string_view cookie_path, std::string_view path) {
    if (cookie_path.empty() || !path.starts_with(cookie_path)) {
        return cookie_path.empty();
    }
    return path.size() == cookie_path.size() || cookie_path.ends_with('/') || path[cookie_path.size()] == '/';
}

bool domain_covers(std::string_view domain, std::string_view host) {
    domain = without_dot(domain);
    if (host.size() < domain.size()) {
        return false;
    }
    const std::string_view end = host.substr(host.size() - domain.size());
    if (!core::equal_ignoring_case(end, domain)) {
        return false;
    }
    const bool is_below = host.size() > domain.size() && host[host.size() - domain.size() - 1] == '.';
    return host.size() == domain.size() || (is_below && !is_address(host));
}

std::string why_refused(const CookieSettings& cookie, Scheme scheme) {
    if (has_prefix(cookie.name, "__Host-") &&
        (!cookie.domain.empty() || (!cookie.path.empty() && cookie.path != "/"))) {
        return "a name that begins with __Host- goes with no domain= and no path=: browsers refuse it";
    }
    if (!cookie.domain.empty() && !is_host_name(without_dot(cookie.domain))) {
        return "found \"domain=" + cookie.domain + "\", accepted: a host name such as example.org";
    }
    const std::string_view reason = needs_secure(cookie);
    if (cookie.secure == Secure::off && !reason.empty()) {
        return std::string(reason) + " needs Secure: browsers refuse it with secure=off";
    }
    if (scheme != Scheme::http) {
        return "";
    }
    const std::string on_http = ", and the base URL is http, where browsers take no such cookie: accepted "
                                "with an https base URL (oauth_base_url)";
    if (cookie.secure == Secure::on) {
        return "secure=on needs https" + on_http;
    }
    return reason.empty() ? "" : std::string(reason) + " needs Secure" + on_http;
}

} // namespace oauth::session
