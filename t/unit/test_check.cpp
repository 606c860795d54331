// SPDX-License-Identifier: MIT
// The user of a session is asked for again: one check for an epoch, whoever comes, and what it leads to.
// RF-03, RF-04, RF-05, RF-11, RF-12.
#include "../../src/flow/check.hpp"
#include "../../src/flow/upkeep.hpp"
#include "flow_world.hpp"

using namespace oauth;
using unit::quoted;
using unit::World;

namespace {

constexpr std::int64_t interval = 100;

struct Checked : World {
    Checked() {
        options.refresh = interval;
        op.token = op.token.with("refresh_token", "\"refresh-1\"");
        sign_in_as("user-1");
        http.sent.clear();
        op.token = op.token.with("refresh_token", "\"refresh-2\"");
        let_it_be_due();
    }

    void let_it_be_due(std::int64_t seconds = interval) {
        clock.advance(seconds);
        ledger.now = clock.now();
        op.claims =
            op.claims.with("iat", std::to_string(clock.now())).with("exp", std::to_string(clock.now() + 300));
    }

    // One request of the browser: the session that it has afterwards.
    session::OpenedSessionPointer come() {
        flow::Visitor browser = visitor();
        std::optional<core::Status> looked_up;
        core::Flow<core::Status> flow(
            look(browser),
            [&](std::optional<core::Status> status, std::exception_ptr) { looked_up = std::move(status); });
        flow.start();
        while (!looked_up && turn()) {
        }
        assert_true(looked_up.has_value() && looked_up->ok());
        web::Answer answer;
        answer.set_cookies = browser.cookies();
        keep_cookies(answer);
        return browser.session();
    }

    std::size_t refreshes() const { return http.count("/token"); }

private:
    static core::Task<core::Status> look(flow::Visitor& visitor) {
        const core::Status looked_up = co_await visitor.look_up();
        co_return looked_up ? co_await visitor.attend() : looked_up;
    }
};

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

void rf_11_who_has_signed_out_meanwhile_is_not_brought_back(void**) {
    Checked world;
    const std::string id = world.current()->session.id;
    flow::Visitor browser = world.visitor();
    std::optional<core::Status> ended;
    core::Flow<core::Status> flow(
        [](flow::Visitor& visitor) -> core::Task<core::Status> {
            static_cast<void>(co_await visitor.look_up());
            co_return co_await visitor.attend();
        }(browser),
        [&](std::optional<core::Status> status, std::exception_ptr) { ended = std::move(status); });
    flow.start();
    while (world.http.pending() == 0 || !world.http.oldest().url.ends_with("/token")) {
        assert_true(world.turn());
    }
    world.ledger.revoke(id, world.clock.now() + 1000);
    while (!ended && world.turn()) {
    }
    assert_true(ended && ended->ok());
    assert_null(browser.session().get());
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
        cmocka_unit_test(rf_11_who_has_signed_out_meanwhile_is_not_brought_back),
        cmocka_unit_test(without_room_nobody_asks),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
