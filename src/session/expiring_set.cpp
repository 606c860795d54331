// SPDX-License-Identifier: MIT
// See expiring_set.hpp.
#include "expiring_set.hpp"

#include <algorithm>
#include <new>

namespace oauth::session {

std::size_t ExpiringSet::capacity_of(std::size_t size) noexcept {
    static_assert(sizeof(ExpiringSet) == sizeof(ExpiringIndex)); // whose arrays lie behind it
    const std::size_t room = size < sizeof(ExpiringSet) ? 0 : (size - sizeof(ExpiringSet)) / entry_size;
    return std::min<std::size_t>(room, ExpiringIndex::none - 1);
}

ExpiringSet* ExpiringSet::create(void* block, std::size_t size) noexcept {
    const auto capacity = static_cast<ExpiringIndex::Index>(capacity_of(size));
    return capacity == 0 ? nullptr : new (block) ExpiringSet(capacity);
}

void ExpiringSet::mend() noexcept {
    if (!index_.is_whole()) {
        const ExpiringIndex::Change change(index_);
        index_.rebuild();
    }
}

bool ExpiringSet::contains(const Key& key) noexcept {
    mend();
    return index_.find(key) != ExpiringIndex::none;
}

// Within a Change. False: all that had expired has gone.
bool ExpiringSet::drop_first(std::int64_t now) noexcept {
    for (unsigned i = 0; i < dropped_at_once; ++i) {
        const auto first = index_.first();
        if (first == ExpiringIndex::none || index_.until(first) > now) {
            return false;
        }
        index_.erase(first);
    }
    return true;
}

bool ExpiringSet::drop_expired(std::int64_t now) noexcept {
    mend();
    const ExpiringIndex::Change change(index_);
    return drop_first(now);
}

ExpiringSet::Added ExpiringSet::add(const Key& key, Times times, WhenFull when_full) noexcept {
    mend();
    const ExpiringIndex::Change change(index_);
    drop_first(times.now);
    const auto found = index_.find(key);
    if (found != ExpiringIndex::none) {
        if (index_.until(found) < times.until) {
            index_.set_until(found, times.until);
        }
        return Added::again;
    }
    if (size() == capacity()) {
        const auto first = index_.first();
        if (when_full == WhenFull::refuse || first == ExpiringIndex::none) {
            return Added::full;
        }
        index_.erase(first);
    }
    if (index_.next_free() == ExpiringIndex::none) {
        return Added::full;
    }
    index_.insert(key, times.until);
    return Added::first;
}

std::size_t ExpiringSet::count_live(std::int64_t now) noexcept {
    mend();
    std::size_t count = 0;
    for (ExpiringIndex::Index i = 0; i < index_.touched(); ++i) {
        count += index_.is_live(i) && index_.until(i) > now ? 1 : 0;
    }
    return count;
}

bool ExpiringSet::take_from(ExpiringSet& other, std::int64_t now, WhenFull when_full) noexcept {
    other.mend();
    bool all = true;
    for (ExpiringIndex::Index i = 0; i < other.index_.touched(); ++i) {
        const std::int64_t until = other.index_.until(i);
        if (other.index_.is_live(i) && until > now) {
            all &= add(other.index_.key(i), {now, until}, when_full) != Added::full;
        }
    }
    return all;
}

} // namespace oauth::session
