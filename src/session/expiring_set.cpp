// SPDX-License-Identifier: MIT
// See expiring_set.hpp. A hash table with chains finds a key; a binary heap finds what expires first. Each
// entry knows its place in the heap, so that a later time can be given to it.
#include "expiring_set.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace oauth::session {

ExpiringSet::ExpiringSet(Index capacity) noexcept : capacity_(capacity) {
    std::fill_n(buckets(), capacity_, none);
}

std::size_t ExpiringSet::capacity_of(std::size_t size) noexcept {
    constexpr std::size_t each = sizeof(Entry) + 2 * sizeof(Index);
    const std::size_t room = size < sizeof(ExpiringSet) ? 0 : (size - sizeof(ExpiringSet)) / each;
    return std::min<std::size_t>(room, none - 1);
}

ExpiringSet* ExpiringSet::create(void* block, std::size_t size) noexcept {
    const auto capacity = static_cast<Index>(capacity_of(size));
    static_assert(sizeof(ExpiringSet) % alignof(Entry) == 0);
    return capacity == 0 ? nullptr : new (block) ExpiringSet(capacity);
}

ExpiringSet::Entry* ExpiringSet::entries() const noexcept {
    return reinterpret_cast<Entry*>(const_cast<ExpiringSet*>(this) + 1);
}

ExpiringSet::Index* ExpiringSet::buckets() const noexcept {
    return reinterpret_cast<Index*>(entries() + capacity_);
}

ExpiringSet::Index* ExpiringSet::heap() const noexcept {
    return buckets() + capacity_;
}

ExpiringSet::Index& ExpiringSet::bucket(const Key& key) const noexcept {
    std::uint64_t number = 0;
    std::memcpy(&number, key.data(), sizeof(number));
    return buckets()[number % capacity_];
}

ExpiringSet::Index ExpiringSet::find(const Key& key) const noexcept {
    Index index = bucket(key);
    while (index != none && entries()[index].key != key) {
        index = entries()[index].next;
    }
    return index;
}

ExpiringSet::Added ExpiringSet::add(const Key& key, Times times, WhenFull when_full) noexcept {
    for (unsigned i = 0; i < dropped_at_once && size_ > 0 && entries()[heap()[0]].until <= times.now; ++i) {
        drop_top();
    }
    const Index found = find(key);
    if (found != none) {
        Entry& entry = entries()[found];
        if (entry.until < times.until) {
            entry.until = times.until;
            sift_down(entry.place);
        }
        return Added::again;
    }
    if (size_ == capacity_) {
        if (when_full == WhenFull::refuse) {
            return Added::full;
        }
        drop_top();
    }
    insert(key, times.until);
    return Added::first;
}

void ExpiringSet::insert(const Key& key, std::int64_t until) noexcept {
    Index index = free_;
    if (index != none) {
        free_ = entries()[index].next;
    } else {
        index = touched_++;
    }
    Index& first = bucket(key);
    entries()[index] = {key, until, first, size_};
    put(size_, index);
    ++size_;
    sift_up(size_ - 1);
    first = index;
}

void ExpiringSet::drop_top() noexcept {
    const Index dropped = heap()[0];
    Index* link = &bucket(entries()[dropped].key);
    while (*link != dropped) {
        link = &entries()[*link].next;
    }
    *link = entries()[dropped].next;
    --size_;
    if (size_ > 0) {
        put(0, heap()[size_]);
        sift_down(0);
    }
    entries()[dropped].next = free_;
    free_ = dropped;
}

void ExpiringSet::put(Index place, Index entry) const noexcept {
    heap()[place] = entry;
    entries()[entry].place = place;
}

void ExpiringSet::sift_up(Index place) const noexcept {
    const Index moving = heap()[place];
    while (place > 0) {
        const Index parent = (place - 1) / 2;
        if (entries()[heap()[parent]].until <= entries()[moving].until) {
            break;
        }
        put(place, heap()[parent]);
        place = parent;
    }
    put(place, moving);
}

void ExpiringSet::sift_down(Index place) const noexcept {
    const Index moving = heap()[place];
    for (;;) {
        const std::uint64_t left = 2 * std::uint64_t{place} + 1;
        if (left >= size_) {
            break;
        }
        auto child = static_cast<Index>(left);
        if (child + 1 < size_ && entries()[heap()[child + 1]].until < entries()[heap()[child]].until) {
            ++child;
        }
        if (entries()[moving].until <= entries()[heap()[child]].until) {
            break;
        }
        put(place, heap()[child]);
        place = child;
    }
    put(place, moving);
}

} // namespace oauth::session
