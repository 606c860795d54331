// SPDX-License-Identifier: MIT
// See upkeep.hpp.
#include "upkeep.hpp"

#include <algorithm>
#include <limits>

namespace oauth::flow {

namespace {

constexpr unsigned max_checks = 3; // of a request
constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

// Written at most once in a tenth of it.
std::int64_t idle_due_at(const Site& site, const session::Session& session) {
    const std::int64_t idle = site.options.session_idle;
    if (idle == 0) {
        return never;
    }
    const std::int64_t now = site.clock.now();
    const bool is_ahead = session.used_at > now + session::clock_skew; // the clock has been set back since
    return is_ahead ? now : session.used_at + std::max<std::int64_t>(1, idle / 10);
}

void delete_cookies_of(const Site& site, const session::OpenedSession& ended,
                       std::vector<std::string>& cookies) {
    const session::CookieSettings& settings = site.options.cookie;
    const std::string name = session::cookie_name(settings, ended.base_url);
    for (const auto& [part, value] :
         session::split_cookie(name, ended.cookie).value_or(session::CookieParts{})) {
        cookies.push_back(session::delete_cookie(settings, ended.base_url, part));
    }
}

// One Set-Cookie for a name: what is there already is newer.
void add_others(const std::vector<std::string>& former, std::vector<std::string>& cookies) {
    const std::size_t newer = cookies.size();
    for (const std::string& each : former) {
        const std::string name = each.substr(0, each.find('=') + 1);
        const bool is_set = std::any_of(cookies.begin(), cookies.begin() + static_cast<std::ptrdiff_t>(newer),
                                        [&](const auto& cookie) { return cookie.starts_with(name); });
        if (!is_set) {
            cookies.push_back(each);
        }
    }
}

// Written down, where that is due.
core::Task<core::Result<session::Loaded>> use(Site& site, session::Loaded current) {
    if (site.clock.now() < idle_due_at(site, current.session->session)) {
        co_return std::move(current);
    }
    auto touched = co_await site.store->touch(current.session);
    if (touched) {
        add_others(current.cookies, touched->cookies);
    }
    co_return std::move(touched);
}

} // namespace

void plan(const Site& site, session::OpenedSession& opened) {
    const session::Session& session = opened.session;
    // oauth_session_lifetime and oauth_session_idle may have been shortened since.
    opened.ends_at = std::min(session.expires_at, session.made_at + site.options.session_lifetime);
    if (site.options.session_idle != 0) {
        opened.ends_at = std::min(opened.ends_at, session.used_at + site.options.session_idle);
    }
    opened.check_at = check_due_at(site, session);
    opened.due_at = std::min(idle_due_at(site, session), opened.check_at);
    opened.planned_at = site.clock.now();
}

namespace {

// A store may give the same object, or one that the worker has had before: a check that was put off stays so,
// unless the clock has been set back since.
void plan_again(const Site& site, const session::OpenedSessionPointer& opened) {
    if (opened) {
        const std::int64_t now = site.clock.now();
        const bool is_put_off = now >= opened->planned_at && opened->check_at <= now + session::longest_pause;
        const std::int64_t check_at = is_put_off ? opened->check_at : 0;
        plan(site, *opened);
        opened->check_at = std::max(check_at, opened->check_at);
        opened->due_at = std::min(idle_due_at(site, opened->session), opened->check_at);
    }
}

} // namespace

bool is_check_due(const Site& site, const session::OpenedSession& opened) {
    return site.clock.now() >= opened.check_at;
}

core::Task<core::Result<session::Loaded>> attend(Site& site, session::OpenedSessionPointer session) {
    session::Loaded current{session};
    if (is_check_due(site, *session) && !session->place.empty()) { // it may be gone once that has ended
        auto used = co_await use(site, std::move(current));
        if (!used) {
            co_return used.error();
        }
        current = std::move(used.value());
        plan_again(site, current.session); // others come meanwhile
    }
    // Who still has a former cookie is led to the newest session, which may be due itself.
    for (unsigned checks = 0; current.session && checks < max_checks; ++checks) {
        if (!is_check_due(site, *current.session)) {
            break;
        }
        auto checked = co_await check(site, current.session);
        if (!checked) {
            co_return checked.error();
        }
        const std::vector<std::string> former = std::move(current.cookies);
        current = std::move(checked.value());
        if (current.session) {
            add_others(former, current.cookies);
            plan_again(site, current.session);
        }
    }
    if (!current.session) {
        if (!current.is_superseded) {
            delete_cookies_of(site, *session, current.cookies);
        }
        co_return std::move(current);
    }
    auto used = co_await use(site, std::move(current));
    if (!used) {
        co_return used.error();
    }
    current = std::move(used.value());
    plan_again(site, current.session);
    co_return std::move(current);
}

} // namespace oauth::flow
