// SPDX-License-Identifier: MIT
// A reload with another oauth_zone during a check (RF-03, DS-11): the worker that has it under way is being
// replaced, and those that go on learn how it ended, and what came of it.
#include "../../src/session/late_news.hpp"
#include "../../src/session/shared_ledger.hpp"
#include "../../src/session/shared_records.hpp"

#include <string>
#include <vector>

#include "shared_memory.hpp"

using namespace oauth;
using session::LateNews;
using session::Lease;
using session::Ledger;
using session::RecordTable;
using session::Renewal;
using session::SharedLedger;
using session::SharedRecords;
using End = Ledger::RenewalEnd;
using Put = SharedRecords::Put;

namespace {

constexpr std::int64_t ends_at = 90000;
constexpr RecordTable::Key place_of_session{1};

struct Zone {
    Zone(unit::FakeClock& clock, LateNews& news, unit::Blocks sizes) : blocks(clock, sizes), news_(news) {}

    session::SharedMemory memory() {
        session::SharedMemory memory = blocks.memory();
        memory.late_news = &news_;
        return memory;
    }

    unit::SharedBlocks blocks;
    LateNews& news_;
    SharedLedger ledger{memory()};
    SharedRecords records{memory()};
};

// A session in the zone, and a check of it that has begun.
struct Reload {
    explicit Reload(std::size_t room = 16384, unit::Blocks sizes = {})
        : block(room / 8), former(clock, late, {}), next(clock, late, sizes) {
        news.table = RecordTable::create(block.data(), {room, LateNews::chunks_each});
        assert_true(former.records.create(place_of_session, {5000, 0, 1000, {}}, "sealed 0") == Put::done);
        assert_true(lease(former).state == Lease::State::taken);
    }
    void move() {
        assert_true(take_live(next.blocks.state(), former.blocks.state(), clock));
        former.blocks.state().moved = 1;
    }
    static Renewal of(std::uint64_t epoch = 0) { return {"a", epoch, ends_at}; }
    Lease lease(Zone& zone, std::uint64_t epoch = 0) {
        return zone.ledger.lease(of(epoch), clock.now() + 30);
    }

