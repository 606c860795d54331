// SPDX-License-Identifier: MIT
// The user of a session is asked for again: one check for an epoch, whoever comes, and what it leads to.
// RF-03, RF-04, RF-05, RF-11, RF-12.
#include "../../src/flow/check.hpp"
#include "../../src/flow/upkeep.hpp"
#include "checked_world.hpp"

using namespace oauth;
using unit::Checked;
using unit::quote;

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
    assert_int_equal(world.store->erases, 0); // an epoch later, as of another node, would end with it
    world.jar = former;
    assert_null(world.come().get());
    assert_int_equal(world.refreshes(), 1);
}

// A client without a jar, or a page on which no cookie can be written: what its cookie leads to is checked.
void rf_10_who_keeps_the_former_cookie_is_asked_for_again(void**) {
    Checked world;
    const auto first = world.jar;
    assert_int_equal(world.come()->session.epoch, 1);
    world.let_it_be_due();
    world.jar = first;
    assert_int_equal(world.come()->session.epoch, 2);
    assert_int_equal(world.refreshes(), 2);
    world.jar = first;
    assert_int_equal(world.come()->session.epoch, 2);
    assert_int_equal(world.refreshes(), 2);
    world.let_it_be_due();
    world.op.instead.emplace("/token", unit::unreachable());
    world.jar = first;
    assert_int_equal(world.come()->session.epoch, 2);
    assert_true(world.jar != first); // it gets the newest cookie all the same
    world.let_it_be_due();
    world.op.instead.clear();
    world.op.instead.emplace("/token", unit::json_response("{\"error\":\"invalid_grant\"}", 400));
    for (int i = 0; i < 3; ++i) {
        world.jar = first;
        assert_null(world.come().get());
    }
    assert_int_equal(world.refreshes(), 4);
}

// One that the store has lost would never be checked again.
void rf_03_a_session_that_is_still_the_former_one_has_ended(void**) {
    Checked world;
    const auto former = world.jar;
    world.come();
    world.jar = former;
    world.store->place = "elsewhere";
    world.store->taken_over = session::Loaded{world.current()};
    assert_int_equal(world.current()->session.epoch, 0);
    assert_null(world.come().get());
    assert_int_equal(world.store->erases, 1);
    assert_int_equal(world.refreshes(), 1);
    assert_true(world.reported.back().find("has ended: the store has lost what its refresh token") !=
                std::string::npos);
    world.jar = former;
    world.store->erase_fails = true;
    Checked::Coming(world).finish(); // 503
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
// Until then a request costs what it always costs.
void rf_05_nobody_looks_again_before_the_time(void**) {
    Checked world;
    world.op.instead.emplace("/token", unit::unreachable());
    world.come();
    for (const std::int64_t passed : {0, 9}) {
        world.let_it_be_due(passed);
        world.come(); // learns of the time, where it is not said yet
        flow::Visitor browser = world.visitor();
        assert_true(browser.is_known());
        assert_false(browser.is_due());
    }
    world.let_it_be_due(1);
    flow::Visitor browser = world.visitor();
    assert_true(browser.is_known());
    assert_true(browser.is_due());
}

// Not even to hear that it is too early.
void rf_05_a_worker_that_has_the_session_knows_that_at_once(void**) {
    Checked world;
    world.let_it_be_due(-Checked::interval);
    world.come();
    world.come();
    world.let_it_be_due();
    world.op.instead.emplace("/token", unit::unreachable());
    world.come();
    flow::Visitor browser = world.visitor();
    assert_true(browser.is_known());
    assert_false(browser.is_due());
}

// A refresh that brings none leaves the one of the sign-in for the sign-out.
void lo_02_the_id_token_stays_where_none_comes(void**) {
    Checked world;
    world.options.keep_tokens = true;
    world.sign_in();
    const std::string id_token = world.id_token();
    assert_true(id_token.starts_with("ey"));
    world.op.gives_id_token = false;
    world.let_it_be_due();
    assert_int_equal(world.come()->session.epoch, 1);
    assert_text_equal(world.id_token(), id_token);
    world.op.gives_id_token = true;
    world.let_it_be_due();
    assert_int_equal(world.come()->session.epoch, 2);
    assert_true(world.id_token().starts_with("ey") && world.id_token() != id_token);
}

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
    constexpr std::int64_t interval = 20; // sooner than the same would be told again
    world.options.refresh = interval;
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
    world.let_it_be_due(interval);
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
    world.let_it_be_due(-5000); // and the one that has it open
    const auto newest = world.jar;
    assert_int_equal(world.come()->session.epoch, 2);
    assert_int_equal(world.come()->session.epoch, 2);
    assert_int_equal(world.refreshes(), 2);
    std::uint64_t epoch = 2;
    for (const std::int64_t back : {5000, 100}) { // and whoever is led to it
        for (int i = 0; i < 2; ++i) {
            world.jar = newest;
            assert_int_equal(world.come()->session.epoch, epoch);
        }
        world.let_it_be_due(-back);
        world.jar = newest;
        assert_int_equal(world.come()->session.epoch, ++epoch);
        assert_int_equal(world.refreshes(), epoch);
    }
}

