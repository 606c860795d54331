// SPDX-License-Identifier: MIT
// Records that workers share (DS-11): compared with a map over many random changes, full in either way, never
// fragmented, whole after a process was killed at any instruction, and bounded whatever its numbers say.
#include "../../src/session/record_table.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "killed_process.hpp"
#include "unit.hpp"

using oauth::session::RecordTable;
using Put = RecordTable::Put;
using Fields = RecordTable::Fields;

namespace {

RecordTable::Key key(std::uint64_t number) {
    RecordTable::Key key{};
    const std::string hash = oauth::core::digest(oauth::core::Hash::sha256, std::to_string(number));
    std::memcpy(key.data(), hash.data(), key.size());
    return key;
}

constexpr std::size_t own = 64 + 24; // of the table and its index
constexpr std::size_t record = 72;
constexpr std::size_t chunk = 128;

// A table of so many records, and nothing behind it that it could write to unseen.
struct Room {
    explicit Room(std::size_t records, std::uint32_t chunks_each = 4)
        : block((own + records * (record + chunks_each * chunk)) / 8) {
        table = RecordTable::create(block.data(), {block.size() * 8, chunks_each});
        assert_non_null(table);
        assert_int_equal(table->room().records, records);
        assert_int_equal(table->room().chunks, records * chunks_each);
    }
    std::vector<std::uint64_t> block;
    RecordTable* table;
};

// Bytes that tell whose they are, and whether they are all of one.
std::string bytes_of(std::uint64_t seed, std::size_t size) {
    std::string bytes(size, '\0');
    std::uint64_t state = seed * 2 + 1;
    for (char& byte : bytes) {
        state *= 6364136223846793005;
        byte = static_cast<char>(state >> 56);
    }
    return bytes;
}

Fields until(std::int64_t time, std::uint64_t epoch = 0) {
    return {time, epoch, static_cast<std::int64_t>(epoch + 7), {static_cast<std::uint32_t>(epoch), 5}};
}

void a_block_too_small_holds_nothing(void**) {
    std::vector<std::uint64_t> block(40);
    assert_null(RecordTable::create(block.data(), {0, 1}));
    assert_null(RecordTable::create(block.data(), {own + record + chunk - 1, 1}));
    assert_non_null(RecordTable::create(block.data(), {own + record + chunk, 1}));
    assert_non_null(RecordTable::create(block.data(), {own + record, 0}));
}

void kept_until_its_time(void**) {
    const Room room(4);
    RecordTable& table = *room.table;
    assert_false(table.find(key(1), 0).has_value());
    assert_true(table.insert(key(1), until(100, 3), "what it is", 0) == Put::done);
    assert_true(table.insert(key(1), until(100, 9), "another", 0) == Put::present);
    const auto found = table.read(key(1), 99);
    assert_true(found.has_value());
    assert_string_equal(found->bytes.c_str(), "what it is");
    assert_int_equal(found->fields.epoch, 3);
    assert_int_equal(found->fields.used_at, 10);
    assert_int_equal(found->fields.numbers[0], 3);
    assert_int_equal(found->fields.numbers[1], 5);
    assert_int_equal(found->fields.until, 100);
    assert_false(table.find(key(1), 100).has_value());
    assert_false(table.read(key(1), 100).has_value());
    assert_true(table.replace(key(1), until(200), "late", 100) == Put::absent);
    assert_false(table.update(key(1), until(200), 100));
    assert_true(table.insert(key(1), until(200), "again", 100) == Put::done);
    assert_string_equal(table.read(key(1), 150)->bytes.c_str(), "again");
}

void changed_and_erased(void**) {
    const Room room(4);
    RecordTable& table = *room.table;
    assert_true(table.replace(key(1), until(100), "x", 0) == Put::absent);
    assert_false(table.update(key(1), until(100), 0));
    assert_false(table.erase(key(1)));
    table.insert(key(1), until(100, 1), bytes_of(1, 300), 0);
    assert_true(table.replace(key(1), until(300, 2), bytes_of(2, 900), 0) == Put::done);
    assert_true(table.read(key(1), 200)->bytes == bytes_of(2, 900));
    assert_int_equal(table.find(key(1), 200)->epoch, 2);
    assert_int_equal(table.used().chunks, 8);
    assert_true(table.update(key(1), until(50, 4), 0));
    assert_true(table.read(key(1), 49)->bytes == bytes_of(2, 900));
    assert_false(table.find(key(1), 50).has_value());
    assert_true(table.strip(key(1), until(60, 5), 0));
    assert_true(table.read(key(1), 59)->bytes.empty());
    assert_int_equal(table.used().chunks, 0);
    assert_true(table.erase(key(1)));
    assert_false(table.find(key(1), 0).has_value());
    assert_int_equal(table.used().records, 0);
}

// What is live stays, and what is refused has changed nothing; what has expired is room.
void full_of_records_or_of_chunks_refuses(void**) {
    const Room few(2);
    assert_true(few.table->insert(key(1), until(50), "a", 0) == Put::done);
    assert_true(few.table->insert(key(2), until(90), "b", 0) == Put::done);
    assert_true(few.table->insert(key(3), until(90), "c", 0) == Put::full);
    assert_false(few.table->find(key(3), 0).has_value());
    assert_true(few.table->insert(key(3), until(90), "c", 50) == Put::done);
    assert_string_equal(few.table->read(key(2), 50)->bytes.c_str(), "b");

    const Room bytes(8); // 32 chunks, one of them kept for what is there
    RecordTable& table = *bytes.table;
    assert_true(table.insert(key(1), until(90), bytes_of(1, 124 * 29), 0) == Put::done);
    assert_true(table.insert(key(2), until(90), bytes_of(2, 124 * 2), 0) == Put::done);
    assert_true(table.insert(key(3), until(90), bytes_of(3, 1), 0) == Put::full);
    assert_true(table.insert(key(3), until(90), "", 0) == Put::done);
    assert_true(table.replace(key(2), until(95), bytes_of(4, 125), 0) == Put::full);
    assert_true(table.read(key(2), 0)->bytes == bytes_of(2, 124 * 2));
    assert_int_equal(table.find(key(2), 0)->until, 90);
    assert_true(table.replace(key(2), until(95), bytes_of(4, 124), 0) == Put::done);
    assert_true(table.insert(key(4), until(95), bytes_of(5, 124 * 50), 0) == Put::full);
    assert_true(table.insert(key(5), until(99), bytes_of(5, 124 * 29), 90) == Put::done);
    assert_true(table.read(key(2), 90)->bytes == bytes_of(4, 124));
}

// Hundreds of short ones expire: one long one finds the room of as many as it needs.
void a_large_one_takes_the_room_of_many_that_expired(void**) {
    const Room room(200, 1);
    for (std::uint64_t i = 0; i < 194; ++i) {
        assert_true(room.table->insert(key(i), until(10), bytes_of(i, 124), 0) == Put::done);
    }
    assert_true(room.table->insert(key(900), until(90), bytes_of(9, 124 * 150), 5) == Put::full);
    assert_true(room.table->insert(key(900), until(90), bytes_of(9, 124 * 150), 10) == Put::done);

    const Room grown(200, 1);
    assert_true(grown.table->insert(key(900), until(90), "short", 0) == Put::done);
    for (std::uint64_t i = 0; i < 180; ++i) {
        assert_true(grown.table->insert(key(i), until(10), bytes_of(i, 124), 0) == Put::done);
    }
    assert_true(grown.table->replace(key(900), until(90), bytes_of(9, 124 * 150), 9) == Put::full);
    assert_true(grown.table->replace(key(900), until(90), bytes_of(9, 124 * 150), 10) == Put::done);
}

// Every other one goes: what is free is in a hundred places, and all of it is of use.
void nothing_is_fragmented(void**) {
    const Room room(200, 5);
    for (std::uint64_t i = 0; i < 190; ++i) {
        assert_true(room.table->insert(key(i), until(90), bytes_of(i, 600), 0) == Put::done);
    }
    for (std::uint64_t i = 0; i < 190; i += 2) {
        assert_true(room.table->erase(key(i)));
    }
    const std::size_t free = room.table->room().chunks * 31 / 32 + 1 - room.table->used().chunks;
    for (std::uint64_t i = 0; i < free / 41; ++i) {
        assert_true(room.table->insert(key(1000 + i), until(90), bytes_of(i, 5000), 0) == Put::done);
    }
    for (std::uint64_t i = 1; i < 190; i += 2) {
        assert_true(room.table->read(key(i), 0)->bytes == bytes_of(i, 600));
    }
    assert_true(room.table->read(key(1003), 0)->bytes == bytes_of(3, 5000));
}

struct Expected {
    std::int64_t until;
    std::uint64_t epoch;
    std::string bytes;
};

// What the map says that is live is there, whole; nothing else is. Chunks are neither lost nor shared.
void compare(RecordTable& table, const std::map<std::uint64_t, Expected>& all, std::int64_t now) {
    RecordTable::Amount amount;
    for (const auto& [number, expected] : all) {
        const auto found = table.read(key(number), now);
        assert_int_equal(found.has_value(), expected.until > now);
        if (found) {
            assert_true(found->bytes == expected.bytes);
            assert_int_equal(found->fields.epoch, expected.epoch);
            ++amount.records;
            amount.chunks += (expected.bytes.size() + 123) / 124;
        }
    }
    assert_int_equal(table.live(now).records, amount.records);
    assert_int_equal(table.live(now).chunks, amount.chunks);
    assert_true(table.used().records <= amount.records + table.room().records);
}

void as_a_map_would_have_it(void**) {
    std::mt19937_64 random(17);
    const Room room(40, 3);
    RecordTable& table = *room.table;
    std::map<std::uint64_t, Expected> all;
    std::int64_t now = 0;
    int refused = 0;
    for (std::uint64_t step = 0; step < 15000; ++step) {
        now += static_cast<std::int64_t>(random() % 3);
        std::erase_if(all, [now](const auto& each) { return each.second.until <= now; });
        const std::uint64_t number = random() % 120;
        const bool there = all.contains(number);
        Expected next{now + 1 + static_cast<std::int64_t>(random() % 300), step,
                      bytes_of(step, random() % 900)};
        const std::size_t taken = table.live(now).chunks;
        switch (random() % 5) {
        case 0:
        case 1: {
            const Put put = table.insert(key(number), until(next.until, step), next.bytes, now);
            assert_int_equal(put == Put::present, there);
            if (put == Put::full) {
                const std::size_t wanted = (next.bytes.size() + 123) / 124;
                assert_true(all.size() == 40 || taken + wanted + 3 > 120);
                ++refused;
            } else if (put == Put::done) {
                all[number] = next;
            }
            break;
        }
        case 2: {
            const Put put = table.replace(key(number), until(next.until, step), next.bytes, now);
            assert_int_equal(put == Put::absent, !there);
            if (put == Put::done) {
                all[number] = next;
            }
            break;
        }
        case 3:
            assert_int_equal(table.update(key(number), until(next.until, step), now), there);
            if (there) {
                all[number].until = next.until;
                all[number].epoch = step;
            }
            break;
        default:
            if (there) {
                assert_true(table.erase(key(number)));
                all.erase(number);
            }
        }
        if (step % 16 == 0) {
            compare(table, all, now);
        }
    }
    assert_true(refused > 50);
}

void a_table_of_another_size_takes_what_is_live(void**) {
    const Room from(20);
    for (std::uint64_t i = 1; i <= 10; ++i) {
        from.table->insert(key(i), until(static_cast<std::int64_t>(10 * i), i), bytes_of(i, 100 * i), 0);
    }
    const RecordTable::Amount live = from.table->live(20);
    assert_int_equal(live.records, 8);
    for (const std::uint32_t each : {1U, 4U, 9U}) {
        std::vector<std::uint64_t> block(RecordTable::size_for(live, each) / 8);
        RecordTable& to = *RecordTable::create(block.data(), {block.size() * 8, each});
        assert_true(to.take_from(*from.table, 20));
        for (std::uint64_t i = 1; i <= 10; ++i) {
            const auto found = to.read(key(i), 20);
            assert_int_equal(found.has_value(), i > 2);
            assert_true(!found || (found->bytes == bytes_of(i, 100 * i) && found->fields.epoch == i));
        }
        assert_int_equal(from.table->used().records, 10);
    }
    const Room small(7);
    assert_false(small.table->take_from(*from.table, 20));

    // Again, when that has changed: as it is there, with no more room than that takes.
    std::vector<std::uint64_t> block(RecordTable::size_for(live, 9) / 8);
    RecordTable& to = *RecordTable::create(block.data(), {block.size() * 8, 9});
    assert_true(to.take_from(*from.table, 20));
    from.table->replace(key(9), until(90, 99), bytes_of(99, 850), 20);
    from.table->erase(key(10));
    assert_true(to.take_from(*from.table, 20));
    assert_false(to.find(key(10), 20).has_value());
    assert_true(to.read(key(9), 20)->bytes == bytes_of(99, 850));
    assert_int_equal(to.used().records, 7);
}

void wrong_numbers_lead_nowhere(void**) {
    std::mt19937_64 random(23);
    for (int round = 0; round < 1500; ++round) {
        const Room room(8, 3);
        RecordTable& table = *room.table;
        for (std::uint64_t i = 0; i < 7; ++i) {
            table.insert(key(i), until(static_cast<std::int64_t>(random() % 50), i),
                         bytes_of(i, random() % 500), 0);
        }
        auto* words = reinterpret_cast<std::uint32_t*>(&table);
        for (int i = 0; i < 3; ++i) {
            const std::size_t at = 1 + random() % (room.block.size() * 2 - 1);
            if (at != 64 / 4) { // both numbers that nobody writes after create()
                words[at] = static_cast<std::uint32_t>(random() % 2 != 0 ? random() : random() % 14);
            }
        }
        for (std::int64_t now = 0; now < 60; ++now) {
            const auto number = key(random() % 16);
            table.read(number, now);
            table.insert(number, until(now + 9), bytes_of(1, random() % 500), now);
            table.replace(key(random() % 16), until(now + 9), bytes_of(2, random() % 500), now);
            table.erase(key(random() % 16));
        }
        assert_true(table.used().records <= 8);
    }
}

// Nobody gets the bytes of two: of a chain that leads into another's, one is none when the table is mended,
// and so is one that leads astray. The room of both is of use again.
void a_chain_that_leads_into_another_is_none(void**) {
    for (const std::uint32_t astray : {2U, 77U}) {
        const Room room(8, 3);
        RecordTable& table = *room.table;
        table.insert(key(1), until(50), bytes_of(1, 200), 0); // chunks 0 and 1
        table.insert(key(2), until(50), bytes_of(2, 200), 0); // 2 and 3
        auto* words = reinterpret_cast<std::uint32_t*>(&table);
        auto* begin = reinterpret_cast<char*>(words);
        const std::string part = bytes_of(1, 124);
        auto* at = reinterpret_cast<std::uint32_t*>(
            std::search(begin, begin + room.block.size() * 8, part.begin(), part.end()));
        assert_int_equal(at[-1], 1); // its next one
        at[-1] = astray;
        words[64 / 4 + 4] = 2; // found to be damaged
        const bool first = table.find(key(1), 0).has_value();
        const bool second = table.find(key(2), 0).has_value();
        assert_true(first != second);
        assert_int_equal(table.used().records, 1);
        assert_int_equal(table.used().chunks, 2);
        assert_true(table.insert(key(3), until(50), bytes_of(3, 22 * 124), 0) == Put::done);
        assert_true(table.read(key(3), 0)->bytes == bytes_of(3, 22 * 124));
        assert_int_equal(table.used().chunks, 24);
    }
}

// What the killed process does: each kind of change once.
constexpr std::int64_t present = 20;
void change_everything(RecordTable& table) {
    table.replace(key(1), until(100, 11), bytes_of(11, 700), present);
    table.insert(key(5), until(90, 15), bytes_of(15, 400), present);
    table.erase(key(2));
    table.update(key(3), until(30, 13), present);
    table.strip(key(4), until(95, 14), present);
}

struct Version {
    std::int64_t until; // 0: not there
    std::uint64_t epoch;
    std::size_t size;
};
using Story = std::map<std::uint64_t, std::vector<Version>>;
const Story story = {
    {1, {{60, 1, 300}, {100, 11, 700}}}, {2, {{70, 2, 200}, {0, 0, 0}}},  {3, {{80, 3, 0}, {30, 13, 0}}},
    {4, {{50, 4, 600}, {95, 14, 0}}},    {5, {{0, 0, 0}, {90, 15, 400}}},
};

bool is_version(const std::optional<RecordTable::Found>& found, const Version& version) {
    if (version.until == 0) {
        return !found;
    }
    return found && found->fields.until == version.until && found->fields.epoch == version.epoch &&
           found->fields.used_at == static_cast<std::int64_t>(version.epoch + 7) &&
           found->bytes == bytes_of(version.epoch, version.size);
}

// The table as the dead left it: each record is what it was or what it was to be, never something between,
// and never again what it was before. All chunks are of use.
void examine(std::vector<std::uint64_t> block, std::map<std::uint64_t, std::size_t>& reached) {
    auto& table = *reinterpret_cast<RecordTable*>(block.data());
    for (const auto& [number, versions] : story) {
        const auto found = table.read(key(number), present);
        std::size_t& now_at = reached[number];
        while (now_at < versions.size() && !is_version(found, versions[now_at])) {
            ++now_at;
        }
        assert_true(now_at < versions.size());
    }
    const RecordTable::Amount live = table.live(present);
    std::size_t free = table.room().chunks - live.chunks - 1;
    for (std::uint64_t i = 100; table.used().records < table.room().records; ++i) {
        const std::size_t part = std::min<std::size_t>(free, 5);
        assert_true(table.insert(key(i), until(99), bytes_of(i, part * 124), present) == Put::done);
        assert_true(table.read(key(i), present)->bytes == bytes_of(i, part * 124));
        free -= part;
    }
    assert_int_equal(free, 0);
}

void killed_at_any_instruction(void**) {
    const Room room(12, 3);
    const oauth::unit::SharedBlock shared(room.block.size() * 8);
    RecordTable& table = *RecordTable::create(shared.begin(), {shared.size(), 3});
    for (const auto& [number, versions] : story) {
        if (versions[0].until != 0) {
            table.insert(key(number), until(versions[0].until, versions[0].epoch),
                         bytes_of(versions[0].epoch, versions[0].size), 0);
        }
    }
    table.insert(key(6), until(10), bytes_of(6, 300), 0); // and one that the first change drops
    const auto states = oauth::unit::states_in(shared, [&] { change_everything(table); });
    assert_true(states.size() > 50);
    std::map<std::uint64_t, std::size_t> reached;
    for (const auto& state : states) {
        examine(state, reached);
    }
    for (const auto& [number, versions] : story) {
        assert_int_equal(reached[number], versions.size() - 1);
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_block_too_small_holds_nothing),
        cmocka_unit_test(kept_until_its_time),
        cmocka_unit_test(changed_and_erased),
        cmocka_unit_test(full_of_records_or_of_chunks_refuses),
        cmocka_unit_test(a_large_one_takes_the_room_of_many_that_expired),
        cmocka_unit_test(nothing_is_fragmented),
        cmocka_unit_test(as_a_map_would_have_it),
        cmocka_unit_test(a_table_of_another_size_takes_what_is_live),
        cmocka_unit_test(wrong_numbers_lead_nowhere),
        cmocka_unit_test(a_chain_that_leads_into_another_is_none),
        cmocka_unit_test(killed_at_any_instruction),
    };
    return cmocka_run_group_tests_name("record_table", tests, nullptr, nullptr);
}
