// SPDX-License-Identifier: MIT
// What all processes agree on, in memory that they share: a block of its own for each kind, so that no kind
// takes room from another. Whoever makes the blocks maps them before processes fork, at one address in all.
#pragma once

#include "../core/clock.hpp"
#include "expiring_set.hpp"
#include "record_table.hpp"

#include <atomic>
#include <cstdint>

namespace oauth::session {

class LateNews;

// When what must not be forgotten too early may go: ends of sessions, and what was used once. A clock that is
// set ahead, and back again, would have all of it dropped meanwhile. So this is the clock as it was when it
// showed least in comparison with the time that goes by, over twice as long as anything is kept: nothing goes
// before its time is over by the clock, nor before so much time has gone by. The zone's lock is held.
class KeptTime {
public:
    // In seconds, and never ahead of the clock.
    std::int64_t now(const core::Clock& clock) noexcept;
    // Something is kept from now on until then, by the clock.
    void keep(const core::Clock& clock, std::int64_t until) noexcept;

private:
    // By how many milliseconds the clock is ahead of the time that goes by, at least: in this period, and in
    // the one before. A period is as long as what is kept longest.
    std::int64_t lowest_ = 0;
    std::int64_t former_ = 0;
    std::int64_t longest_ = 0; // milliseconds
    std::int64_t period_ends_at_ = 0;
    bool has_begun_ = false;
};

struct SharedState {
    std::atomic<std::uint64_t> generation; // moves with every revocation
    std::atomic<std::uint32_t> moved;      // others go on with a copy: see Ledger::Revocation
    KeptTime kept;
    ExpiringSet* used_states;
    ExpiringSet* ended;         // sessions that were ended before their time, jti of logout tokens
    RecordTable* marks;         // of users and of providers' sessions: what was begun by then has ended
    RecordTable* renewals;      // see Renewals
    RecordTable* signed_tokens; // nullptr: no room for any
    RecordTable* sessions;      // nullptr: no server keeps them here
};
static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

// The chunks for each record, by what is kept: a sealed cookie for a while with a few of the renewals,
// identity tokens with what they depend on, sessions of 600 bytes or, with an ID token, 1,200.
constexpr std::uint32_t chunks_of_renewal = 2;
constexpr std::uint32_t chunks_of_token = 6;
constexpr std::uint32_t chunks_of_session = 6;

// How much of it has not expired.
struct LiveState {
    std::size_t ended = 0;
    std::size_t marks = 0;
    RecordTable::Amount renewals;
    RecordTable::Amount sessions;
};
LiveState count_live(SharedState& state, const core::Clock& clock);
// All of that goes on in another state, sessions only if that one keeps some. Tokens are signed anew. False:
// it has not enough room.
bool take_live(SharedState& to, SharedState& from, const core::Clock& clock);

// The lock of all of this. No operation holds it longer than a search, or a copy of one session.
class SharedMutex {
public:
    virtual ~SharedMutex() = default;
    virtual void lock() noexcept = 0;
    virtual void unlock() noexcept = 0;
};

// What a process reaches it with; all outlive what uses them.
struct SharedMemory {
    SharedState& state;
    SharedMutex& mutex;
    const core::Clock& clock;
    LateNews* late_news = nullptr; // of workers that a reload has replaced; nullptr: there can be none
};

// How much of the blocks is taken, once what has expired has made room. No block takes room of another: what
// counts is the one that is fullest, of those that refuse what has no room. In the others newer entries take
// the place of older ones.
struct SharedUsage {
    std::size_t used = 0; // bytes, of all blocks
    std::size_t total = 0;
    double fullest = 0;       // from 0 to 1
    std::size_t sessions = 0; // records: some may have been ended by a provider, and not been asked for since
};
SharedUsage measure(const SharedMemory& memory);

} // namespace oauth::session
