// SPDX-License-Identifier: MIT
// See shared_ledger.hpp. Where others go on with a copy of this state, nothing is begun here any more that
// they would have to know of, and how that ends which was begun before is told them. A used sign-in is noted
// all the same: its visitor is on the way, and a provider takes a code once.
#include "shared_ledger.hpp"
#include "hashed_key.hpp"
#include "late_news.hpp"
#include "renewals.hpp"

#include <algorithm>
#include <cstring>
#include <mutex>

namespace oauth::session {

namespace {

using Lock = std::lock_guard<SharedMutex>;

bool ends(RecordTable& table, const RecordTable::Key& mark, const Marks& marks, std::int64_t now) {
    const auto found = table.find(mark, now);
    return found && marks.begun_at <= found->used_at;
}

// An id of a session is random and of our own making, so it needs no hash.
RecordTable::Key key_of_session(std::string_view id) {
    RecordTable::Key key{};
    if (id.size() != key.size()) {
        return hashed_key("session", id);
    }
    std::memcpy(key.data(), id.data(), key.size());
    return key;
}

} // namespace

Ledger::Mark SharedLedger::use_once(std::string_view state, std::int64_t until) {
    const auto key = hashed_key("state", state);
    const Lock lock(memory_.mutex);
    const auto added =
        memory_.state.used_states->add(key, times(until), ExpiringSet::WhenFull::drop_earliest);
    return added == ExpiringSet::Added::first ? Mark::first : Mark::again;
}

bool SharedLedger::is_used(std::string_view state) {
    const auto key = hashed_key("state", state);
    const Lock lock(memory_.mutex);
    return memory_.state.used_states->contains(key);
}

Ledger::Remembered SharedLedger::remember(std::string_view text, std::int64_t until) {
    const auto key = hashed_key("once", text);
    const Lock lock(memory_.mutex);
    if (is_moved()) {
        return Remembered::moved;
    }
    switch (memory_.state.ended->add(key, times(until), ExpiringSet::WhenFull::refuse)) {
    case ExpiringSet::Added::first:
        return Remembered::first;
    case ExpiringSet::Added::again:
        return Remembered::again;
    case ExpiringSet::Added::full:
        break;
    }
    return Remembered::full;
}

bool SharedLedger::is_remembered(std::string_view text) {
    const auto key = hashed_key("once", text);
    const Lock lock(memory_.mutex);
    return memory_.state.ended->contains(key);
}

Ledger::Revocation SharedLedger::revoked() noexcept {
    memory_.state.generation.fetch_add(1, std::memory_order_acq_rel);
    return Revocation::done;
}

Ledger::Revocation SharedLedger::revoke(std::string_view session_id, std::int64_t until) {
    const auto key = key_of_session(session_id);
    const Lock lock(memory_.mutex);
    if (is_moved()) {
        return Revocation::moved;
    }
    const auto added = memory_.state.ended->add(key, times(until), ExpiringSet::WhenFull::refuse);
    return added == ExpiringSet::Added::full ? Revocation::full : revoked();
}

Ledger::Revocation SharedLedger::revoke_all(std::string_view mark, std::int64_t begun_until,
                                            std::int64_t until) {
    const auto key = hashed_key("mark", mark);
    const Lock lock(memory_.mutex);
    if (is_moved()) {
        return Revocation::moved;
    }
    RecordTable& marks = *memory_.state.marks;
    const std::int64_t now = times(until).now;
    if (auto known = marks.find(key, now)) {
        known->used_at = std::max(known->used_at, begun_until);
        known->until = std::max(known->until, until);
        marks.update(key, *known, now);
        return revoked();
    }
    const RecordTable::Fields fields{until, 0, begun_until, {}};
    return marks.insert(key, fields, {}, now) == RecordTable::Put::done ? revoked() : Revocation::full;
}

bool SharedLedger::is_revoked(const Marks& marks) {
    const auto id = key_of_session(marks.id);
    const auto subject = hashed_key("mark", marks.subject);
    const auto sid = hashed_key("mark", marks.sid);
    const auto both = hashed_key("mark", marks.subject_and_sid);
    const Lock lock(memory_.mutex);
    const std::int64_t now = memory_.state.kept.now(memory_.clock);
    RecordTable& table = *memory_.state.marks;
    return memory_.state.ended->contains(id) || ends(table, subject, marks, now) ||
           (!marks.sid.empty() && (ends(table, sid, marks, now) || ends(table, both, marks, now)));
}

bool SharedLedger::may_be_revoked(std::string_view session_id) {
    const auto id = key_of_session(session_id);
    const Lock lock(memory_.mutex);
    RecordTable& marks = *memory_.state.marks;
    static_cast<void>(
        marks.find(id, 0)); // any search mends what a killed process left: then the count is right
    return marks.used().records != 0 || memory_.state.ended->contains(id);
}

ExpiringSet::Times SharedLedger::times(std::int64_t until) noexcept {
    memory_.state.kept.keep(memory_.clock, until);
    return {memory_.state.kept.now(memory_.clock), until};
}

Renewals SharedLedger::renewals() {
    return renewals_of(memory_.state, memory_.clock);
}

Lease SharedLedger::lease(const Renewal& renewal, std::int64_t lease_until) {
    const Renewals::Keys keys = Renewals::keys_of(renewal.id);
    const InformedLock lock(memory_);
    if (is_moved()) {
        return {}; // a new worker will
    }
    memory_.state.kept.keep(memory_.clock, renewal.ends_at);
    return renewals().lease(keys, renewal, lease_until);
}

bool SharedLedger::end_renewal(const Renewal& renewal, RenewalEnd end, std::string_view handover) {
    const Renewals::Keys keys = Renewals::keys_of(renewal.id);
    const InformedLock lock(memory_);
    const bool is_told = !is_moved() || memory_.late_news == nullptr ||
                         memory_.late_news->tell_end(keys, renewal, end, handover);
    return renewals().end(keys, renewal, end, handover) && is_told;
}

std::optional<std::string> SharedLedger::successor(const Renewal& renewal) {
    const Renewals::Keys keys = Renewals::keys_of(renewal.id);
    const InformedLock lock(memory_);
    return renewals().successor(keys, renewal);
}

void SharedLedger::saw(const Renewal& renewal) {
    const Renewals::Keys keys = Renewals::keys_of(renewal.id);
    const InformedLock lock(memory_);
    renewals().saw(keys, renewal);
}

} // namespace oauth::session
