// SPDX-License-Identifier: MIT
// What can go wrong while a session's user is asked for again, at each step: the store, its lock, memory,
// somebody who was faster, somebody who signed out. RF-01, RF-03, RF-04, RF-05, RF-11.
#include "../../src/flow/check.hpp"
#include "../../src/flow/upkeep.hpp"
#include "checked_world.hpp"

#include <cstdlib>
#include <new>

namespace {

int until_failure = 0; // of allocations; 0: none fails

} // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
    if (until_failure > 0 && --until_failure == 0) {
        throw std::bad_alloc();
    }
    if (void* memory = std::malloc(size)) {
        return memory;
    }
    throw std::bad_alloc();
}
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return std::malloc(size);
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

using namespace oauth;
using session::Replaced;
using unit::Checked;
using unit::WatchedStore;
using State = session::Lease::State;

namespace {

void assert_reported_once(const Checked& world, std::string_view part) {
    assert_int_equal(world.reported.size(), 1);
    if (world.reported[0].find(part) == std::string::npos) {
        print_error("reported: %s\n", world.reported[0].c_str());
        fail();
    }
}

// ---- Memory

void no_memory_before_the_token_is_redeemed_is_an_outage(void**) {
    Checked world;
    world.store->on_lock = [] { throw std::bad_alloc(); };
    assert_int_equal(world.come()->session.epoch, 0);
    assert_true(world.state() == State::later);
    assert_int_equal(world.refreshes(), 0);
    assert_int_equal(world.faults_in_background, 1);
    world.store->on_lock = nullptr;
    world.let_it_be_due(10);
    assert_int_equal(world.come()->session.epoch, 1);
}

// A token that is redeemed twice looks stolen, and the provider may end more than this session.
void rf_04_no_memory_after_the_token_was_redeemed_ends_the_session(void**) {
    for (const char* place : {"", "elsewhere"}) {
        Checked world;
        world.store->place = place;
        world.store->on_replace = [] { throw std::bad_alloc(); };
        const auto former = world.jar;
        world.current_id();
        assert_null(world.come().get());
        assert_true(world.ledger.renewals[world.last_id].state == State::refused);
        assert_reported_once(world, "has ended session ");
        assert_int_equal(world.faults_in_background, 0); // it was one line
        assert_int_equal(world.store->unlocks, 1);
        world.store->on_replace = nullptr;
        world.jar = former;
        world.let_it_be_due();
        assert_null(world.come().get());
        assert_int_equal(world.refreshes(), 1);
    }
}

void no_memory_at_userinfo_is_after_it_was_redeemed(void**) {
    Checked world;
    world.current_id();
    world.http.no_memory_for = "/userinfo";
    assert_null(world.come().get());
    assert_true(world.ledger.renewals[world.last_id].state == State::refused);
    assert_int_equal(world.refreshes(), 1);
}

void no_memory_for_the_end_either(void**) {
    Checked world;
    world.current_id();
    world.store->on_replace = [&] {
        world.store->on_load = [] { throw std::bad_alloc(); };
        throw std::bad_alloc();
    };
    assert_null(world.come().get());
    assert_true(world.ledger.renewals[world.last_id].state == State::refused);
    assert_int_equal(world.faults_in_background, 1); // that is the line
}

void no_memory_and_a_store_that_does_not_answer(void**) {
    Checked world;
    world.current_id();
    world.store->place = "elsewhere";
    world.store->erase_fails = true;
    world.store->on_replace = [] { throw std::bad_alloc(); };
    assert_null(world.come().get());
    assert_true(world.ledger.renewals[world.last_id].state == State::refused);
}

// What another node has made of the session is not lost by what was lost here.
void rf_04_no_memory_for_what_somebody_else_has_renewed(void**) {
    Checked world;
    world.store->place = "elsewhere";
    world.store->on_replace = [&] {
        world.store->loaded = world.renewed_elsewhere();
        throw std::bad_alloc();
    };
    assert_text_equal(world.come()->session.refresh_token, "refresh-of-another-node");
    assert_int_equal(world.store->erases, 0);
}

// Without a refresh token nothing was spent.
void no_memory_where_the_access_token_asks_is_an_outage(void**) {
    Checked world;
    world.let_it_be_due(-Checked::interval);
    world.op.token = {{"access_token", "\"access-1\""}, {"token_type", "\"Bearer\""}};
    world.sign_in_as("user-1");
    world.let_it_be_due();
    world.store->on_replace = [] { throw std::bad_alloc(); };
    assert_int_equal(world.come()->session.epoch, 0);
    assert_true(world.state() == State::later);
}

// Each allocation of a stretch of the check fails in turn. Nobody waits for ever, no lease stays with nobody,
// and a token that was redeemed is not redeemed again.
template <class Stretch>
void fail_each_allocation(bool is_redeemed, const Stretch& stretch) { // NOLINT: what holds there
    int failure = 1;
    for (bool has_failed = true; has_failed; ++failure) {
        Checked world;
        world.current_id();
        has_failed = stretch(world, failure);
        while (world.turn()) {
        }
        world.let_time_pass(1000);
        const State state = world.ledger.renewals[world.last_id].state;
        if (has_failed && (state == State::busy || (is_redeemed && state == State::later))) {
            print_error("allocation %d: state %d\n", failure, static_cast<int>(state));
            fail();
        }
        assert_int_equal(world.background.size(), 0);
        assert_int_equal(world.http.pending(), 0);
        world.let_it_be_due();
        const auto session = world.come(); // who comes next is served
        assert_true(session == nullptr || session->session.epoch >= 1);
        assert_true(world.refreshes() <= (is_redeemed && session == nullptr ? 1 : 2));
    }
    assert_true(failure > 20);
}

bool has_failed() {
    return std::exchange(until_failure, 0) == 0;
}

void wherever_memory_fails_from_the_lease_to_the_request(void**) {
    fail_each_allocation(false, [](Checked& world, int failure) {
        world.ledger.on_lease = [failure] { until_failure = failure; };
        Checked::Coming coming(world);
        const bool failed = has_failed();
        world.ledger.on_lease = nullptr;
        coming.finish();
        return failed;
    });
}

void wherever_memory_fails_once_the_token_is_redeemed(void**) {
    for (const char* place : {"/token", "/userinfo"}) {
        fail_each_allocation(true, [place](Checked& world, int failure) {
            const auto coming = world.come_until(place);
            auto answer = world.op.answer(world.http.oldest());
            until_failure = failure;
            world.http.answer(std::move(answer));
            const bool failed = has_failed();
            coming->finish();
            return failed;
        });
    }
}

// ---- The lock

void the_lock_is_kept_while_it_lasts_and_released(void**) {
    Checked world;
    world.store->place = "elsewhere";
    const auto coming = world.come_until("/token");
    assert_int_equal(world.store->locks, 1);
    for (int seconds = 0; seconds < 9; ++seconds) {
        world.let_time_pass(1000);
    }
    assert_int_equal(world.store->kept, 3);
    assert_true(world.store->held_for >= 2 * 3000); // one that comes late loses nothing
    assert_int_equal(world.store->unlocks, 0);
    assert_int_equal(coming->end()->session.epoch, 1);
    assert_int_equal(world.store->unlocks, 1);
    world.let_time_pass(60000);
    assert_int_equal(world.store->kept, 3);
    assert_int_equal(world.background.size(), 0);
}

// Without a keeper the lock would run out before the check does, and two nodes would redeem one token.
void rf_03_without_room_for_the_keeper_nothing_is_redeemed(void**) {
    Checked world;
    world.store->place = "elsewhere";
    for (int i = 0; i < 63; ++i) {
        assert_true(world.background.start([](core::Timers& timers) -> core::Task<core::Done> {
            co_await timers.sleep(1000000000);
            co_return core::Done{};
        }(world.timers)));
    }
    assert_int_equal(world.come()->session.epoch, 0);
    assert_int_equal(world.refreshes(), 0);
    assert_int_equal(world.store->unlocks, 1);
    assert_true(world.state() == State::later);
    assert_reported_once(world, "too much is under way already");
}

void without_room_for_the_check_it_is_tried_again(void**) {
    Checked world;
    for (int i = 0; i < 64; ++i) {
        assert_true(world.background.start([](core::Timers& timers) -> core::Task<core::Done> {
            co_await timers.sleep(1000);
            co_return core::Done{};
        }(world.timers)));
    }
    assert_int_equal(world.come()->session.epoch, 0);
    assert_true(world.state() == State::later);
    world.let_time_pass(1000);
    world.let_it_be_due(10);
    assert_int_equal(world.come()->session.epoch, 1);
}

void rf_03_another_node_has_the_lock_and_renews_it(void**) {
    Checked world;
    world.store->place = "elsewhere";
    world.store->is_held_elsewhere = true;
    assert_int_equal(world.come()->session.epoch, 0); // nobody waits for another node
    world.store->loaded = world.renewed_elsewhere();
    assert_false(world.state() == State::done);
    world.let_time_pass(1000);
    assert_int_equal(world.refreshes(), 0);
    assert_int_equal(world.store->unlocks, 0); // it was theirs
    assert_true(world.state() == State::done);
}

void rf_03_who_needs_the_new_token_waits_for_the_other_node(void**) {
    Checked world;
    world.options.keep_tokens = true;
    world.op.token = world.op.token.with("expires_in", "50");
    assert_int_equal(world.come()->session.epoch, 1);
    world.let_it_be_due(50);
    world.store->place = "elsewhere";
    world.store->is_held_elsewhere = true;
    Checked::Coming coming(world);
    assert_false(coming.is_done());
    world.store->loaded = world.renewed_elsewhere();
    assert_text_equal(coming.end()->session.refresh_token, "refresh-of-another-node");
    assert_int_equal(world.refreshes(), 1);
}

void rf_05_another_node_has_the_lock_and_does_not_end(void**) {
    Checked world;
    world.store->place = "elsewhere";
    world.store->is_held_elsewhere = true;
    world.store->on_lock = [&] { world.clock.advance(10); };
    assert_int_equal(world.come()->session.epoch, 0);
    for (int tick = 0; tick < 1000 && world.state() != State::later; ++tick) {
        world.let_time_pass(100);
    }
    assert_int_equal(world.refreshes(), 0);
    assert_true(world.clock.now() < world.ledger.leased_until); // before another worker takes it over
    assert_reported_once(world, "another node is at it and does not end");
}

void rf_05_the_store_does_not_answer(void**) {
    for (bool WatchedStore::* fails : {&WatchedStore::lock_fails, &WatchedStore::load_fails}) {
        Checked world;
        world.store->place = "elsewhere";
        world.store->*fails = true;
        assert_int_equal(world.come()->session.epoch, 0);
        assert_int_equal(world.refreshes(), 0);
        assert_true(world.state() == State::later);
    }
}

// ---- Under the lock

// The state that was read before the lock is not what counts.
void rf_03_what_was_renewed_meanwhile_is_not_redeemed(void**) {
    Checked world;
    world.store->place = "elsewhere";
    world.store->loaded = world.renewed_elsewhere();
    assert_text_equal(world.come()->session.refresh_token, "refresh-of-another-node");
    assert_int_equal(world.refreshes(), 0);
    assert_true(world.state() == State::done);
}

void rf_11_what_was_signed_out_meanwhile_is_not_redeemed(void**) {
    Checked gone;
    gone.store->loaded = session::Loaded{nullptr};
    assert_null(gone.come().get());
    assert_int_equal(gone.refreshes(), 0);
    assert_true(gone.ledger.renewals.begin()->second.state == State::refused);
    Checked revoked;
    const std::string id = revoked.current_id();
    revoked.store->on_lock = [&] { revoked.ledger.revoke(id, revoked.clock.now() + 1000); };
    const auto signed_in_again = revoked.jar;
    assert_null(revoked.come().get());
    assert_true(revoked.jar == signed_in_again); // the sign-out has deleted the cookie
    assert_int_equal(revoked.refreshes(), 0);
    assert_true(revoked.ledger.renewals[id].state == State::refused); // the lease is nobody's any more
}

void rf_04_a_refusal_does_not_end_what_somebody_else_has_renewed(void**) {
    Checked world;
    world.store->place = "elsewhere";
    world.op.instead.emplace("/token", unit::json_response("{\"error\":\"invalid_grant\"}", 400));
    const auto coming = world.come_until("/token");
    world.store->loaded = world.renewed_elsewhere();
    assert_text_equal(coming->end()->session.refresh_token, "refresh-of-another-node");
    assert_int_equal(world.store->erases, 0);
    assert_true(world.reported.empty());
}

void rf_04_a_refusal_ends_it_in_its_store(void**) {
    Checked world;
    world.store->place = "elsewhere";
    world.op.instead.emplace("/token", unit::json_response("{\"error\":\"invalid_grant\"}", 400));
    assert_null(world.come().get());
    assert_int_equal(world.store->erases, 1);
    assert_reported_once(world, "has ended session ");
    Checked silent;
    silent.store->place = "elsewhere";
    silent.store->erase_fails = true;
    silent.op.instead.emplace("/token", unit::json_response("{\"error\":\"invalid_grant\"}", 400));
    assert_non_null(silent.come().get()); // it has not ended, and that is tried again
    assert_true(silent.state() == State::later);
}

// ---- Saving

void rf_01_saving_is_tried_three_times(void**) {
    Checked world;
    for (int i = 0; i < 2; ++i) {
        world.store->replaced.emplace_back(WatchedStore::unavailable());
    }
    assert_int_equal(world.come()->session.epoch, 1);
    assert_int_equal(world.store->replaces, 3);
}

void rf_01_what_cannot_be_saved_is_given_back(void**) {
    Checked world;
    for (int i = 0; i < 3; ++i) {
        world.store->replaced.emplace_back(WatchedStore::unavailable());
    }
    assert_int_equal(world.come()->session.epoch, 0);
    while (world.turn()) {
    }
    assert_int_equal(world.store->replaces, 3);
    assert_true(world.state() == State::later);
    assert_int_equal(world.http.count("/revoke"), 1);
    assert_true(world.http.sent.back().body.find("refresh-2") != std::string::npos);
}

void rf_02_what_the_session_still_has_is_not_given_back(void**) {
    Checked world;
    world.op.token = world.op.token.with("refresh_token", "\"refresh-1\""); // not rotated
    for (int i = 0; i < 3; ++i) {
        world.store->replaced.emplace_back(WatchedStore::unavailable());
    }
    assert_int_equal(world.come()->session.epoch, 0);
    while (world.turn()) {
    }
    assert_int_equal(world.http.count("/revoke"), 0);
}

void rf_02_nor_is_the_access_token_that_asks(void**) {
    Checked world;
    world.let_it_be_due(-Checked::interval);
    world.op.token = {{"access_token", "\"access-1\""}, {"token_type", "\"Bearer\""}};
    world.sign_in_as("user-1");
    world.let_it_be_due();
    for (int i = 0; i < 3; ++i) {
        world.store->replaced.emplace_back(WatchedStore::unavailable());
    }
    assert_int_equal(world.come()->session.epoch, 0);
    while (world.turn()) {
    }
    assert_int_equal(world.store->replaces, 3);
    assert_int_equal(world.http.count("/revoke"), 0);
}

// A reload or a stop waits for it: a token that is spent and not saved would be lost.
void rf_12_the_process_stays_until_it_has_ended(void**) {
    Checked world;
    auto coming = world.come_until("/token");
    coming.reset(); // the client has left
    assert_true(world.attended);
    while (world.turn()) {
    }
    assert_int_equal(world.store->replaces, 1);
    assert_false(world.attended);
    assert_int_equal(world.come()->session.epoch, 1);
    assert_int_equal(world.refreshes(), 1);
}

// Who waited is told of the end in the next turn of the event loop, and until then has not been served.
void rf_12_the_process_stays_until_who_waited_is_served(void**) {
    Checked world;
    const auto coming = world.come_until("/userinfo");
    world.http.answer(world.op.answer(world.http.oldest()));
    assert_int_equal(world.background.size(), 0);
    assert_false(coming->is_over());
    assert_true(world.attended);
    assert_int_equal(coming->end()->session.epoch, 1);
    assert_false(world.attended);
}

void rf_11_gone_while_it_was_saved(void**) {
    Checked world;
    world.store->replaced.emplace_back(Replaced{Replaced::Outcome::gone, {}, {}});
    world.current_id();
    const auto signed_in_again = world.jar;
    assert_null(world.come().get());
    assert_true(world.jar == signed_in_again);
    while (world.turn()) {
    }
    assert_int_equal(world.http.count("/revoke"), 1);
    assert_true(world.ledger.renewals[world.last_id].state == State::refused);
}

void rf_03_newer_when_it_was_saved(void**) {
    Checked world;
    world.store->place = "elsewhere";
    world.store->replaced.emplace_back(Replaced{Replaced::Outcome::newer, world.renewed_elsewhere(), {}});
    assert_text_equal(world.come()->session.refresh_token, "refresh-of-another-node");
    assert_true(world.state() == State::done);
}

void a_session_that_grew_is_cut_and_then_ended(void**) {
    Checked cut;
    cut.come(); // the hint for the sign-out is not kept by this store
    Checked world;
    world.store->replaced.emplace_back(WatchedStore::too_large());
    const auto renewed = world.come(); // what no rule names was left out
    assert_int_equal(renewed->session.epoch, 1);
    assert_int_equal(world.store->replaces, 2);
    Checked ended;
    for (int i = 0; i < 4; ++i) {
        ended.store->replaced.emplace_back(WatchedStore::too_large());
    }
    assert_null(ended.come().get());
    assert_true(ended.store->replaces <= 3); // it will not fit the next time either
    assert_reported_once(ended, "the session is too large");
    while (ended.turn()) {
    }
    assert_int_equal(ended.http.count("/revoke"), 1);
}

// ---- The others

void rf_03_who_comes_meanwhile_goes_on_with_what_there_is(void**) {
    Checked world;
    const auto coming = world.come_until("/token");
    Checked::Coming other(world);
    world.ready.run();
    assert_int_equal(world.refreshes(), 1);
    assert_int_equal(world.http.pending(), 1);
    assert_int_equal(other.end()->session.epoch, 0); // it did not need the answer
    assert_int_equal(coming->end()->session.epoch, 1);
    assert_int_equal(world.refreshes(), 1);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(no_memory_before_the_token_is_redeemed_is_an_outage),
        cmocka_unit_test(rf_04_no_memory_after_the_token_was_redeemed_ends_the_session),
        cmocka_unit_test(no_memory_at_userinfo_is_after_it_was_redeemed),
        cmocka_unit_test(no_memory_for_the_end_either),
        cmocka_unit_test(no_memory_and_a_store_that_does_not_answer),
        cmocka_unit_test(rf_04_no_memory_for_what_somebody_else_has_renewed),
        cmocka_unit_test(no_memory_where_the_access_token_asks_is_an_outage),
        cmocka_unit_test(wherever_memory_fails_from_the_lease_to_the_request),
        cmocka_unit_test(wherever_memory_fails_once_the_token_is_redeemed),
        cmocka_unit_test(the_lock_is_kept_while_it_lasts_and_released),
        cmocka_unit_test(rf_03_without_room_for_the_keeper_nothing_is_redeemed),
        cmocka_unit_test(without_room_for_the_check_it_is_tried_again),
        cmocka_unit_test(rf_03_another_node_has_the_lock_and_renews_it),
        cmocka_unit_test(rf_03_who_needs_the_new_token_waits_for_the_other_node),
        cmocka_unit_test(rf_05_another_node_has_the_lock_and_does_not_end),
        cmocka_unit_test(rf_05_the_store_does_not_answer),
        cmocka_unit_test(rf_03_what_was_renewed_meanwhile_is_not_redeemed),
        cmocka_unit_test(rf_11_what_was_signed_out_meanwhile_is_not_redeemed),
        cmocka_unit_test(rf_04_a_refusal_does_not_end_what_somebody_else_has_renewed),
        cmocka_unit_test(rf_04_a_refusal_ends_it_in_its_store),
        cmocka_unit_test(rf_01_saving_is_tried_three_times),
        cmocka_unit_test(rf_01_what_cannot_be_saved_is_given_back),
        cmocka_unit_test(rf_02_what_the_session_still_has_is_not_given_back),
        cmocka_unit_test(rf_02_nor_is_the_access_token_that_asks),
        cmocka_unit_test(rf_12_the_process_stays_until_it_has_ended),
        cmocka_unit_test(rf_12_the_process_stays_until_who_waited_is_served),
        cmocka_unit_test(rf_11_gone_while_it_was_saved),
        cmocka_unit_test(rf_03_newer_when_it_was_saved),
        cmocka_unit_test(a_session_that_grew_is_cut_and_then_ended),
        cmocka_unit_test(rf_03_who_comes_meanwhile_goes_on_with_what_there_is),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
