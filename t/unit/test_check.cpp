// SPDX-License-Identifier: MIT
// The user of a session is asked for again: one check for an epoch, whoever comes, and what it leads to.
// RF-03, RF-04, RF-05, RF-11, RF-12.
#include "../../src/flow/check.hpp"
#include "../../src/flow/upkeep.hpp"
#include "checked_world.hpp"

using namespace oauth;
using unit::Checked;
using unit::quoted;

namespace {

void rf_03_one_check_leads_all_to_the_next_epoch(void**) {
    Checked world;
    const auto former = world.jar;
    const auto renewed = world.come();
    assert_int_equal(renewed->session.epoch, 1);
    assert_text_equal(renewed->session.refresh_token, "refresh-2");
    assert_int_equal(world.refreshes(), 1);
    const auto newer = world.jar;
    world.jar = former; // another tab, and a client whose answer was lost
    assert_int_equal(world.come()->session.epoch, 1);
    assert_true(world.jar == newer);
    assert_int_equal(world.refreshes(), 1);
}

void rf_12_the_cookie_before_is_kept_until_the_new_one_was_seen(void**) {
    Checked world;
    world.come();
    assert_true(world.ledger.seen.empty());
    world.come();
    world.come();
    assert_true(world.ledger.seen == std::vector<std::uint64_t>{1});
}

void rf_04_a_refusal_ends_that_epoch(void**) {
    Checked world;
    const auto former = world.jar;
    world.op.instead.emplace("/token", unit::json_response("{\"error\":\"invalid_grant\"}", 400));
    assert_null(world.come().get());
    assert_false(world.jar.contains(world.session_name()));
    world.jar = former;
    assert_null(world.come().get());
    assert_int_equal(world.refreshes(), 1);
}

void rf_05_an_outage_ends_nothing_and_is_tried_again_later(void**) {
    Checked world;
    world.op.instead.emplace("/token", unit::unreachable());
    assert_int_equal(world.come()->session.epoch, 0);
    world.let_it_be_due(9);
    assert_non_null(world.come().get());
    assert_int_equal(world.refreshes(), 1);
    world.let_it_be_due(1);
    assert_non_null(world.come().get());
    assert_int_equal(world.refreshes(), 2);
    world.op.instead.clear();
    world.let_it_be_due(19);
    assert_int_equal(world.come()->session.epoch, 0);
    world.let_it_be_due(1);
    assert_int_equal(world.come()->session.epoch, 1);
}

// The provider has given new tokens, and then did not say who that is: the old ones are spent.
void rf_01_new_tokens_are_kept_where_no_more_could_be_learnt(void**) {
    Checked world;
    world.op.instead.emplace("/userinfo", unit::unreachable());
    const auto renewed = world.come();
    assert_int_equal(renewed->session.epoch, 1);
    assert_text_equal(renewed->session.refresh_token, "refresh-2");
    world.op.instead.clear();
    world.let_it_be_due(10);
    assert_int_equal(world.come()->session.epoch, 2);
}

void rf_05_the_pause_doubles_though_each_attempt_gives_new_tokens(void**) {
    Checked world;
    world.op.instead.emplace("/userinfo", unit::unreachable());
    std::uint64_t epoch = 0;
    for (const std::int64_t pause : {10, 20, 40, 80, 160, 300, 300}) {
        assert_int_equal(world.come()->session.epoch, ++epoch);
        assert_int_equal(world.refreshes(), epoch);
        world.let_it_be_due(pause - 1);
        assert_int_equal(world.come()->session.epoch, epoch);
        assert_int_equal(world.refreshes(), epoch);
        world.let_it_be_due(1);
    }
    world.op.instead.clear();
    assert_int_equal(world.come()->session.epoch, ++epoch);
    world.let_it_be_due(Checked::interval - 1); // all is well, so the interval counts
    assert_int_equal(world.come()->session.epoch, epoch);
    world.op.instead.emplace("/userinfo", unit::unreachable());
    world.let_it_be_due(1);
    assert_int_equal(world.come()->session.epoch, ++epoch);
    world.let_it_be_due(10); // from the beginning
    assert_int_equal(world.come()->session.epoch, ++epoch);
}

// Another node knows nothing of the failures, but when the session is due.
void rf_05_the_session_itself_says_when_it_is_due(void**) {
    Checked world;
    world.op.instead.emplace("/userinfo", unit::unreachable());
    for (const std::int64_t pause : {10, 20, 40}) {
        const auto renewed = world.come();
        assert_int_equal(flow::check_due_at(world.site, renewed->session), world.clock.now() + pause);
        world.let_it_be_due(pause);
    }
}

void rf_05_an_outage_is_told_once_for_all_sessions(void**) {
    Checked world;
    world.op.instead.emplace("/token", unit::unreachable());
    for (int i = 0; i < 5; ++i) {
        assert_non_null(world.come().get());
        world.ledger.renewals.clear();
        world.let_it_be_due(2);
    }
    assert_int_equal(world.refreshes(), 5);
    assert_int_equal(world.reported.size(), 1);
    world.op.instead.clear();
    assert_non_null(world.come().get());
    world.op.instead.emplace("/token", unit::unreachable());
    world.let_it_be_due();
    assert_non_null(world.come().get());
    assert_int_equal(world.reported.size(), 2);
    assert_true(world.reported[1].find("(and 4 times more") != std::string::npos);
}

void sc_16_a_clock_that_was_set_back_does_not_put_a_check_off(void**) {
    Checked world;
    session::Session session;
    const std::int64_t now = world.clock.now();
    for (const std::int64_t ahead : {0, 1, 60}) { // as another node's clock may be
        session.checked_at = now + ahead;
        assert_int_equal(flow::check_due_at(world.site, session), now + Checked::interval);
    }
    session.checked_at = now + 61;
    assert_int_equal(flow::check_due_at(world.site, session), now);
    world.let_it_be_due(-5000);
    world.sessions = session::SessionCache(7, 16); // another worker
    assert_int_equal(world.come()->session.epoch, 1);
    assert_int_equal(world.come()->session.epoch, 1);
    assert_int_equal(world.refreshes(), 1);
}

void rf_11_who_has_signed_out_meanwhile_is_not_brought_back(void**) {
    Checked world;
    const std::string id = world.current()->session.id;
    const auto coming = world.come_until("/token");
    world.ledger.revoke(id, world.clock.now() + 1000);
    assert_null(coming->end().get());
}

void without_room_nobody_asks(void**) {
    Checked world;
    world.ledger.no_room_for_leases = true;
    assert_int_equal(world.come()->session.epoch, 0);
    assert_int_equal(world.refreshes(), 0);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(rf_03_one_check_leads_all_to_the_next_epoch),
        cmocka_unit_test(rf_12_the_cookie_before_is_kept_until_the_new_one_was_seen),
        cmocka_unit_test(rf_04_a_refusal_ends_that_epoch),
        cmocka_unit_test(rf_05_an_outage_ends_nothing_and_is_tried_again_later),
        cmocka_unit_test(rf_01_new_tokens_are_kept_where_no_more_could_be_learnt),
        cmocka_unit_test(rf_05_the_pause_doubles_though_each_attempt_gives_new_tokens),
        cmocka_unit_test(rf_05_the_session_itself_says_when_it_is_due),
        cmocka_unit_test(rf_05_an_outage_is_told_once_for_all_sessions),
        cmocka_unit_test(sc_16_a_clock_that_was_set_back_does_not_put_a_check_off),
        cmocka_unit_test(rf_11_who_has_signed_out_meanwhile_is_not_brought_back),
        cmocka_unit_test(without_room_nobody_asks),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
