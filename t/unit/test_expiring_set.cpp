// SPDX-License-Identifier: MIT
// What workers remember together (DS-11): each key until its own time, in a block that never grows. Compared
// with a plain map over many random additions, and at its bounds: full, or one entry small.
#include "../../src/session/expiring_set.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <vector>

#include "unit.hpp"

using oauth::session::ExpiringSet;
using Added = ExpiringSet::Added;
using WhenFull = ExpiringSet::WhenFull;

namespace {

ExpiringSet::Key key(std::uint64_t number) {
    ExpiringSet::Key key{};
    const std::string hash = oauth::core::digest(oauth::core::Hash::sha256, std::to_string(number));
    std::memcpy(key.data(), hash.data(), key.size());
    return key;
}

// A set of so many entries, and nothing behind it that it could write to unseen.
struct Room {
    explicit Room(std::size_t entries) : block((24 + 40 * entries) / 8) {
        set = ExpiringSet::create(block.data(), 24 + 40 * entries);
        assert_non_null(set);
        assert_int_equal(set->capacity(), entries);
    }
    std::vector<std::uint64_t> block;
    ExpiringSet* set;
};

void a_block_too_small_holds_nothing(void**) {
    std::vector<std::uint64_t> block(8);
    assert_null(ExpiringSet::create(block.data(), 0));
    assert_null(ExpiringSet::create(block.data(), 63));
    assert_non_null(ExpiringSet::create(block.data(), 64));
}

void set_once(void**) {
    const Room room(10);
    assert_true(room.set->add(key(1), {0, 100}, WhenFull::refuse) == Added::first);
    assert_true(room.set->add(key(1), {0, 100}, WhenFull::refuse) == Added::again);
    assert_true(room.set->contains(key(1)));
    assert_false(room.set->contains(key(2)));
    assert_int_equal(room.set->size(), 1);
}

// An entry of a day came first: the short ones behind it still go at their time, and make room.
void a_long_one_holds_up_no_short_ones(void**) {
    const Room room(100);
    room.set->add(key(0), {0, 86400}, WhenFull::refuse);
    for (std::uint64_t i = 1; i < 100; ++i) {
        assert_true(room.set->add(key(i), {0, 1}, WhenFull::refuse) == Added::first);
    }
    assert_true(room.set->add(key(100), {0, 1}, WhenFull::refuse) == Added::full);
    for (std::uint64_t i = 200; i < 1200; ++i) {
        const auto now = static_cast<std::int64_t>(i);
        assert_true(room.set->add(key(i), {now, now + 1}, WhenFull::refuse) == Added::first);
    }
    assert_true(room.set->contains(key(0)));
    assert_int_equal(room.set->size(), 2);
}

void who_is_full_refuses_or_drops_what_would_go_next(void**) {
    const Room room(3);
    room.set->add(key(1), {0, 30}, WhenFull::refuse);
    room.set->add(key(2), {0, 10}, WhenFull::refuse);
    room.set->add(key(3), {0, 20}, WhenFull::refuse);
    assert_true(room.set->add(key(4), {5, 40}, WhenFull::refuse) == Added::full);
    assert_false(room.set->contains(key(4)));
    assert_true(room.set->add(key(4), {5, 40}, WhenFull::drop_earliest) == Added::first);
    assert_false(room.set->contains(key(2)));
    assert_true(room.set->add(key(5), {5, 40}, WhenFull::drop_earliest) == Added::first);
    assert_false(room.set->contains(key(3)));
    assert_true(room.set->contains(key(1)));
    assert_int_equal(room.set->size(), 3);
    assert_true(room.set->add(key(1), {5, 50}, WhenFull::drop_earliest) == Added::again); // and longer
    room.set->add(key(6), {5, 60}, WhenFull::drop_earliest);
    assert_true(room.set->contains(key(1)));

    const Room one(1);
    for (std::uint64_t i = 0; i < 5; ++i) {
        assert_true(one.set->add(key(i), {0, 9}, WhenFull::drop_earliest) == Added::first);
        assert_true(one.set->contains(key(i)));
        assert_int_equal(one.set->size(), 1);
    }
}

// Whatever comes in whatever order: what a map says that has not expired is there, until its time.
void as_a_map_would_have_it(void**) {
    std::mt19937_64 random(7); // the same numbers in every run
    const Room room(64);
    std::map<std::uint64_t, std::int64_t> expected;
    std::int64_t now = 0;
    for (int step = 0; step < 20000; ++step) {
        now += static_cast<std::int64_t>(random() % 3);
        const std::uint64_t number = random() % 200;
        const std::int64_t until = now + 1 + static_cast<std::int64_t>(random() % 60);
        std::erase_if(expected, [now](const auto& each) { return each.second <= now; });
        const Added added = room.set->add(key(number), {now, until}, WhenFull::refuse);
        if (added == Added::full) {
            assert_true(expected.size() >= 64 - 4); // all that has expired is gone, but for a few
            continue;
        }
        std::int64_t& kept = expected[number];
        kept = std::max(kept, until);
        for (const auto& each : expected) {
            assert_true(room.set->contains(key(each.first)));
        }
    }
}

// What is live goes on in a set of another size; where there is no room for it, that is told.
void a_set_of_another_size_takes_what_is_live(void**) {
    const Room from(8);
    for (std::uint64_t i = 1; i <= 6; ++i) {
        from.set->add(key(i), {0, static_cast<std::int64_t>(10 * i)}, WhenFull::refuse);
    }
    assert_int_equal(from.set->count_live(20), 4);
    for (const std::size_t entries : {4, 40}) {
        const Room to(entries);
        assert_true(to.set->take_from(*from.set, 20, WhenFull::refuse));
        assert_int_equal(to.set->size(), 4);
        assert_false(to.set->contains(key(2)));
        assert_true(to.set->contains(key(3)));
        assert_true(to.set->add(key(3), {29, 29}, WhenFull::refuse) == Added::again); // until 30, as it was
    }
    const Room small(3);
    assert_false(small.set->take_from(*from.set, 20, WhenFull::refuse));
    const Room newest(3);
    assert_true(newest.set->take_from(*from.set, 20, WhenFull::drop_earliest));
    assert_false(newest.set->contains(key(3)));
    assert_true(newest.set->contains(key(4)));
}

// A number that was written over, by whatever it was: nothing loops, nothing outside is touched, and the set
// is of use again.
void wrong_numbers_lead_nowhere(void**) {
    std::mt19937_64 random(11);
    for (int round = 0; round < 3000; ++round) {
        const Room room(12);
        std::int64_t now = 0;
        for (std::uint64_t i = 0; i < 12; ++i) {
            room.set->add(key(i), {0, static_cast<std::int64_t>(random() % 50)}, WhenFull::refuse);
        }
        auto* words = reinterpret_cast<std::uint32_t*>(room.set);
        const std::size_t count = room.block.size() * 2;
        for (int i = 0; i < 3; ++i) { // all but the capacity, which nobody writes after create()
            words[1 + random() % (count - 1)] =
                static_cast<std::uint32_t>(random() % 2 != 0 ? random() : random() % 14);
        }
        for (std::uint64_t i = 0; i < 60; ++i, now += 2) {
            room.set->add(key(random() % 24), {now, now + 9},
                          random() % 2 != 0 ? WhenFull::refuse : WhenFull::drop_earliest);
            room.set->contains(key(i));
        }
        assert_true(room.set->size() <= 12);
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_block_too_small_holds_nothing),
        cmocka_unit_test(set_once),
        cmocka_unit_test(a_long_one_holds_up_no_short_ones),
        cmocka_unit_test(who_is_full_refuses_or_drops_what_would_go_next),
        cmocka_unit_test(as_a_map_would_have_it),
        cmocka_unit_test(a_set_of_another_size_takes_what_is_live),
        cmocka_unit_test(wrong_numbers_lead_nowhere),
    };
    return cmocka_run_group_tests_name("expiring_set", tests, nullptr, nullptr);
}
