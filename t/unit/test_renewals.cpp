// SPDX-License-Identifier: MIT
// Who may ask a provider again (RF-03): one for each epoch of a session, whatever others do meanwhile;
// what came of it is told to all who still have the epoch before.
#include "../../src/session/renewals.hpp"

#include <string>

#include "shared_memory.hpp"

using namespace oauth;
using session::Lease;
using session::Renewal;
using session::Renewals;
using End = session::Ledger::RenewalEnd;
using State = Lease::State;

namespace {

struct Place {
    unit::FakeClock clock{0};
    unit::SharedBlocks blocks;
    std::int64_t now = 1000;

    explicit Place(unit::Blocks sizes = {}) : blocks(clock, sizes) {}

    Renewals renewals() { return {*blocks.state().renewals, now}; }
    static Renewal of(std::uint64_t epoch, const char* id = "a") { return {id, epoch, 90000}; }
    Lease lease(std::uint64_t epoch, const char* id = "a") {
        return renewals().lease(Renewals::keys_of(id), of(epoch, id), now + 30);
    }
    bool end(std::uint64_t epoch, End end, const char* handover = "", const char* id = "a") {
        return renewals().end(Renewals::keys_of(id), of(epoch, id), end, handover);
    }
    std::optional<std::string> successor(std::uint64_t epoch) {
        return renewals().successor(Renewals::keys_of("a"), of(epoch));
    }
    void saw(std::uint64_t epoch) { renewals().saw(Renewals::keys_of("a"), of(epoch)); }
    std::size_t bytes_kept() { return blocks.state().renewals->live(now).chunks; }
};

void check(const Lease& lease, State state, const std::string& handover = "") {
    assert_int_equal(static_cast<int>(lease.state), static_cast<int>(state));
    assert_string_equal(lease.handover.c_str(), handover.c_str());
}

void rf_03_one_takes_it_and_all_others_wait_for_what_comes(void**) {
    Place place;
    const Lease first = place.lease(0);
    check(first, State::taken);
    assert_int_equal(first.at, 1030);
    check(place.lease(0), State::busy);
    check(place.lease(0, "b"), State::taken); // another session
    place.end(0, End::done, "sealed 1");
    check(place.lease(0), State::done, "sealed 1");
    check(place.lease(0), State::done, "sealed 1");
    check(place.lease(1), State::taken); // the next one is due
    check(place.lease(0), State::done, "sealed 1");
    check(place.lease(1), State::busy);
    place.end(1, End::done, "sealed 2");
    check(place.lease(0), State::done, "sealed 2");
    check(place.lease(1), State::done, "sealed 2");
}

void what_leads_on_goes_a_minute_after_it_was_seen(void**) {
    Place place;
    place.lease(0);
    place.end(0, End::done, "sealed 1");
    place.now += 5000;
    check(place.lease(0), State::done, "sealed 1"); // nobody has come with the new one yet
    place.saw(0);                                   // the former tells nothing
    place.now += 100;
    check(place.lease(0), State::done, "sealed 1");
    place.saw(1);
    place.now += 59;
    place.saw(1); // seen again: no longer for that
    check(place.lease(0), State::done, "sealed 1");
    place.now += 1;
    check(place.lease(0), State::spent);
    assert_int_equal(place.bytes_kept(), 0);
    check(place.lease(1), State::taken); // what has been spent stays known
    check(place.lease(0), State::spent);
    place.now = 90000;
    assert_int_equal(place.blocks.state().renewals->live(place.now).records, 0); // until the session ends
}

// Another node has renewed it several times: what leads from the first epoch to the second is no way on.
void nobody_is_led_back_to_a_former_epoch(void**) {
    Place place;
    place.lease(0);
    place.end(0, End::done, "sealed 1");
    check(place.lease(5), State::taken);
    check(place.lease(3), State::spent);
    check(place.lease(1), State::spent);
    check(place.lease(0), State::done, "sealed 1");
}

void a_refusal_is_of_its_epoch(void**) {
    Place place;
    place.lease(3);
    place.end(3, End::refused);
    check(place.lease(3), State::refused);
    check(place.lease(2), State::spent);
    check(place.lease(4), State::taken); // of another node, whose provider said yes
    place.end(4, End::done, "sealed 5");
    check(place.lease(3), State::done, "sealed 5");
}

void what_leads_on_from_an_epoch(void**) {
    Place place;
    assert_false(place.successor(1).has_value());
    place.lease(0);
    assert_false(place.successor(0).has_value());
    place.end(0, End::done, "sealed 1");
    assert_string_equal(place.successor(0).value_or("none").c_str(), "sealed 1");
    assert_false(place.successor(1).has_value());
    place.lease(1);
    assert_string_equal(place.successor(0).value_or("none").c_str(), "sealed 1");
    assert_false(place.successor(1).has_value()); // it may be the one that stays
    place.end(1, End::failed);
    assert_false(place.successor(1).has_value());
    place.now += 3600;
    place.lease(1);
    place.end(1, End::done, "sealed 2");
    assert_string_equal(place.successor(1).value_or("none").c_str(), "sealed 2");
    assert_string_equal(place.successor(0).value_or("none").c_str(), "sealed 2");
    place.lease(2);
    place.end(2, End::refused);
    for (const std::uint64_t epoch : {0, 1, 2}) {
        assert_string_equal(place.successor(epoch).value_or("none").c_str(), "");
    }
    assert_false(place.successor(3).has_value()); // of another node
}

// Nor is what leads to the epoch before given up for it.
void what_has_no_room_takes_nothing_away(void**) {
    Place place(unit::Blocks{.renewals = 64 + 24 + 3 * (72 + 256)});
    place.lease(0);
    assert_true(place.end(0, End::done, "sealed 1"));
    place.lease(1);
    assert_false(place.end(1, End::done, std::string(2000, 's').c_str()));
    check(place.lease(0), State::done, "sealed 1");
    check(place.lease(1), State::later);
    place.lease(2);
    assert_true(place.end(2, End::done, "sealed 3")); // in place of the former
    check(place.lease(1), State::done, "sealed 3");
}

// And the pause after a failure holds.
void rf_05_what_has_no_room_is_no_reason_to_ask_at_once(void**) {
    Place place(unit::Blocks{.renewals = 64 + 24 + 3 * (72 + 256)});
    place.lease(0);
    assert_false(place.end(0, End::tokens_alone, std::string(2000, 's').c_str()));
    check(place.lease(1), State::later);
    assert_int_equal(place.lease(1).at, 1010);
    place.now = 1010;
    const Lease again = place.lease(1);
    check(again, State::taken);
    assert_int_equal(again.failures, 1);
    assert_false(place.end(1, End::done, std::string(2000, 's').c_str()));
    check(place.lease(2), State::taken); // no failure
}

void after_an_outage_the_next_attempt_waits_longer_each_time(void**) {
    Place place;
    check(place.lease(0), State::taken);
    for (const std::int64_t pause : {10, 20, 40, 80, 160, 300, 300, 300}) {
        place.end(0, End::failed);
        check(place.lease(0), State::later);
        assert_int_equal(place.lease(0).at, place.now + pause);
        place.now += pause - 1;
        check(place.lease(0), State::later);
        place.now += 1;
        check(place.lease(0), State::taken);
        check(place.lease(0), State::busy);
    }
    place.end(0, End::done, "sealed 1");
    check(place.lease(1), State::taken);
    place.end(1, End::failed);
    assert_int_equal(place.lease(1).at, place.now + 10); // from the beginning
}

// New tokens make a new epoch, and the provider was away all the same.
void rf_05_a_failure_after_new_tokens_counts_as_one(void**) {
    Place place;
    check(place.lease(0), State::taken);
    std::uint64_t epoch = 0;
    std::uint32_t failures = 0;
    for (const std::int64_t pause : {10, 20, 40, 80, 160, 300, 300}) {
        place.end(epoch, End::tokens_alone, "sealed");
        check(place.lease(epoch), State::done, "sealed");
        ++epoch;
        check(place.lease(epoch), State::later);
        assert_int_equal(place.lease(epoch).at, place.now + pause);
        check(place.lease(epoch - 1), State::done, "sealed"); // whoever waits is led on all the same
        place.now += pause - 1;
        check(place.lease(epoch), State::later);
        place.now += 1;
        const Lease lease = place.lease(epoch);
        check(lease, State::taken);
        assert_int_equal(lease.failures, ++failures);
    }
    place.end(epoch, End::failed); // of either kind
    assert_int_equal(place.lease(epoch).at, place.now + 300);
    place.now += 300;
    assert_int_equal(place.lease(epoch).failures, failures + 1);
    place.end(epoch, End::done, "sealed");
    const Lease next = place.lease(epoch + 1);
    check(next, State::taken);
    assert_int_equal(next.failures, 0); // from the beginning
}

void rf_05_the_pause_is_of_the_epoch_that_the_failure_made(void**) {
    Place place;
    place.lease(0);
    place.end(0, End::tokens_alone, "sealed 1");
    const Lease lease = place.lease(2); // another node has checked epoch 1
    check(lease, State::taken);
    assert_int_equal(lease.failures, 1);
    place.end(2, End::done, "sealed 3");
    place.end(2, End::tokens_alone, "too late");
    check(place.lease(2), State::done, "sealed 3");
    check(place.lease(3), State::taken);
}

void sc_16_a_clock_that_is_set_back_makes_nothing_longer(void**) {
    Place place;
    place.now = 50000;
    place.lease(0);
    place.end(0, End::failed);
    place.now = 1000;
    check(place.lease(0), State::taken); // a pause is never longer than five minutes
    place.end(0, End::tokens_alone, "sealed 1");
    place.now = 500;
    check(place.lease(1), State::taken);
    place.now = 100;
    check(place.lease(1), State::busy); // until a lease of now would end
    assert_int_equal(place.lease(1).at, 130);
    place.now = 129;
    check(place.lease(1), State::busy);
    place.now = 130;
    check(place.lease(1), State::taken);
}

void a_lease_that_ran_out_is_taken_over_once(void**) {
    Place place;
    place.lease(0);
    place.now += 29;
    check(place.lease(0), State::busy);
    place.now += 1;
    check(place.lease(0), State::taken);
    check(place.lease(0), State::busy);
    place.now += 30;
    check(place.lease(0), State::refused);
    check(place.lease(1), State::taken);
}

// The first was slow, not dead: the second was told that the token is spent.
void who_has_it_done_knows_best(void**) {
    Place place;
    place.lease(0);
    place.now += 30;
    check(place.lease(0), State::taken);
    place.end(0, End::refused);
    check(place.lease(0), State::refused);
    place.end(0, End::done, "sealed 1");
    check(place.lease(0), State::done, "sealed 1");
    place.end(0, End::refused); // or in the other order
    place.end(0, End::failed);
    check(place.lease(0), State::done, "sealed 1");
    check(place.lease(1), State::taken);
    place.end(0, End::done, "too late");
    check(place.lease(1), State::busy);
    place.end(7, End::done, "of no lease");
    check(place.lease(0), State::done, "sealed 1");
}

void a_refusal_is_not_made_an_outage(void**) {
    Place place;
    place.lease(0);
    place.end(0, End::refused);
    place.end(0, End::failed);
    check(place.lease(0), State::refused);
}

void without_room_nobody_asks_and_nothing_is_forgotten(void**) {
    Place place(unit::Blocks{.renewals = 64 + 24 + 3 * (72 + 256)});
    check(place.lease(0, "a"), State::taken);
    check(place.lease(0, "b"), State::taken);
    check(place.lease(0, "c"), State::taken);
    check(place.lease(0, "d"), State::full);
    check(place.lease(0, "a"), State::busy);
    assert_false(place.end(0, End::done, "sealed 1", "a")); // at least it is known that it was spent
    const Lease stranded = place.lease(0, "a");
    check(stranded, State::later);
    assert_int_equal(stranded.at, 1060);
    place.now = 999; // the clock was set back
    check(place.lease(0, "a"), State::spent);
    place.now = 1059;
    check(place.lease(0, "a"), State::later);
    place.now = 1060;
    check(place.lease(0, "a"), State::spent);
    check(place.lease(1, "a"), State::taken);
    check(place.lease(0, "a"), State::spent);
    check(place.lease(0, "d"), State::full);
    assert_true(place.end(0, End::done, "", "b")); // nothing to keep
    assert_false(place.end(0, End::tokens_alone, "sealed 1", "c"));
    check(place.lease(0, "c"), State::later);
    check(place.lease(1, "c"), State::later);
    place.now = 90000;
    check(place.renewals().lease(Renewals::keys_of("d"), {"d", 0, 99999}, 90030), State::taken);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(rf_03_one_takes_it_and_all_others_wait_for_what_comes),
        cmocka_unit_test(what_leads_on_goes_a_minute_after_it_was_seen),
        cmocka_unit_test(nobody_is_led_back_to_a_former_epoch),
        cmocka_unit_test(a_refusal_is_of_its_epoch),
        cmocka_unit_test(what_leads_on_from_an_epoch),
        cmocka_unit_test(what_has_no_room_takes_nothing_away),
        cmocka_unit_test(rf_05_what_has_no_room_is_no_reason_to_ask_at_once),
        cmocka_unit_test(after_an_outage_the_next_attempt_waits_longer_each_time),
        cmocka_unit_test(rf_05_a_failure_after_new_tokens_counts_as_one),
        cmocka_unit_test(rf_05_the_pause_is_of_the_epoch_that_the_failure_made),
        cmocka_unit_test(sc_16_a_clock_that_is_set_back_makes_nothing_longer),
        cmocka_unit_test(a_lease_that_ran_out_is_taken_over_once),
        cmocka_unit_test(who_has_it_done_knows_best),
        cmocka_unit_test(a_refusal_is_not_made_an_outage),
        cmocka_unit_test(without_room_nobody_asks_and_nothing_is_forgotten),
    };
    return cmocka_run_group_tests_name("renewals", tests, nullptr, nullptr);
}
