// SPDX-License-Identifier: MIT
// Records by a hashed key, each with a time when it may be forgotten, a few numbers and some bytes, in one
// block of memory that never grows: for memory that processes share. The bytes lie in a chain of chunks of
// one size, so that nothing is ever fragmented. A chunk of 128 bytes holds 124: a session wastes 62 on
// average in its last one and 4 in each. Larger chunks waste more of the usual session of 300 to 900 bytes,
// smaller ones more of one with tokens of 2 to 6 kB. With 72 bytes for the record, a session of 300 bytes
// takes 456, one of 600 takes 712, one of 900 takes 1,096 and one of 4,000 takes 4,296. Nothing that has not
// expired is ever dropped; what has makes room first. A change is made as a whole or not at all: a process
// that is killed in the middle leaves what the next one can mend. The caller locks.
#pragma once

#include "expiring_index.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace oauth::session {

class RecordTable {
public:
    using Key = ExpiringIndex::Key;
    static constexpr std::size_t chunk_room = 124;

    struct Fields {
        std::int64_t until = 0;
        std::uint64_t epoch = 0;
        std::int64_t used_at = 0;
        std::array<std::uint32_t, 2> numbers{};
    };
    struct Found {
        Fields fields;
        std::string bytes;
    };

    // So many chunks for each record; 0: records without bytes.
    struct Shape {
        std::size_t size;
        std::uint32_t chunks_each;
    };
    static std::size_t capacity_of(Shape shape) noexcept;
    // An empty table in a block that is aligned for a 64-bit number; nullptr if not one record fits in.
    static RecordTable* create(void* block, Shape shape) noexcept;
    RecordTable(const RecordTable&) = delete;
    RecordTable& operator=(const RecordTable&) = delete;

    // What has expired is not found.
    std::optional<Fields> find(const Key& key, std::int64_t now) noexcept;
    std::optional<Found> read(const Key& key, std::int64_t now);

    enum class Put { done, full, absent, present };
    // A new record. A share of the chunks is left to replace() and not taken.
    Put insert(const Key& key, const Fields& fields, std::string_view bytes, std::int64_t now) noexcept;
    // Other fields and bytes for a record that is there. Where there is no room for both at a time it stays
    // what it was.
    Put replace(const Key& key, const Fields& fields, std::string_view bytes, std::int64_t now) noexcept;
    // Other fields, the same bytes.
    bool update(const Key& key, const Fields& fields, std::int64_t now) noexcept;
    // Other fields and no bytes.
    bool strip(const Key& key, const Fields& fields, std::int64_t now) noexcept;
    bool erase(const Key& key) noexcept;

    std::optional<Key> earliest() noexcept; // that expires first, or has; nullopt: it is empty

    struct Amount {
        std::size_t records = 0;
        std::size_t chunks = 0;
    };
    Amount used() const noexcept;
    Amount room() const noexcept; // used or not
    Amount live(std::int64_t now) noexcept;
    static std::size_t bytes_of(Amount amount) noexcept;
    // Without the share that is left to replace().
    std::size_t room_for_new_chunks() const noexcept { return chunk_count_ - kept_back(chunk_count_); }
    // Forgets a few of those that have expired. True: there may be more.
    bool drop_expired(std::int64_t now) noexcept;
    // How large a block has room for so much, beside what is kept for replace().
    static std::size_t size_for(Amount amount, std::uint32_t chunks_each) noexcept;
    // What has not expired in another table, in place of what is here. False: not all of it found room.
    bool take_from(RecordTable& other, std::int64_t now);

private:
    using Index = ExpiringIndex::Index;
    static constexpr Index none = ExpiringIndex::none;
    static constexpr unsigned dropped_at_once = 4; // so that no change takes long, and all go in the end

    struct Record {
        std::uint64_t epoch;
        std::int64_t used_at;
        std::array<std::uint32_t, 2> numbers;
        Index first; // of its chunks
        std::uint32_t size;
    };
    struct Chunk {
        Index next; // of its chain, or of the free ones
        char bytes[chunk_room];
    };
    // What a record was before it is written over.
    struct Journal {
        Index index; // none: nothing is being written over
        std::int64_t until;
        Record record;
    };

    RecordTable(Index capacity, Index chunks) noexcept;

    // Behind this object: the index with its arrays, then these.
    ExpiringIndex& index() const noexcept;
    Record* records() const noexcept;
    Chunk* chunks() const noexcept;

    static Index count_chunks(std::size_t size) noexcept {
        return static_cast<Index>((size + chunk_room - 1) / chunk_room);
    }
    static Index kept_back(std::size_t chunks) noexcept { return static_cast<Index>(chunks / 32); }
    Fields fields_of(Index at) const noexcept;

    void mend() noexcept;
    void mend_chunks() noexcept;
    Index find_live(const Key& key, std::int64_t now) noexcept;
    bool drop_first(std::int64_t now) noexcept;
    bool make_room(Amount wanted, std::int64_t now) noexcept;
    void remove(Index at) noexcept;
    void write_over(Index at, const Fields& fields, Record record) noexcept;
    Index take_chunks(std::string_view bytes) noexcept;
    void give_back(Index first, std::uint32_t size) noexcept;

    Index chunk_count_;
    Index free_chunks_;
    Index first_free_; // of chunks that have been used
    Index touched_chunks_ = 0;
    Journal journal_{none, 0, {}};
};

} // namespace oauth::session
