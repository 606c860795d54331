// SPDX-License-Identifier: MIT
// The port to what all workers must agree on at once: states that have been used, sessions that were ended
// before their time, and who asks a provider about a session's user again. The shared zone implements it in
// src/ngx/. Strangers can make as many used states as they like, so these give way to newer ones; all else is
// kept until its time or refused. Without memory the functions throw: what cannot be asked is not answered.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace oauth::session {

// What a session can be ended by. The marks are texts that stand for one user of one provider, or for one
// session of that provider's: see marks_of().
struct Marks {
    std::string_view id; // of the session here
    std::string subject;
    std::string sid;                  // empty: the provider has told none
    std::int64_t begun_at = 0;        // milliseconds: a mark ends what was begun at its moment or before
    std::string subject_and_sid = {}; // of that user alone; empty as sid
};

// One epoch of one session, whose user is to be asked for again.
struct Renewal {
    std::string_view id; // of the session
    std::uint64_t epoch = 0;
    std::int64_t ends_at = 0; // of the session: until then it stays known which epochs have been spent
};

// Whether to ask. Only who has `taken` it may redeem the refresh token of that epoch.
struct Lease {
    enum class State {
        taken,   // by this call, until the time it gave
        busy,    // somebody has it
        done,    // asked already: `handover` leads to the session as it is now
        spent,   // likewise, a while ago: what it led to is not known any more
        refused, // asked already: the provider has ended it
        later,   // the provider was away: not before `at`
        full,    // no room to agree on anything: nobody asks
    } state = State::full;
    std::string handover;
    std::int64_t at = 0;        // seconds
    std::uint32_t failures = 0; // taken: how many attempts before this one have failed, one after the other
};

// Seconds until the next attempt, after so many that failed and one more that has: they double from 10
// seconds to 5 minutes.
constexpr std::int64_t longest_pause = 300;
constexpr std::int64_t pause_after(std::uint32_t failures) {
    constexpr std::int64_t first = 10;
    constexpr std::uint32_t most_doublings = 5; // by then it is the longest
    return std::min(first << std::min(failures, most_doublings), longest_pause);
}

class Ledger {
public:
    virtual ~Ledger() = default;

    enum class Mark { first, again };
    // Set if absent, until then: of two workers that ask for the same state, one is first. Where there is no
    // room, the mark that would end next goes.
    virtual Mark use_once(std::string_view state, std::int64_t until) = 0;
    virtual bool is_used(std::string_view state) = 0;

    // The same for what only a provider can send (the jti of a logout token): never gives way. moved: a
    // reload is replacing this worker, and the new ones would not learn of it.
    enum class Remembered { first, again, full, moved };
    virtual Remembered remember(std::string_view key, std::int64_t until) = 0;
    virtual bool is_remembered(std::string_view key) = 0;

    enum class Revocation { done, full, moved };
    virtual Revocation revoke(std::string_view session_id, std::int64_t until) = 0;
    // Ends all sessions with this mark that were begun then (milliseconds) or before.
    virtual Revocation revoke_all(std::string_view mark, std::int64_t begun_until, std::int64_t until) = 0;
    virtual bool is_revoked(const Marks& marks) = 0;
    // The same question at less cost. False: it is not; true: is_revoked() has to be asked.
    virtual bool may_be_revoked([[maybe_unused]] std::string_view session_id) { return true; }
    // Changes with every revocation: a session that was checked at this generation need not be looked up
    // again.
    virtual std::uint64_t generation() const noexcept = 0;

    // Whether to ask a provider about a session of this epoch; taken: until `lease_until`, in seconds. An
    // epoch that is higher than any before begins anew. A lease that ran out can be taken over, once.
    virtual Lease lease(const Renewal& renewal, std::int64_t lease_until) = 0;
    // How that ended, by whoever took the lease. done: `handover` is kept until the next epoch has been seen,
    // and a minute longer. False: there is no room for it, so that who comes with this epoch goes on with it
    // for a minute (`later`), and then has none (`spent`). failed: the provider was away, and the next
    // attempt waits: pause_after(). tokens_alone: as done, but the provider was away once it had given new
    // tokens, and the next epoch waits as after any failure.
    enum class RenewalEnd { done, tokens_alone, refused, failed };
    virtual bool end_renewal(const Renewal& renewal, RenewalEnd end, std::string_view handover) = 0;
    // Absent: as far as is known here, this is the session's last epoch. Else what leads to a later one;
    // empty: nothing does, or it was refused.
    virtual std::optional<std::string> successor(const Renewal& renewal) = 0;
    // A request came with the session of this epoch.
    virtual void saw(const Renewal& renewal) = 0;
};

} // namespace oauth::session
