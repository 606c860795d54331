// SPDX-License-Identifier: MIT
// A set of hashed keys, each with the time when it may be forgotten, in one block of memory that never grows:
// for memory that processes share. What has expired is found by its time, so that an entry of a day holds up
// none of a second. It knows neither where the memory comes from nor how it is locked; inside are numbers,
// no pointers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace oauth::session {

class ExpiringSet {
public:
    using Key = std::array<unsigned char, 16>; // of a hash: evenly spread

    // How many entries a block of that size has room for.
    static std::size_t capacity_of(std::size_t size) noexcept;

    // An empty set in a block that is aligned for a 64-bit number; nullptr if not one entry fits in.
    static ExpiringSet* create(void* block, std::size_t size) noexcept;
    ExpiringSet(const ExpiringSet&) = delete;
    ExpiringSet& operator=(const ExpiringSet&) = delete;

    enum class WhenFull { refuse, drop_earliest };
    enum class Added { first, again, full };
    struct Times {
        std::int64_t now;
        std::int64_t until;
    };
    // One that is there already stays until the later of both times. What has expired makes room first; then
    // what would expire next, or nothing does.
    Added add(const Key& key, Times times, WhenFull when_full) noexcept;
    bool contains(const Key& key) const noexcept { return find(key) != none; }

    std::size_t size() const noexcept { return size_; }
    std::size_t capacity() const noexcept { return capacity_; }

private:
    using Index = std::uint32_t;
    static constexpr Index none = UINT32_MAX;
    static constexpr unsigned dropped_at_once = 4; // so that no addition takes long, and all go in the end

    struct Entry {
        Key key;
        std::int64_t until;
        Index next;  // of its bucket, or of the free ones
        Index place; // in the heap
    };

    explicit ExpiringSet(Index capacity) noexcept;

    // The arrays behind this object: capacity_ of each.
    Entry* entries() const noexcept;
    Index* buckets() const noexcept;
    Index* heap() const noexcept; // of entries, a binary heap: the one that expires first is at its top

    Index& bucket(const Key& key) const noexcept;
    Index find(const Key& key) const noexcept;
    void insert(const Key& key, std::int64_t until) noexcept;
    void drop_top() noexcept;
    void put(Index place, Index entry) const noexcept;
    void sift_up(Index place) const noexcept;
    void sift_down(Index place) const noexcept;

    Index capacity_;
    Index size_ = 0;
    Index touched_ = 0; // entries from here on have never been used
    Index free_ = none; // the first of those that were, and are free again
};

} // namespace oauth::session