    unit::FakeClock clock{1000};
    std::vector<std::uint64_t> block;
    unit::FakeClock unused{0};
    unit::SharedBlocks locks{unused};
    LateNews::Memory news{};
    LateNews late{news, locks};
    Zone former;
    Zone next;
};

void check(const Lease& lease, Lease::State state, const std::string& handover = "") {
    assert_int_equal(static_cast<int>(lease.state), static_cast<int>(state));
    assert_string_equal(lease.handover.c_str(), handover.c_str());
}

void rf_03_what_a_check_ended_with_is_known_to_who_goes_on(void**) {
    Reload done;
    done.move();
    check(done.lease(done.next), Lease::State::busy);
    done.former.ledger.end_renewal(Reload::of(), End::done, "sealed 1");
    check(done.lease(done.next), Lease::State::done, "sealed 1");
    check(done.lease(done.next, 1), Lease::State::taken);
    assert_false(done.late.are_there());

    Reload refused;
    refused.move();
    refused.former.ledger.end_renewal(Reload::of(), End::refused, "");
    check(refused.lease(refused.next), Lease::State::refused);

    Reload away;
    away.move();
    away.former.ledger.end_renewal(Reload::of(), End::failed, "");
    check(away.lease(away.next), Lease::State::later);
    assert_int_equal(away.lease(away.next).at, 1010);

    Reload late; // the lease has run out, and another has taken it over
    late.move();
    late.clock.advance(30);
    check(late.lease(late.next), Lease::State::taken);
    late.former.ledger.end_renewal(Reload::of(), End::done, "sealed 1");
    check(late.lease(late.next), Lease::State::done, "sealed 1");
}

void rf_03_the_session_that_came_of_it_takes_the_place_of_the_one_before(void**) {
    Reload reload;
    reload.move();
    reload.clock.advance(5);
    reload.next.records.touch(place_of_session, {1005, 5005, 1001, 2000});
    const SharedRecords::Fields fields{5000, 1, 1000, {}};
    assert_true(reload.former.records.replace(place_of_session, fields, "sealed 1") == Put::done);
    assert_string_equal(reload.former.records.read(place_of_session)->bytes.c_str(), "sealed 1");
    const auto found = reload.next.records.read(place_of_session);
    assert_string_equal(found->bytes.c_str(), "sealed 1");
    assert_int_equal(found->fields.epoch, 1);
    assert_int_equal(found->fields.used_at, 1005); // as it was used since
    assert_int_equal(found->fields.until, 5005);
    assert_false(reload.late.are_there());
    // By whichever way somebody looks first.
    const SharedRecords::Fields again{5000, 2, 1000, {}};
    assert_true(reload.former.records.replace(place_of_session, again, "sealed 2") == Put::done);
    assert_int_equal(reload.next.records.find(place_of_session)->epoch, 2);
    assert_true(reload.former.records.replace(place_of_session, {5000, 3, 1000, {}}, "3") == Put::done);
    assert_int_equal(reload.next.records.touch(place_of_session, {1005, 5005, 1001, 2000})->epoch, 3);
    assert_true(reload.former.records.replace(place_of_session, {5000, 4, 1000, {}}, "4") == Put::done);
    assert_true(reload.next.records.replace(place_of_session, {5000, 4, 1000, {}}, "x") == Put::newer);
}

void rf_11_what_was_signed_out_meanwhile_does_not_come_back(void**) {
    Reload reload;
    reload.move();
    assert_true(reload.next.records.erase(place_of_session) == Put::done);
    assert_true(reload.former.records.replace(place_of_session, {5000, 1, 1000, {}}, "sealed 1") ==
                Put::done);
    assert_false(reload.next.records.read(place_of_session).has_value());
    assert_false(reload.late.are_there());
}

void before_the_zone_is_replaced_there_is_nothing_to_tell(void**) {
    Reload reload;
    assert_true(reload.former.records.replace(place_of_session, {5000, 1, 1000, {}}, "sealed 1") ==
                Put::done);
    reload.former.ledger.end_renewal(Reload::of(), End::done, "sealed 1");
    assert_false(reload.late.are_there());
    reload.move();
    assert_int_equal(reload.next.records.find(place_of_session)->epoch, 1);
}

// Whoever has been replaced himself passes nothing on to his zone, which nobody looks into.
void a_zone_that_was_replaced_too_takes_nothing(void**) {
    Reload reload;
    reload.move();
    reload.former.ledger.end_renewal(Reload::of(), End::done, "sealed 1");
    reload.next.blocks.state().moved = 1;
    check(reload.lease(reload.next), Lease::State::full);
    assert_true(reload.late.are_there());
}

void without_room_nothing_is_saved_that_others_would_not_have(void**) {
    Reload reload(64 + 24 + 72 + 8 * 128 + 40);
    reload.move();
    assert_true(reload.former.records.replace(place_of_session, {5000, 1, 1000, {}},
                                              std::string(2000, 's')) == Put::full);
    assert_int_equal(reload.former.records.find(place_of_session)->epoch, 0);
    assert_int_equal(reload.next.records.find(place_of_session)->epoch, 0);
}

// It could never be renewed again: it ends, here alone.
void without_room_in_the_new_zone_the_session_ends(void**) {
    unit::Blocks small;
    small.sessions = 64 + 24 + 2 * (72 + 6 * 128);
    Reload reload(16384, small);
    reload.move();
    const std::uint64_t generation = reload.next.ledger.generation();
    assert_true(reload.former.records.replace(place_of_session, {5000, 1, 1000, {}},
                                              std::string(3000, 's')) == Put::done);
    assert_false(reload.next.records.read(place_of_session).has_value());
    assert_true(reload.next.ledger.generation() > generation);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(rf_03_what_a_check_ended_with_is_known_to_who_goes_on),
        cmocka_unit_test(rf_03_the_session_that_came_of_it_takes_the_place_of_the_one_before),
        cmocka_unit_test(rf_11_what_was_signed_out_meanwhile_does_not_come_back),
        cmocka_unit_test(before_the_zone_is_replaced_there_is_nothing_to_tell),
        cmocka_unit_test(a_zone_that_was_replaced_too_takes_nothing),
        cmocka_unit_test(without_room_nothing_is_saved_that_others_would_not_have),
        cmocka_unit_test(without_room_in_the_new_zone_the_session_ends),
    };
    return cmocka_run_group_tests_name("late_news", tests, nullptr, nullptr);
}
