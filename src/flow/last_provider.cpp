// SPDX-License-Identifier: MIT
// See last_provider.hpp.
#include "last_provider.hpp"

#include "../core/bytes.hpp"
#include "../session/cookies.hpp"

#include <algorithm>
#include <string_view>

namespace oauth::flow {

namespace {

constexpr char left_mark = '!'; // no name of a provider has one,
constexpr char separator = '.'; // or the other

struct Remembered {
    std::string name;
    bool has_left = false;
};

std::string name_of_cookie(const Site& site, const Request& request) {
    return session::last_provider_cookie_name(session::cookie_name(site.options.cookie, request.base_url));
}

std::string_view value_of_cookie(const Site& site, const Request& request) {
    const std::string name = name_of_cookie(site, request);
    for (const auto& [cookie_name, value] : request.cookies) {
        if (cookie_name == name) {
            return value;
        }
    }
    return "";
}

std::vector<Remembered>::iterator find(std::vector<Remembered>& all, std::string_view name) {
    return std::find_if(all.begin(), all.end(), [&](const Remembered& each) { return each.name == name; });
}

// The providers that there are, each once.
std::vector<Remembered> read(const Site& site, const Request& request) {
    std::vector<Remembered> all;
    for (std::string_view item : core::split(value_of_cookie(site, request), separator)) {
        const bool has_left = item.ends_with(left_mark);
        item.remove_suffix(has_left ? 1 : 0);
        if (all.size() < max_remembered && site.find_provider(item) != nullptr &&
            find(all, item) == all.end()) {
            all.push_back({std::string(item), has_left});
        }
    }
    return all;
}

void write(const Site& site, const Request& request, const std::vector<Remembered>& all,
           web::Answer& answer) {
    std::string value;
    for (const Remembered& each : all) {
        if (!value.empty()) {
            value.push_back(separator);
        }
        value.append(each.name);
        if (each.has_left) {
            value.push_back(left_mark);
        }
    }
    if (value.empty() || value == value_of_cookie(site, request)) {
        return;
    }
    session::CookieSettings settings = site.options.cookie;
    settings.same_site = session::CookieSettings::SameSite::lax;
    answer.set_cookies.push_back(session::set_cookie(
        settings, request.base_url, name_of_cookie(site, request), value, last_provider_lifetime));
}

void put_first(std::vector<Remembered>& all, const Provider& provider, bool has_left) {
    const std::string& name = provider.settings().name;
    std::erase_if(all, [&](const Remembered& each) { return each.name == name; });
    if (all.size() == max_remembered) {
        all.pop_back();
    }
    all.insert(all.begin(), {name, has_left});
}

} // namespace

bool is_last_provider(const Site& site, const Request& request, const Provider& provider) {
    const std::vector<Remembered> all = read(site, request);
    return !all.empty() && all.front().name == provider.settings().name;
}

bool has_left(const Site& site, const Request& request, const Provider& provider) {
    std::vector<Remembered> all = read(site, request);
    const auto found = find(all, provider.settings().name);
    return found != all.end() && found->has_left;
}

void remember_sign_in(const Site& site, const Request& request, const Provider& provider,
                      web::Answer& answer) {
    std::vector<Remembered> all = read(site, request);
    put_first(all, provider, false);
    write(site, request, all, answer);
}

void remember_switch(const Site& site, const Request& request, const Provider& provider,
                     web::Answer& answer) {
    std::vector<Remembered> all = read(site, request);
    const auto found = find(all, provider.settings().name);
    if (found != all.end()) {
        found->has_left = true;
    } else if (all.size() < max_remembered) {
        all.push_back({provider.settings().name, true});
    }
    write(site, request, all, answer);
}

void remember_sign_out(const Site& site, const Request& request, const std::vector<const Provider*>& left,
                       const Provider* ended_there, web::Answer& answer) {
    std::vector<Remembered> all = read(site, request);
    for (const Provider* provider : left) {
        if (provider != ended_there && find(all, provider->settings().name) == all.end()) {
            put_first(all, *provider, true);
        }
    }
    for (Remembered& each : all) {
        const bool has_ended = ended_there != nullptr && each.name == ended_there->settings().name;
        each.has_left = !has_ended;
    }
    write(site, request, all, answer);
}

} // namespace oauth::flow
