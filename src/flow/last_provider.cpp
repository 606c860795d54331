// SPDX-License-Identifier: MIT
// See last_provider.hpp.
#include "last_provider.hpp"

#include "../session/cookies.hpp"

namespace oauth::flow {

namespace {

constexpr char left_mark = '!'; // no name of a provider has one

std::string name_of_cookie(const Site& site, const Request& request) {
    return session::last_provider_cookie_name(session::cookie_name(site.options.cookie, request.base_url));
}

bool has_value(const Site& site, const Request& request, const std::string& value) {
    const std::string name = name_of_cookie(site, request);
    for (const auto& [cookie_name, cookie_value] : request.cookies) {
        if (cookie_name == name) {
            return cookie_value == value;
        }
    }
    return false;
}

} // namespace

bool is_last_provider(const Site& site, const Request& request, const Provider& provider) {
    return has_value(site, request, provider.settings().name) || has_left(site, request, provider);
}

bool has_left(const Site& site, const Request& request, const Provider& provider) {
    return has_value(site, request, provider.settings().name + left_mark);
}

void remember_provider(const Site& site, const Request& request, const Provider& provider, Stay stay,
                       web::Answer& answer) {
    std::string value = provider.settings().name;
    if (stay == Stay::left) {
        value.push_back(left_mark);
    }
    if (has_value(site, request, value)) {
        return;
    }
    session::CookieSettings settings = site.options.cookie;
    settings.same_site = session::CookieSettings::SameSite::lax;
    answer.set_cookies.push_back(session::set_cookie(
        settings, request.base_url, name_of_cookie(site, request), value, last_provider_lifetime));
}

} // namespace oauth::flow
