// SPDX-License-Identifier: MIT
// See record_table.hpp. What is live is what the index's slots say, and which chunks are in use is what the
// live records' chains say: free lists and counts are built from these when a change did not end.
#include "record_table.hpp"

#include <algorithm>
#include <cstring>
#include <new>

namespace oauth::session {

namespace {

constexpr std::uint32_t end_of_chain = 0x7fffffff;
constexpr std::uint32_t unreached = 0x80000000; // a bit of a chunk's `next`, only while the table is mended

} // namespace

RecordTable::RecordTable(Index capacity, Index chunks) noexcept
    : chunk_count_(chunks), free_chunks_(chunks), first_free_(end_of_chain) {
    new (&index()) ExpiringIndex(capacity);
}

std::size_t RecordTable::capacity_of(Shape shape) noexcept {
    const std::size_t each = ExpiringIndex::size_of(1) - ExpiringIndex::size_of(0) + sizeof(Record) +
                             shape.chunks_each * sizeof(Chunk);
    constexpr std::size_t own = sizeof(RecordTable) + ExpiringIndex::size_of(0);
    const std::size_t room = shape.size < own ? 0 : (shape.size - own) / each;
    return std::min<std::size_t>(room, (end_of_chain - 1) / std::max<std::uint32_t>(shape.chunks_each, 1));
}

RecordTable* RecordTable::create(void* block, Shape shape) noexcept {
    const std::size_t capacity = capacity_of(shape);
    static_assert(sizeof(RecordTable) % alignof(Record) == 0 && sizeof(Chunk) == 128);
    const auto chunks = static_cast<Index>(capacity * shape.chunks_each);
    return capacity == 0 ? nullptr : new (block) RecordTable(static_cast<Index>(capacity), chunks);
}

ExpiringIndex& RecordTable::index() const noexcept {
    return *reinterpret_cast<ExpiringIndex*>(const_cast<RecordTable*>(this) + 1);
}

RecordTable::Record* RecordTable::records() const noexcept {
    ExpiringIndex& own = index();
    return reinterpret_cast<Record*>(reinterpret_cast<char*>(&own) + ExpiringIndex::size_of(own.capacity()));
}

RecordTable::Chunk* RecordTable::chunks() const noexcept {
    return reinterpret_cast<Chunk*>(records() + index().capacity());
}

RecordTable::Fields RecordTable::fields_of(Index at) const noexcept {
    const Record& record = records()[at];
    return {index().until(at), record.epoch, record.used_at, record.numbers};
}

RecordTable::Index RecordTable::find_live(const Key& key, std::int64_t now) noexcept {
    const Index at = index().find(key);
    return at == none || index().until(at) <= now ? none : at;
}

std::optional<RecordTable::Fields> RecordTable::find(const Key& key, std::int64_t now) noexcept {
    mend();
    const Index at = find_live(key, now);
    return at == none ? std::nullopt : std::optional(fields_of(at));
}

std::optional<RecordTable::Found> RecordTable::read(const Key& key, std::int64_t now) {
    mend();
    const Index at = find_live(key, now);
    if (at == none) {
        return std::nullopt;
    }
    const Record record = records()[at];
    if (count_chunks(record.size) > chunk_count_) {
        index().damage();
        return std::nullopt;
    }
    Found found{fields_of(at), std::string(record.size, '\0')};
    Index chunk = record.first;
    for (std::size_t done = 0; done < record.size; done += chunk_room) {
        if (chunk >= chunk_count_) {
            index().damage();
            return std::nullopt;
        }
        const Chunk& from = chunks()[chunk];
        char* to = found.bytes.data() + done;
        if (record.size - done >= chunk_room) {
            std::memcpy(to, from.bytes, chunk_room); // which the compiler knows
        } else {
            std::memcpy(to, from.bytes, record.size - done);
        }
        chunk = from.next;
    }
    return found;
}

RecordTable::Put RecordTable::insert(const Key& key, const Fields& fields, std::string_view bytes,
                                     std::int64_t now) noexcept {
    mend();
    const ExpiringIndex::Change change(index());
    drop_first(now);
    if (const Index at = index().find(key); at != none) {
        if (index().until(at) > now) {
            return Put::present;
        }
        remove(at);
    }
    const Index kept = bytes.empty() ? 0 : kept_back(chunk_count_);
    if (!make_room({1, std::size_t{count_chunks(bytes.size())} + kept}, now)) {
        return Put::full;
    }
    const Index at = index().next_free();
    const Index first = take_chunks(bytes);
    if (at == none || first == none) {
        return Put::full;
    }
    records()[at] = {fields.epoch, fields.used_at, fields.numbers, first,
                     static_cast<std::uint32_t>(bytes.size())};
    ExpiringIndex::settle();
    index().insert(key, fields.until);
    return Put::done;
}

RecordTable::Put RecordTable::replace(const Key& key, const Fields& fields, std::string_view bytes,
                                      std::int64_t now) noexcept {
    mend();
    const ExpiringIndex::Change change(index());
    const Index at = find_live(key, now);
    if (at == none) {
        return Put::absent;
    }
    drop_first(now);
    if (!make_room({0, count_chunks(bytes.size())}, now)) {
        return Put::full;
    }
    const Index first = take_chunks(bytes);
    if (first == none) {
        return Put::full;
    }
    const Record former = records()[at];
    write_over(at, fields, {0, 0, {}, first, static_cast<std::uint32_t>(bytes.size())});
    give_back(former.first, former.size);
    return Put::done;
}

bool RecordTable::update(const Key& key, const Fields& fields, std::int64_t now) noexcept {
    mend();
    const ExpiringIndex::Change change(index());
    const Index at = find_live(key, now);
    if (at != none) {
        write_over(at, fields, records()[at]);
    }
    return at != none;
}

bool RecordTable::strip(const Key& key, const Fields& fields, std::int64_t now) noexcept {
    return replace(key, fields, {}, now) == Put::done; // which needs no room
}

bool RecordTable::erase(const Key& key) noexcept {
    mend();
    const ExpiringIndex::Change change(index());
    const Index at = index().find(key);
    if (at != none) {
        remove(at);
    }
    return at != none;
}

std::optional<RecordTable::Key> RecordTable::earliest() noexcept {
    mend();
    const Index at = index().first();
    return at == none ? std::nullopt : std::optional(index().key(at));
}

void RecordTable::write_over(Index at, const Fields& fields, Record record) noexcept {
    record.epoch = fields.epoch;
    record.used_at = fields.used_at;
    record.numbers = fields.numbers;
    journal_.until = index().until(at);
    journal_.record = records()[at];
    ExpiringIndex::settle();
    journal_.index = at;
    ExpiringIndex::settle();
    records()[at] = record;
    index().write_until(at, fields.until);
    ExpiringIndex::settle();
    journal_.index = none; // from here on it is the new one
    ExpiringIndex::settle();
    index().set_until(at, fields.until);
}

void RecordTable::remove(Index at) noexcept {
    const Record record = records()[at];
    index().erase(at);
    give_back(record.first, record.size);
}

// A few, so that those that nobody needs the room of go as well.
// Within a Change. False: all that had expired has gone.
bool RecordTable::drop_first(std::int64_t now) noexcept {
    for (unsigned i = 0; i < dropped_at_once; ++i) {
        const Index first = index().first();
        if (first == none || index().until(first) > now) {
            return false;
        }
        remove(first);
    }
    return true;
}

bool RecordTable::drop_expired(std::int64_t now) noexcept {
    mend();
    const ExpiringIndex::Change change(index());
    return drop_first(now);
}

bool RecordTable::make_room(Amount wanted, std::int64_t now) noexcept {
    while (free_chunks_ < wanted.chunks || index().capacity() - index().size() < wanted.records) {
        const Index first = index().first();
        if (first == none || index().until(first) > now) {
            return false;
        }
        remove(first);
    }
    return true;
}

// What is taken is nobody's until a record names it. none: the chunks are not what the counts say.
RecordTable::Index RecordTable::take_chunks(std::string_view bytes) noexcept {
    const Index count = count_chunks(bytes.size());
    Index first = end_of_chain;
    Index* link = &first;
    for (Index taken = 0; taken < count; ++taken) {
        Index chunk = first_free_;
        if (chunk < chunk_count_) {
            first_free_ = chunks()[chunk].next;
        } else if (chunk == end_of_chain && touched_chunks_ < chunk_count_) {
            chunk = touched_chunks_++;
        } else {
            index().damage();
            return none;
        }
        Chunk& into = chunks()[chunk];
        const std::string_view part = bytes.substr(std::size_t{taken} * chunk_room, chunk_room);
        std::memcpy(into.bytes, part.data(), part.size());
        into.next = end_of_chain;
        *link = chunk;
        link = &into.next;
    }
    free_chunks_ -= count;
    return first;
}

void RecordTable::give_back(Index first, std::uint32_t size) noexcept {
    const Index count = count_chunks(size);
    if (count > chunk_count_) {
        index().damage();
        return;
    }
    Index last = first;
    for (Index i = 0; i < count; ++i) {
        if (last >= chunk_count_) {
            index().damage();
            return;
        }
        if (i + 1 < count) {
            last = chunks()[last].next;
        }
    }
    if (count > 0) {
        chunks()[last].next = first_free_;
        first_free_ = first;
        free_chunks_ += count;
    }
}

void RecordTable::mend() noexcept {
    if (index().is_whole()) {
        return;
    }
    const ExpiringIndex::Change change(index());
    if (journal_.index < index().capacity()) {
        records()[journal_.index] = journal_.record;
        index().write_until(journal_.index, journal_.until);
    }
    ExpiringIndex::settle();
    journal_.index = none;
    ExpiringIndex::settle();
    index().rebuild();
    mend_chunks();
}

// Chunks that no live record's chain comes to are free. A record whose chain leads astray, or into another's,
// is none.
void RecordTable::mend_chunks() noexcept {
    touched_chunks_ = std::min(touched_chunks_, chunk_count_);
    for (Index i = 0; i < touched_chunks_; ++i) {
        chunks()[i].next |= unreached;
    }
    free_chunks_ = chunk_count_;
    for (Index at = 0; at < index().touched(); ++at) {
        if (!index().is_live(at)) {
            continue;
        }
        const Index count = count_chunks(records()[at].size);
        Index chunk = records()[at].first;
        Index reached = 0;
        while (reached < count && chunk < touched_chunks_ && (chunks()[chunk].next & unreached) != 0) {
            chunks()[chunk].next &= ~unreached;
            chunk = chunks()[chunk].next;
            ++reached;
        }
        if (reached == count) {
            free_chunks_ -= reached;
            continue;
        }
        index().erase(at);
        for (chunk = records()[at].first; reached > 0; --reached) { // those were its own
            const Index next = chunks()[chunk].next;
            chunks()[chunk].next |= unreached;
            chunk = next;
        }
    }
    first_free_ = end_of_chain;
    for (Index i = touched_chunks_; i-- > 0;) {
        if ((chunks()[i].next & unreached) != 0) {
            chunks()[i].next = first_free_;
            first_free_ = i;
        }
    }
}

std::size_t RecordTable::bytes_of(Amount amount) noexcept {
    return amount.records * (ExpiringIndex::size_of(1) - ExpiringIndex::size_of(0) + sizeof(Record)) +
           amount.chunks * sizeof(Chunk);
}

RecordTable::Amount RecordTable::used() const noexcept {
    return {index().size(), std::size_t{chunk_count_} - free_chunks_};
}

RecordTable::Amount RecordTable::room() const noexcept {
    return {index().capacity(), chunk_count_};
}

RecordTable::Amount RecordTable::live(std::int64_t now) noexcept {
    mend();
    Amount amount;
    for (Index at = 0; at < index().touched(); ++at) {
        if (index().is_live(at) && index().until(at) > now) {
            ++amount.records;
            amount.chunks += count_chunks(records()[at].size);
        }
    }
    return amount;
}

std::size_t RecordTable::size_for(Amount amount, std::uint32_t chunks_each) noexcept {
    std::size_t capacity = amount.records;
    if (chunks_each > 0) {
        const std::size_t chunks = amount.chunks + amount.chunks / 31 + 1; // kept_back() of them beside
        capacity = std::max(capacity, chunks / chunks_each + 1);
    }
    return sizeof(RecordTable) + ExpiringIndex::size_of(capacity) + capacity * sizeof(Record) +
           capacity * chunks_each * sizeof(Chunk);
}

bool RecordTable::take_from(RecordTable& other, std::int64_t now) {
    other.mend();
    new (this) RecordTable(index().capacity(), chunk_count_);
    bool all = true;
    for (Index at = 0; at < other.index().touched(); ++at) {
        if (!other.index().is_live(at) || other.index().until(at) <= now) {
            continue;
        }
        const Key& key = other.index().key(at);
        const auto found = other.read(key, now);
        all &= found && insert(key, found->fields, found->bytes, now) == Put::done;
    }
    return all;
}

} // namespace oauth::session
