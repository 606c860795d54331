// SPDX-License-Identifier: MIT
// See shared_state.hpp.
#include "shared_state.hpp"

#include <algorithm>
#include <mutex>

namespace oauth::session {

namespace {

constexpr std::int64_t longest_kept = std::int64_t{400} * 86400 * 1000; // more than any lifetime

} // namespace

std::int64_t KeptTime::now(const core::Clock& clock) noexcept {
    const std::int64_t steady = clock.steady_milliseconds();
    const std::int64_t ahead = clock.now_in_milliseconds() - steady;
    if (!has_begun_) {
        has_begun_ = true;
        lowest_ = ahead;
        former_ = ahead;
    }
    if (steady >= period_ends_at_) {
        former_ = lowest_;
        lowest_ = ahead;
        period_ends_at_ = steady + longest_;
    }
    lowest_ = std::min(lowest_, ahead);
    return (steady + std::min(lowest_, former_)) / 1000;
}

void KeptTime::keep(const core::Clock& clock, std::int64_t until) noexcept {
    static_cast<void>(now(clock)); // this moment counts
    const std::int64_t seconds = std::min(until - clock.now(), longest_kept / 1000);
    longest_ = std::max(longest_, seconds * 1000);
}

LiveState count_live(SharedState& state, const core::Clock& clock) {
    const std::int64_t kept = state.kept.now(clock);
    LiveState live;
    live.ended = state.ended->count_live(kept);
    live.marks = state.marks->live(kept).records;
    live.renewals = state.renewals->live(kept);
    if (state.sessions != nullptr) {
        live.sessions = state.sessions->live(clock.now());
    }
    return live;
}

bool take_live(SharedState& to, SharedState& from, const core::Clock& clock) {
    const std::int64_t kept = from.kept.now(clock);
    to.kept = from.kept;
    // As between strangers in one state, newer ones count more.
    static_cast<void>(
        to.used_states->take_from(*from.used_states, kept, ExpiringSet::WhenFull::drop_earliest));
    bool all = to.ended->take_from(*from.ended, kept, ExpiringSet::WhenFull::refuse);
    all &= to.marks->take_from(*from.marks, kept);
    all &= to.renewals->take_from(*from.renewals, kept);
    if (to.sessions != nullptr && from.sessions != nullptr) {
        all &= to.sessions->take_from(*from.sessions, clock.now());
    }
    return all;
}

namespace {

constexpr int most_turns = 2000; // of a few entries each: nobody waits long for the lock, nor for the answer

template <class Block>
void drop_expired(const SharedMemory& memory, Block* block, bool by_clock) {
    for (int turn = 0; block != nullptr && turn < most_turns; ++turn) {
        const std::lock_guard lock(memory.mutex);
        if (!block->drop_expired(by_clock ? memory.clock.now() : memory.state.kept.now(memory.clock))) {
            return;
        }
    }
}

enum class WhenFull { refuses, forgets };

double part_of(std::size_t used, std::size_t room) {
    return room == 0 ? 0 : static_cast<double>(used) / static_cast<double>(room);
}

void add(SharedUsage& usage, const ExpiringSet& set, WhenFull when_full) {
    usage.used += set.size() * ExpiringSet::entry_size;
    usage.total += set.capacity() * ExpiringSet::entry_size;
    if (when_full == WhenFull::refuses) {
        usage.fullest = std::max(usage.fullest, part_of(set.size(), set.capacity()));
    }
}

void add(SharedUsage& usage, const RecordTable* table, WhenFull when_full) {
    if (table == nullptr) {
        return;
    }
    const RecordTable::Amount used = table->used();
    const RecordTable::Amount room = table->room();
    usage.used += RecordTable::bytes_of(used);
    usage.total += RecordTable::bytes_of(room);
    if (when_full == WhenFull::refuses) {
        usage.fullest = std::max({usage.fullest, part_of(used.records, room.records),
                                  part_of(used.chunks, table->room_for_new_chunks())});
    }
}

} // namespace

SharedUsage measure(const SharedMemory& memory) {
    SharedState& state = memory.state;
    drop_expired(memory, state.used_states, false);
    drop_expired(memory, state.ended, false);
    drop_expired(memory, state.marks, false);
    drop_expired(memory, state.renewals, false);
    drop_expired(memory, state.signed_tokens, true);
    drop_expired(memory, state.sessions, true);
    const std::lock_guard lock(memory.mutex);
    SharedUsage usage;
    add(usage, *state.used_states, WhenFull::forgets);
    add(usage, *state.ended, WhenFull::refuses);
    add(usage, state.marks, WhenFull::refuses);
    add(usage, state.renewals, WhenFull::refuses);
    add(usage, state.signed_tokens, WhenFull::forgets);
    add(usage, state.sessions, WhenFull::refuses);
    usage.fullest = std::min(usage.fullest, 1.0);
    usage.sessions = state.sessions == nullptr ? 0 : state.sessions->used().records;
    return usage;
}

} // namespace oauth::session
