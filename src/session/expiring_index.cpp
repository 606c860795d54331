// SPDX-License-Identifier: MIT
// See expiring_index.hpp. Each slot knows its place in the heap, so that it can be taken out of its middle.
#include "expiring_index.hpp"

#include <algorithm>
#include <cstring>

namespace oauth::session {

ExpiringIndex::ExpiringIndex(Index capacity) noexcept : capacity_(capacity) {
    static_assert(sizeof(ExpiringIndex) % alignof(Slot) == 0);
    std::fill_n(buckets(), capacity_, none);
}

ExpiringIndex::Slot* ExpiringIndex::slots() const noexcept {
    return reinterpret_cast<Slot*>(const_cast<ExpiringIndex*>(this) + 1);
}

ExpiringIndex::Index* ExpiringIndex::buckets() const noexcept {
    return reinterpret_cast<Index*>(slots() + capacity_);
}

ExpiringIndex::Index* ExpiringIndex::heap() const noexcept {
    return buckets() + capacity_;
}

ExpiringIndex::Index& ExpiringIndex::bucket(const Key& key) const noexcept {
    std::uint64_t number = 0;
    std::memcpy(&number, key.data(), sizeof(number));
    return buckets()[number % capacity_];
}

ExpiringIndex::Index ExpiringIndex::find(const Key& key) noexcept {
    Index index = bucket(key);
    for (Index steps = 0; index != none; ++steps) {
        if (index >= capacity_ || steps == capacity_) {
            damage();
            return none;
        }
        if (slots()[index].key == key) {
            return index;
        }
        index = slots()[index].next;
    }
    return none;
}

ExpiringIndex::Index ExpiringIndex::next_free() noexcept {
    if (free_ == none) {
        return touched_ < capacity_ ? touched_ : none;
    }
    if (free_ >= capacity_ || is_live(free_)) {
        damage();
        return none;
    }
    return free_;
}

void ExpiringIndex::insert(const Key& key, std::int64_t until) noexcept {
    const Index index = next_free();
    if (index == none || size_ >= capacity_) {
        damage();
        return;
    }
    Slot& slot = slots()[index];
    if (index == free_) {
        free_ = slot.next;
    } else {
        slot.place = none;
        settle();
        ++touched_;
    }
    Index& first = bucket(key);
    slot.key = key;
    slot.until = until;
    slot.next = first;
    settle();
    put(size_, index); // from here on it is there
    settle();
    first = index;
    ++size_;
    sift_up(size_ - 1);
}

void ExpiringIndex::erase(Index index) noexcept {
    Slot& slot = slots()[index];
    const Index place = slot.place;
    slot.place = none; // from here on it is not there
    settle();
    if (place >= size_ || heap()[place] != index) {
        damage();
        return;
    }
    unlink(index);
    --size_;
    if (place < size_) {
        put(place, heap()[size_]);
        sift(place);
    }
    slot.next = free_;
    free_ = index;
}

void ExpiringIndex::unlink(Index index) noexcept {
    Index* link = &bucket(slots()[index].key);
    for (Index steps = 0; *link != index; ++steps) {
        if (*link >= capacity_ || steps == capacity_) {
            damage();
            return;
        }
        link = &slots()[*link].next;
    }
    *link = slots()[index].next;
}

void ExpiringIndex::set_until(Index index, std::int64_t until) noexcept {
    Slot& slot = slots()[index];
    slot.until = until;
    if (slot.place >= size_) {
        damage();
        return;
    }
    sift(slot.place);
}

ExpiringIndex::Index ExpiringIndex::first() noexcept {
    if (size_ == 0) {
        return none;
    }
    const Index index = heap()[0];
    if (index >= capacity_ || !is_live(index)) {
        damage();
        return none;
    }
    return index;
}

// The chains and the heap forget what they held; a slot stays what it is, live or free, at every step.
void ExpiringIndex::rebuild() noexcept {
    touched_ = touched();
    size_ = 0;
    free_ = none;
    std::fill_n(buckets(), capacity_, none);
    for (Index index = touched_; index-- > 0;) {
        Slot& slot = slots()[index];
        if (slot.place == none || find(slot.key) != none) {
            slot.place = none;
            slot.next = free_;
            free_ = index;
            continue;
        }
        slot.next = bucket(slot.key);
        bucket(slot.key) = index;
        put(size_, index);
        ++size_;
    }
    for (Index place = size_ / 2; place-- > 0;) {
        sift_down(place);
    }
}

std::int64_t ExpiringIndex::until_at(Index place) noexcept {
    const Index index = heap()[place];
    if (index >= capacity_) {
        damage();
        return 0;
    }
    return slots()[index].until;
}

void ExpiringIndex::put(Index place, Index index) noexcept {
    if (index >= capacity_) {
        damage();
        return;
    }
    heap()[place] = index;
    slots()[index].place = place;
}

void ExpiringIndex::sift(Index place) noexcept {
    if (place > 0 && until_at(place) < until_at((place - 1) / 2)) {
        sift_up(place);
    } else {
        sift_down(place);
    }
}

void ExpiringIndex::sift_up(Index place) noexcept {
    const Index moving = heap()[place];
    const std::int64_t until = until_at(place);
    while (place > 0) {
        const Index parent = (place - 1) / 2;
        if (until_at(parent) <= until) {
            break;
        }
        put(place, heap()[parent]);
        place = parent;
    }
    put(place, moving);
}

void ExpiringIndex::sift_down(Index place) noexcept {
    const Index moving = heap()[place];
    const std::int64_t until = until_at(place);
    for (;;) {
        const std::uint64_t left = 2 * std::uint64_t{place} + 1;
        if (left >= size_) {
            break;
        }
        auto child = static_cast<Index>(left);
        if (child + 1 < size_ && until_at(child + 1) < until_at(child)) {
            ++child;
        }
        if (until <= until_at(child)) {
            break;
        }
        put(place, heap()[child]);
        place = child;
    }
    put(place, moving);
}

} // namespace oauth::session
