// SPDX-License-Identifier: MIT
// Finds slots by a hashed key and by what expires first, in memory that processes share: a hash table with
// chains and a binary heap, all of it numbers, no pointers. What else is kept of a key lies in an array of
// its owner, at the same number. A process may be killed in the middle of a change: the slots alone tell
// what is live, each by one number that is written last, and all else can be built from them again. No walk
// is longer than there are slots, and no number is trusted to be one of a slot.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace oauth::session {

class alignas(8) ExpiringIndex {
public:
    using Key = std::array<unsigned char, 16>; // of a hash: evenly spread
    using Index = std::uint32_t;
    static constexpr Index none = UINT32_MAX;

    // With all that lies behind it: an owner makes it in a block of that size, aligned for a 64-bit number.
    static constexpr std::size_t size_of(std::size_t capacity) noexcept;
    explicit ExpiringIndex(Index capacity) noexcept;
    ExpiringIndex(const ExpiringIndex&) = delete;
    ExpiringIndex& operator=(const ExpiringIndex&) = delete;

    Index size() const noexcept { return size_; }
    Index capacity() const noexcept { return capacity_; }

    // What a killed process must have written before goes before this, what it must not have begun, after.
    static void settle() noexcept { std::atomic_signal_fence(std::memory_order_seq_cst); }

    // As long as it lives the arrays need not agree. Where it did not end, they have to be rebuilt.
    class Change {
    public:
        explicit Change(ExpiringIndex& index) noexcept : index_(index) {
            index_.state_ = State::changing;
            settle();
        }
        Change(const Change&) = delete;
        Change& operator=(const Change&) = delete;
        ~Change() {
            settle();
            if (index_.state_ == State::changing) {
                index_.state_ = State::whole;
            }
        }

    private:
        ExpiringIndex& index_;
    };
    bool is_whole() const noexcept {
        return state_ == State::whole && size_ <= capacity_ && touched_ <= capacity_;
    }
    // A number was found that cannot be: this change leaves the arrays to be rebuilt.
    void damage() noexcept { state_ = State::damaged; }
    // Everything from what the slots say; within a Change.
    void rebuild() noexcept;

    Index find(const Key& key) noexcept; // none: not there
    // The slot that insert() will take; none: full.
    Index next_free() noexcept;
    // Of a key that is not there. All else that the owner keeps of it has been written before.
    void insert(const Key& key, std::int64_t until) noexcept;
    void erase(Index index) noexcept;
    void set_until(Index index, std::int64_t until) noexcept;
    // For an owner who writes `until` together with more of its own; followed by set_until().
    void write_until(Index index, std::int64_t until) noexcept { slots()[index].until = until; }

    Index first() noexcept; // what expires before all others; none: empty
    std::int64_t until(Index index) const noexcept { return slots()[index].until; }
    const Key& key(Index index) const noexcept { return slots()[index].key; }
    // Those below touched() that are live are all there are.
    Index touched() const noexcept { return touched_ < capacity_ ? touched_ : capacity_; }
    bool is_live(Index index) const noexcept { return slots()[index].place != none; }

private:
    enum class State : std::uint32_t { whole, changing, damaged };

    struct Slot {
        Key key;
        std::int64_t until;
        Index next;  // of its bucket, or of the free ones
        Index place; // in the heap; none: this slot is free
    };

    // The arrays behind this object: capacity_ of each.
    Slot* slots() const noexcept;
    Index* buckets() const noexcept;
    Index* heap() const noexcept; // of slots, a binary heap: the one that expires first is at its top

    Index& bucket(const Key& key) const noexcept;
    std::int64_t until_at(Index place) noexcept;
    void unlink(Index index) noexcept;
    void put(Index place, Index index) noexcept;
    void sift(Index place) noexcept;
    void sift_up(Index place) noexcept;
    void sift_down(Index place) noexcept;

    Index capacity_;
    Index size_ = 0;
    Index touched_ = 0; // slots from here on have never been used
    Index free_ = none; // the first of those that were, and are free again
    State state_ = State::whole;
};

constexpr std::size_t ExpiringIndex::size_of(std::size_t capacity) noexcept {
    return sizeof(ExpiringIndex) + capacity * (sizeof(Slot) + 2 * sizeof(Index));
}

} // namespace oauth::session
