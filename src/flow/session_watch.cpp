// SPDX-License-Identifier: MIT
// See session_watch.hpp.
#include "session_watch.hpp"

#include "admission.hpp"
#include "upkeep.hpp"

#include <algorithm>
#include <utility>

namespace oauth::flow {

namespace {

constexpr std::int64_t between_questions = 2; // seconds: a stream ends within five of its session
constexpr std::int64_t between_checks = 2;    // where the last one came to nothing
constexpr std::ptrdiff_t at_a_time = 500;     // sessions in a question

// A flow that asks: until it ends, also where it is abandoned.
class Asking {
public:
    explicit Asking(bool& flag) : flag_(flag) { flag_ = true; }
    Asking(const Asking&) = delete;
    Asking& operator=(const Asking&) = delete;
    ~Asking() { flag_ = false; }

private:
    bool& flag_;
};

// Its idle time is over as far as this worker knows, and its store may know better.
bool may_have_been_used(const Site& site, const session::OpenedSession& opened) {
    const session::Session& session = opened.session;
    const std::int64_t at_most =
        std::min(session.expires_at, session.made_at + site.options.session_lifetime);
    const std::int64_t now = site.clock.now();
    return !opened.place.empty() && now >= opened.ends_at && now < at_most;
}

} // namespace

WatchedPointer SessionWatch::add(Site& site, session::OpenedSessionPointer session) {
    const auto place = sessions_.try_emplace({&site, session->session.id}).first;
    WatchedPointer watched = place->second.lock();
    if (!watched) {
        watched = std::make_shared<WatchedSession>(*this, place, site, std::move(session));
        place->second = watched;
    } else if (!watched->is_over_) { // what a request has brought is no older
        watched->session_ = std::move(session);
    }
    return watched;
}

bool WatchedSession::goes_on(const WatchedPointer& watched) {
    WatchedSession& each = *watched;
    Site& site = each.site_;
    if (each.is_over_) {
        return false;
    }
    if (is_current(site, *each.session_)) {
        const bool is_due =
            is_check_due(site, *each.session_) && site.clock.now() >= each.checked_at_ + between_checks;
        if (is_due && !each.is_asked_) {
            site.background.start(check(watched)); // or at the next call
        }
        return true;
    }
    // Where too much is under way to ask, its end is what is known.
    return may_have_been_used(site, *each.session_) &&
           (each.is_asked_ || site.background.start(load(watched))) && !each.is_over_;
}

void WatchedSession::take(session::Loaded found) {
    if (found.session && is_current(site_, *found.session)) {
        session_ = std::move(found.session);
    } else {
        is_over_ = true;
    }
}

// The flows take their parameters out of the frames, which are kept for a while after they have ended.

// A store that does not answer does not prolong what is over as far as is known.
core::Task<core::Done> WatchedSession::load(WatchedPointer parameter) {
    const WatchedPointer watched = std::move(parameter);
    const Asking asking(watched->is_asked_);
    const session::OpenedSessionPointer session = watched->session_;
    auto found = co_await watched->site_.store->load(session->cookie, session->base_url);
    watched->take(found ? std::move(found.value()) : session::Loaded{});
    co_return core::Done{};
}

// A store that does not answer ends nothing.
core::Task<core::Done> WatchedSession::check(WatchedPointer parameter) {
    const WatchedPointer watched = std::move(parameter);
    const Asking asking(watched->is_asked_);
    watched->checked_at_ = watched->site_.clock.now();
    auto found = co_await flow::check(watched->site_, watched->session_);
    if (found) {
        watched->take(std::move(found.value()));
    }
    co_return core::Done{};
}

core::Task<core::Done> SessionWatch::ask(Site& site, std::vector<WatchedPointer> parameter) {
    const std::vector<WatchedPointer> some = std::move(parameter);
    std::vector<session::OpenedSessionPointer> sessions;
    sessions.reserve(some.size());
    for (const WatchedPointer& watched : some) {
        sessions.push_back(watched->session_);
    }
    const auto live = co_await site.store->which_live(std::move(sessions));
    for (std::size_t i = 0; live && i < std::min(some.size(), live->size()); ++i) {
        some[i]->is_over_ = some[i]->is_over_ || !live.value()[i];
    }
    co_return core::Done{};
}

void SessionWatch::ask_stores() {
    const std::int64_t now = sessions_.empty() ? 0 : sessions_.begin()->first.first->clock.now();
    if (sessions_.empty() || (now >= stores_asked_at_ && now < stores_asked_at_ + between_questions)) {
        return;
    }
    stores_asked_at_ = now;
    std::vector<WatchedPointer> elsewhere; // those of a site side by side
    for (const auto& [key, place] : sessions_) {
        WatchedPointer watched = place.lock();
        if (watched && !watched->is_over_ && !watched->session_->place.empty()) {
            elsewhere.push_back(std::move(watched));
        }
    }
    for (auto first = elsewhere.begin(); first != elsewhere.end();) {
        Site& site = (*first)->site_;
        const auto end = elsewhere.end() - first > at_a_time ? first + at_a_time : elsewhere.end();
        const auto last = std::find_if(
            first, end, [&site](const WatchedPointer& watched) { return &watched->site_ != &site; });
        site.background.start(ask(site, {first, last})); // or the next time
        first = last;
    }
}

} // namespace oauth::flow
