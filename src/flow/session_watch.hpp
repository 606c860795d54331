// SPDX-License-Identifier: MIT
// Sessions that open connections use (WebSockets, event streams). Such a connection keeps no request coming
// in, so what a request would find out is found out here: what has been signed out, whose time is over, what
// a store on another machine has no more, and, where oauth_refresh is set, whether the provider still knows
// the user. An open connection is no use of its session: idle time is not renewed by it. One object per
// worker.
#pragma once

#include "../core/task.hpp"
#include "../session/store.hpp"
#include "site.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace oauth::flow {

class WatchedSession;
// While one of them lives, the session is watched.
using WatchedPointer = std::shared_ptr<WatchedSession>;

class SessionWatch {
public:
    SessionWatch() = default;
    SessionWatch(const SessionWatch&) = delete;
    SessionWatch& operator=(const SessionWatch&) = delete;

    // The connections of a session share one. The site outlives it, and so does this object.
    WatchedPointer add(Site& site, session::OpenedSessionPointer session);

    // Asks the stores which sessions they still have, as often as that is due; told by goes_on() afterwards.
    void ask_stores();

private:
    friend class WatchedSession;
    static core::Task<core::Done> ask(Site& site, std::vector<WatchedPointer> parameter);

    using Sessions = std::map<std::pair<const Site*, std::string>, std::weak_ptr<WatchedSession>>; // by id

    Sessions sessions_;
    std::int64_t stores_asked_at_ = 0;
};

class WatchedSession {
public:
    WatchedSession(SessionWatch& watch, SessionWatch::Sessions::iterator place, Site& site,
                   session::OpenedSessionPointer session)
        : watch_(watch), place_(place), site_(site), session_(std::move(session)) {}
    WatchedSession(const WatchedSession&) = delete;
    WatchedSession& operator=(const WatchedSession&) = delete;
    ~WatchedSession() { watch_.sessions_.erase(place_); }

    const session::Session& session() const { return session_->session; }

    // Is it a session, as far as is known? What has to be asked for is begun, and a later call tells it. Two
    // comparisons, as long as nothing has happened. Throws bad_alloc.
    static bool goes_on(const WatchedPointer& watched);

private:
    friend class SessionWatch;

    void take(session::Loaded found);
    static core::Task<core::Done> load(WatchedPointer parameter);
    static core::Task<core::Done> check(WatchedPointer parameter);

    SessionWatch& watch_;
    SessionWatch::Sessions::iterator place_;
    Site& site_;
    session::OpenedSessionPointer session_; // as it is now
    bool is_over_ = false;
    bool is_asked_ = false;       // a flow of the worker finds out
    std::int64_t checked_at_ = 0; // tried, at least
};

} // namespace oauth::flow
