// SPDX-License-Identifier: MIT
// See shared_records.hpp.
#include "shared_records.hpp"
#include "late_news.hpp"

#include <algorithm>
#include <mutex>

namespace oauth::session {

namespace {

using Lock = std::lock_guard<SharedMutex>;

SharedRecords::Put outcome(RecordTable::Put put) {
    switch (put) {
    case RecordTable::Put::done:
        return SharedRecords::Put::done;
    case RecordTable::Put::absent:
        return SharedRecords::Put::gone;
    case RecordTable::Put::present: // a handle of 256 random bits that was there before
    case RecordTable::Put::full:
        break;
    }
    return SharedRecords::Put::full;
}

} // namespace

std::optional<SharedRecords::Fields> SharedRecords::find(const Key& key) {
    const InformedLock lock(memory_);
    return memory_.state.sessions->find(key, memory_.clock.now());
}

std::optional<SharedRecords::Found> SharedRecords::read(const Key& key) {
    const InformedLock lock(memory_);
    return memory_.state.sessions->read(key, memory_.clock.now());
}

SharedRecords::Put SharedRecords::create(const Key& key, const Fields& fields, std::string_view sealed) {
    const Lock lock(memory_.mutex);
    if (memory_.state.moved.load() != 0) {
        return Put::moved;
    }
    return outcome(memory_.state.sessions->insert(key, fields, sealed, memory_.clock.now()));
}

SharedRecords::Put SharedRecords::replace_in(RecordTable& sessions, const Key& key, const Fields& fields,
                                             std::string_view sealed, std::int64_t now) {
    const auto before = sessions.find(key, now);
    if (!before) {
        return Put::gone;
    }
    if (before->epoch + 1 != fields.epoch) {
        return Put::newer;
    }
    Fields next = fields; // it may have been used since it was read
    next.used_at = std::max(next.used_at, before->used_at);
    next.until = std::max(next.until, before->until);
    return outcome(sessions.replace(key, next, sealed, now));
}

SharedRecords::Put SharedRecords::replace(const Key& key, const Fields& fields, std::string_view sealed) {
    const InformedLock lock(memory_);
    const std::int64_t now = memory_.clock.now();
    RecordTable& sessions = *memory_.state.sessions;
    if (memory_.state.moved.load() != 0 && memory_.late_news != nullptr) {
        const auto before = sessions.find(key, now);
        const bool is_next = before && before->epoch + 1 == fields.epoch;
        if (is_next && !memory_.late_news->tell_session(key, fields, sealed)) {
            return Put::full; // what the others cannot have is not to be had here
        }
    }
    return replace_in(sessions, key, fields, sealed, now);
}

std::optional<SharedRecords::Fields> SharedRecords::touch(const Key& key, const Use& use) {
    const InformedLock lock(memory_);
    RecordTable& sessions = *memory_.state.sessions;
    auto fields = sessions.find(key, memory_.clock.now());
    if (fields && (fields->used_at < use.unless_before || fields->used_at > use.unless_after)) {
        fields->used_at = use.at;
        fields->until = use.until;
        sessions.update(key, *fields, memory_.clock.now());
    }
    return fields;
}

void SharedRecords::keep_until(const Key& key, std::int64_t until) {
    const Lock lock(memory_.mutex);
    RecordTable& sessions = *memory_.state.sessions;
    auto fields = sessions.find(key, memory_.clock.now());
    if (fields && fields->until < until) {
        fields->until = until;
        sessions.update(key, *fields, memory_.clock.now());
    }
}

SharedRecords::Put SharedRecords::erase(const Key& key) {
    const Lock lock(memory_.mutex);
    if (memory_.state.moved.load() != 0) {
        return Put::moved;
    }
    memory_.state.sessions->erase(key);
    memory_.state.generation.fetch_add(1);
    return Put::done;
}

} // namespace oauth::session