void rf_11_who_has_signed_out_meanwhile_is_not_brought_back(void**) {
    Checked world;
    const std::string id = world.current()->session.id;
    const auto coming = world.come_until("/token");
    world.ledger.revoke(id, world.clock.now() + 1000);
    const auto signed_in_again = world.jar;
    assert_null(coming->end().get());
    assert_true(world.jar == signed_in_again);
}

// Told when it happens (SC-11), and not by a browser that drops the cookie.
void rf_11_nor_where_the_provider_is_away(void**) {
    Checked world;
    const std::string id = world.current_id();
    world.op.instead.emplace("/token", unit::unreachable());
    const auto coming = world.come_until("/token");
    world.ledger.revoke(id, world.clock.now() + 1000);
    assert_null(coming->end().get());
}

void sc_11_a_refresh_that_makes_it_too_large_ends_it(void**) {
    Checked world;
    world.current_id();
    world.options.keep_tokens = true;
    world.op.token = world.op.token.with("access_token", quote(std::string(9000, 'a')));
    assert_null(world.come().get());
    assert_true(world.jar.count(world.session_name()) == 0);
    assert_int_equal(world.reported.size(), 1);
    assert_true(world.reported[0].find("use \"oauth_session shared\"") != std::string::npos);
    assert_true(world.state() == session::Lease::State::refused);
}

// Groups that no rule names go before the session does.
void sc_11_what_no_rule_names_is_left_out_first(void**) {
    Checked world;
    world.needs.add("group");
    std::string groups;
    for (int i = 0; i < 400; ++i) {
        groups += (groups.empty() ? "" : ",") + quote("group-of-the-directory-" + std::to_string(i));
    }
    world.op.claims = world.op.claims.with("groups", "[" + groups + "]");
    const auto renewed = world.come();
    assert_int_equal(renewed->session.epoch, 1);
    assert_true(renewed->session.groups_are_cut);
    assert_int_equal(renewed->session.identity.groups->size(), 0);
}

void rf_03_who_needs_the_new_token_waits_for_it(void**) {
    Checked world;
    world.options.keep_tokens = true;
    world.op.token = world.op.token.with("expires_in", "50");
    assert_int_equal(world.come()->session.epoch, 1);
    world.let_it_be_due(50); // the access token has ended, long before the interval
    const auto first = world.come_until("/token");
    Checked::Coming second(world);
    world.let_time_pass(1000);
    assert_int_equal(world.refreshes(), 2);
    assert_int_equal(first->end()->session.epoch, 2);
    assert_int_equal(second.end()->session.epoch, 2);
    assert_int_equal(world.refreshes(), 2);
}

// The one who has the lease is another worker.
void rf_12_the_process_stays_for_who_waits_for_another_worker(void**) {
    Checked world;
    world.options.keep_tokens = true;
    world.op.token = world.op.token.with("expires_in", "50");
    assert_int_equal(world.come()->session.epoch, 1);
    world.let_it_be_due(50);
    auto& lease = world.ledger.renewals[world.current_id()];
    lease = {};
    lease.is_used = true;
    lease.epoch = 1;
    Checked::Coming waiting(world);
    assert_false(waiting.is_done());
    assert_true(world.attended);
    assert_int_equal(world.refreshes(), 1);
    lease.state = session::Lease::State::refused;
    assert_null(waiting.end().get());
    assert_false(world.attended);
}

