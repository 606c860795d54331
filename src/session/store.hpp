// SPDX-License-Identifier: MIT
// The port to where sessions are kept: in the cookie itself, in shared memory, on another machine. Flows and
// admission know this port alone. One object per server and worker; it outlives every flow. All that may wait
// can end with store_unavailable: the store does not answer within oauth_session_timeout, or has no room, and
// nothing is known or was changed.
#pragma once

#include "../core/result.hpp"
#include "../core/task.hpp"
#include "cache.hpp"
#include "ledger.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oauth::session {

// Where a session's cookie led.
struct Loaded {
    OpenedSessionPointer session;          // null: none
    std::vector<std::string> cookies = {}; // Set-Cookie values for whatever answer follows
    bool is_superseded = false; // none by this cookie, in whose place the browser may have a newer one
};

// Name and value of each cookie that a session takes.
using CookieParts = std::vector<std::pair<std::string, std::string>>;

// A refreshed session in place of the one before.
struct Replaced {
    enum class Outcome {
        saved,
        newer, // somebody else has refreshed it: `now` is theirs
        gone,  // it was ended meanwhile: what was got for it is to be given back
    } outcome = Outcome::saved;
    Loaded now;
    // What leads others who still have the former cookie to the new session: see take_over(). Sealed, or
    // empty where their cookie does.
    std::string handover;
};

// Whose sessions: all of one user of a provider, or those that belong to one session of the provider's, of
// whomever or only if they are that user's.
struct Whose {
    std::string provider_fingerprint;
    std::string subject; // empty: any
    std::string sid;     // empty: all of the user's
};

// The text that stands for them in a ledger; unambiguous.
std::string mark_of(const Whose& whose);
Marks marks_of(const Session& session);
Renewal renewal_of(const Session& session);
// What a store answers where the ledger has, or has not, recorded an end, or that something was used.
core::Status recorded(Ledger::Revocation revocation);
core::Result<bool> recorded(Ledger::Remembered remembered);

class Store {
public:
    Store() = default;
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    virtual ~Store() = default;

    // What can be had without waiting, on the warm path: the session, or null where the cookie is none.
    // nullopt: load() has to be asked.
    virtual std::optional<OpenedSessionPointer> peek(std::string_view cookie, std::string_view base_url) = 0;
    virtual core::Task<core::Result<Loaded>> load(std::string cookie, std::string base_url) = 0;
    // All that a request brings, in their order, by one ask where the store has to be waited for.
    virtual core::Task<core::Result<std::vector<Loaded>>> load_all(std::vector<std::string> cookies,
                                                                   std::string base_url);

    // Keeps a new session. session_too_large: it does not fit. `session` outlives the task.
    virtual core::Task<core::Result<CookieParts>> create(const Session& session, std::string base_url) = 0;

    // Where a store leaves the ID token sealed, because hardly a request needs it, Session::id_token is empty
    // until this was called. No default, which a store in front of another would inherit unnoticed.
    virtual void read_id_token(OpenedSession& session) = 0;

    // It was used now (used_at). The session as it is from now on.
    virtual core::Task<core::Result<Loaded>> touch(OpenedSessionPointer session) = 0;

    // `next` has the same id and the next epoch, and its ID token; it outlives the task.
    virtual core::Task<core::Result<Replaced>> replace(OpenedSessionPointer before, const Session& next) = 0;
    // With what the ledger has from replace(): for a request that came with the session before. No session:
    // what it leads to cannot be opened.
    virtual core::Task<core::Result<Loaded>> take_over(OpenedSessionPointer before, std::string handover) = 0;

    // Set-Cookie values by which a browser that has the session before gets the one that `handover` leads to,
    // without waiting; none where its cookie does that.
    virtual std::vector<std::string> cookies_of([[maybe_unused]] const OpenedSession& before,
                                                [[maybe_unused]] const std::string& handover) {
        return {};
    }

    // Ends a session: a copy of its cookie is worth nothing afterwards. store_unavailable: that could not be
    // recorded, and it may live on.
    virtual core::Task<core::Status> erase(OpenedSessionPointer session) = 0;
    // The same for all of these that have begun by now, sign-ins that are under way included.
    virtual core::Task<core::Status> erase_all(Whose whose) = 0;

    // Two stores whose erase_all() ends the same sessions say the same. Empty: those of the zone, which the
    // ledger ends.
    virtual std::string reach() const { return ""; }

    // For all nodes that share this store. True: nobody has used it before.
    virtual core::Task<core::Result<bool>> use_once(std::string key, std::int64_t until) = 0;
    // Has it been used, as far as is known?
    virtual core::Task<core::Result<bool>> is_used(std::string key) = 0;

    // One refresh at a time over all nodes: a token to release it with; empty: another node has it. It is
    // held for so many milliseconds, and longer with keep_lock(), which is false once it is lost.
    virtual core::Task<core::Result<std::string>> lock(OpenedSessionPointer session,
                                                       std::int64_t milliseconds);
    virtual core::Task<core::Result<bool>> keep_lock(OpenedSessionPointer session, std::string token,
                                                     std::int64_t milliseconds);
    virtual core::Task<core::Done> unlock(OpenedSessionPointer session, std::string token);

    // Of sessions that are in use by open connections: which of them the store still has. Those that ended on
    // this node are in the ledger.
    virtual core::Task<core::Result<std::vector<bool>>>
    which_live(std::vector<OpenedSessionPointer> sessions);
};

} // namespace oauth::session
