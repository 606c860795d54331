// SPDX-License-Identifier: MIT
// See upkeep.hpp.
#include "upkeep.hpp"

#include <algorithm>
#include <limits>

namespace oauth::flow {

namespace {

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

// Written at most once in a tenth of it.
std::int64_t idle_due_at(const Site& site, const session::Session& session) {
    const std::int64_t idle = site.options.session_idle;
    return idle == 0 ? never : session.used_at + std::max<std::int64_t>(1, idle / 10);
}

} // namespace

void plan(const Site& site, session::OpenedSession& opened) {
    const session::Session& session = opened.session;
    // oauth_session_lifetime and oauth_session_idle may have been shortened since.
    opened.ends_at = std::min(session.expires_at, session.made_at + site.options.session_lifetime);
    if (site.options.session_idle != 0) {
        opened.ends_at = std::min(opened.ends_at, session.used_at + site.options.session_idle);
    }
    opened.due_at = idle_due_at(site, session);
}

bool is_check_due(const Site&, const session::OpenedSession&) {
    return false; // nobody is asked for again
}

core::Task<core::Result<session::Loaded>> check(Site&, session::OpenedSessionPointer session) {
    co_return session::Loaded{std::move(session)};
}

core::Task<core::Result<session::Loaded>> attend(Site& site, session::OpenedSessionPointer session) {
    session::Loaded current{session};
    if (site.clock.now() >= idle_due_at(site, session->session)) {
        auto touched = co_await site.store->touch(session);
        if (!touched) {
            co_return touched.error();
        }
        current = std::move(touched.value());
        if (current.session) {
            plan(site, *current.session); // a store may give the same object
        }
    }
    co_return std::move(current);
}

} // namespace oauth::flow