void nobody_waits_for_a_token_that_cannot_come(void**) {
    Checked world;
    world.options.keep_tokens = true;
    world.let_it_be_due(-Checked::interval);
    world.op.token =
        unit::Object{{"access_token", "\"access-1\""}, {"token_type", "\"Bearer\""}, {"expires_in", "1"}};
    world.sign_in_as("user-1");
    world.let_it_be_due();
    const auto first = world.come_until("/userinfo");
    Checked::Coming second(world);
    world.ready.run();
    assert_int_equal(world.http.pending(), 1);
    assert_true(second.is_over());
    first->finish();
}

// One that never lasts does not have the provider asked at each request.
void an_access_token_that_has_no_lifetime_is_renewed_seldom(void**) {
    Checked world;
    world.options.keep_tokens = true;
    world.op.token = world.op.token.with("expires_in", "0");
    assert_int_equal(world.come()->session.epoch, 1);
    world.let_it_be_due(4);
    assert_int_equal(world.come()->session.epoch, 1);
    world.let_it_be_due(1);
    assert_int_equal(world.come()->session.epoch, 2);
}

void without_a_refresh_token_the_end_of_the_access_token_makes_nothing_due(void**) {
    Checked world;
    session::Session session;
    session.checked_at = world.clock.now();
    session.access_expires_at = world.clock.now() + 10;
    session.refresh_token = "refresh";
    world.options.keep_tokens = true;
    assert_int_equal(flow::check_due_at(world.site, session), world.clock.now() + 10);
    world.options.keep_tokens = false; // it goes nowhere
    assert_int_equal(flow::check_due_at(world.site, session), world.clock.now() + Checked::interval);
    world.options.keep_tokens = true;
    session.refresh_token.clear();
    assert_int_equal(flow::check_due_at(world.site, session), world.clock.now() + Checked::interval);
    world.options.refresh = 0;
    assert_true(flow::check_due_at(world.site, session) > world.clock.now() + 1000000000);
}

void rf_04_what_leads_on_is_known_no_more(void**) {
    Checked world;
    const auto former = world.jar;
    world.come();
    world.ledger.renewals[world.current_id()].handover.clear();
    world.jar = former;
    assert_null(world.come().get());
    assert_true(world.jar == former); // it may be a newer one's by now, which is not deleted
    assert_int_equal(world.refreshes(), 1);
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
        cmocka_unit_test(rf_10_who_keeps_the_former_cookie_is_asked_for_again),
        cmocka_unit_test(rf_03_a_session_that_is_still_the_former_one_has_ended),
        cmocka_unit_test(rf_05_an_outage_ends_nothing_and_is_tried_again_later),
        cmocka_unit_test(rf_05_nobody_looks_again_before_the_time),
        cmocka_unit_test(rf_05_a_worker_that_has_the_session_knows_that_at_once),
        cmocka_unit_test(lo_02_the_id_token_stays_where_none_comes),
        cmocka_unit_test(rf_01_new_tokens_are_kept_where_no_more_could_be_learnt),
        cmocka_unit_test(rf_05_the_pause_doubles_though_each_attempt_gives_new_tokens),
        cmocka_unit_test(rf_05_the_session_itself_says_when_it_is_due),
        cmocka_unit_test(rf_05_an_outage_is_told_once_for_all_sessions),
        cmocka_unit_test(sc_16_a_clock_that_was_set_back_does_not_put_a_check_off),
        cmocka_unit_test(rf_11_who_has_signed_out_meanwhile_is_not_brought_back),
        cmocka_unit_test(rf_11_nor_where_the_provider_is_away),
        cmocka_unit_test(sc_11_a_refresh_that_makes_it_too_large_ends_it),
        cmocka_unit_test(sc_11_what_no_rule_names_is_left_out_first),
        cmocka_unit_test(rf_03_who_needs_the_new_token_waits_for_it),
        cmocka_unit_test(rf_12_the_process_stays_for_who_waits_for_another_worker),
        cmocka_unit_test(nobody_waits_for_a_token_that_cannot_come),
        cmocka_unit_test(an_access_token_that_has_no_lifetime_is_renewed_seldom),
        cmocka_unit_test(without_a_refresh_token_the_end_of_the_access_token_makes_nothing_due),
        cmocka_unit_test(rf_04_what_leads_on_is_known_no_more),
        cmocka_unit_test(without_room_nobody_asks),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
