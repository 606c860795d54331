// SPDX-License-Identifier: MIT
// A set of hashed keys, each with the time when it may be forgotten, in one block of memory that never grows:
// for memory that processes share. What has expired is found by its time, so that an entry of a day holds up
// none of a second. It knows neither where the memory comes from nor how it is locked; inside are numbers,
// no pointers, and a process that is killed in the middle of a change leaves what the next one can mend.
#pragma once

#include "expiring_index.hpp"

namespace oauth::session {

class ExpiringSet {
public:
    using Key = ExpiringIndex::Key;

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
    bool contains(const Key& key) noexcept;

    // How many will not have expired then.
    std::size_t count_live(std::int64_t now) noexcept;
    // What has not expired in another set. False: not all of it found room.
    bool take_from(ExpiringSet& other, std::int64_t now, WhenFull when_full) noexcept;

    // Forgets a few of those that have expired. True: there may be more.
    bool drop_expired(std::int64_t now) noexcept;

    // What an entry takes of the block.
    static constexpr std::size_t entry_size = ExpiringIndex::size_of(1) - ExpiringIndex::size_of(0);
    std::size_t size() const noexcept { return index_.size(); }
    std::size_t capacity() const noexcept { return index_.capacity(); }

private:
    static constexpr unsigned dropped_at_once = 4; // so that no addition takes long, and all go in the end

    explicit ExpiringSet(ExpiringIndex::Index capacity) noexcept : index_(capacity) {}
    void mend() noexcept;
    bool drop_first(std::int64_t now) noexcept;

    ExpiringIndex index_; // and its arrays behind this object
};

} // namespace oauth::session
