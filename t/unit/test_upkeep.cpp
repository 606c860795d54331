// SPDX-License-Identifier: MIT
// Idle time: exact to the second, written down at most once in a tenth of it, and no clock that jumps makes a
// session longer than its lifetime. What a check and the idle time write is one cookie. SC-16.
#include "../../src/flow/upkeep.hpp"
#include "checked_world.hpp"

#include <set>

using namespace oauth;
using unit::World;

namespace {

constexpr std::int64_t idle = 100;

struct Idle : World {
    Idle() {
        options.session_idle = idle;
        options.session_lifetime = 1000;
        sign_in_as("user-1");
    }

    // One request of the browser. False: it has no session.
    bool come() {
        flow::Visitor browser = visitor();
        std::optional<core::Status> attended;
        core::Flow<core::Status> flow(browser.attend(), [&](std::optional<core::Status> status,
                                                            std::exception_ptr) { attended = status; });
        assert_true(browser.is_known());
        flow.start();
        while (!attended && turn()) {
        }
        written += browser.cookies().size();
        web::Answer answer;
        answer.set_cookies = browser.cookies();
        keep_cookies(answer);
        return browser.session() != nullptr;
    }

    std::size_t written = 0; // Set-Cookie values
};

void sc_16_it_ends_to_the_second(void**) {
    Idle world;
    world.clock.advance(idle - 1);
    const auto former = world.jar;
    assert_true(world.come());
    world.jar = former; // that was not used since
    world.clock.advance(1);
    assert_false(world.come());
}

void it_is_written_down_once_in_a_tenth(void**) {
    Idle world;
    for (int second = 1; second <= 100; ++second) {
        world.clock.advance(1);
        assert_true(world.come());
    }
    assert_int_equal(world.written, 10);
}

void sc_16_use_does_not_make_the_lifetime_longer(void**) {
    Idle world;
    for (int i = 0; i < 19; ++i) {
        world.clock.advance(50);
        assert_true(world.come());
    }
    world.clock.advance(49);
    assert_true(world.come());
    world.clock.advance(1);
    assert_false(world.come());
}

void sc_16_a_clock_that_jumps(void**) {
    Idle world;
    world.clock.advance(-500);
    assert_true(world.come());
    world.clock.advance(500 + idle);
    assert_false(world.come());
    Idle other;
    other.clock.advance(1000000);
    assert_false(other.come());
    other.clock.advance(-1000000);
    assert_true(other.come()); // nothing was written down
}

// When it was used is a moment that has not come yet: from its next use on it is known again.
void sc_16_the_idle_time_is_not_made_longer_by_a_clock_that_is_set_back(void**) {
    for (const std::int64_t back : {500, 30}) {
        Idle world;
        world.clock.put(-back);
        assert_true(world.come());
        assert_int_equal(world.written, back == 500 ? 1 : 0); // as far as clocks of nodes may differ
        world.clock.advance(back == 500 ? idle - 1 : idle + back - 1);
        const auto former = world.jar;
        assert_true(world.come());
        world.jar = former;
        world.clock.advance(1);
        assert_false(world.come());
    }
}

// The record of a store goes when the idle time is over, however long the check takes that a request waits
// for.
void rf_01_a_request_in_time_is_noted_before_its_check(void**) {
    for (const bool is_in_a_store : {true, false}) {
        unit::Checked world;
        world.store->place = is_in_a_store ? "place" : "";
        world.options.session_idle = 2 * unit::Checked::interval;
        std::int64_t noted = 0;
        world.store->on_lock = [&] { noted = world.store->touches; };
        const auto renewed = world.come();
        assert_int_equal(noted, is_in_a_store ? 1 : 0);
        assert_int_equal(world.store->touches, 1);
        assert_int_equal(renewed->session.epoch, 1);
        assert_int_equal(renewed->session.used_at, world.clock.now());
    }
}

void a_shorter_idle_time_holds_at_once(void**) {
    Idle world;
    world.clock.advance(9);
    world.options.session_idle = 5;
    for (int i = 0; i < 2; ++i) {
        world.sessions = session::SessionCache(7, 16); // of another configuration
        assert_false(world.come());
    }
}

void sc_16_a_shorter_lifetime_holds_at_once(void**) {
    Idle world;
    world.clock.advance(49);
    world.options.session_lifetime = 50;
    world.sessions = session::SessionCache(7, 16);
    assert_true(world.come());
    world.clock.advance(1);
    assert_false(world.come());
}

void without_idle_time_nothing_is_due(void**) {
    World world;
    world.sign_in_as("user-1");
    flow::Visitor browser = world.visitor();
    assert_true(browser.is_known());
    assert_false(browser.is_due());
}

std::set<std::string> names_of(const std::vector<std::string>& cookies) {
    std::set<std::string> names;
    for (const std::string& cookie : cookies) {
        names.insert(cookie.substr(0, cookie.find('=')));
    }
    return names;
}

// A check and the idle time are due at once: of two cookies of one name browsers keep any.
void rf_01_one_answer_sets_a_cookie_once(void**) {
    for (const std::size_t size : {10, 4000}) { // of several parts
        unit::Checked world;
        world.options.session_idle = 10 * unit::Checked::interval;
        world.options.keep_tokens = true;
        world.op.token = world.op.token.with("access_token", unit::quote(std::string(size, 'a')));
        unit::Checked::Coming coming(world);
        const auto renewed = coming.end();
        assert_int_equal(renewed->session.epoch, 1);
        assert_int_equal(renewed->session.used_at, world.clock.now());
        assert_int_equal(names_of(coming.cookies()).size(), coming.cookies().size());
        assert_int_equal(coming.cookies().size() > 1, size >= 4000);
        world.sessions = session::SessionCache(7, 16);
        const auto kept = world.current(); // what the browser has is the last word of both
        assert_int_equal(kept->session.epoch, 1);
        assert_int_equal(kept->session.used_at, world.clock.now());
        assert_int_equal(kept->session.access_token.size(), size);
    }
}

// The former cookie had parts that the new one has not.
// What an answer sets that the application has held back for a while.
void rf_12_what_a_late_answer_sets(void**) {
    unit::Checked world;
    world.options.session_idle = 10 * unit::Checked::interval;
    world.ledger.no_room_for_leases = true; // not yet checked, but used
    unit::Checked::Coming slow(world);
    const auto used = slow.end();
    assert_int_equal(used->session.epoch, 0);
    assert_int_equal(slow.cookies().size(), 1);
    assert_false(slow.visitor().cookies_by_now().has_value());
    world.ledger.no_room_for_leases = false;
    world.let_it_be_due();
    assert_int_equal(world.come()->session.epoch, 1);
    const auto newer = slow.visitor().cookies_by_now();
    assert_true(newer && newer->size() == 1 && newer->front() != slow.cookies().front());
    web::Answer late;
    late.set_cookies = *newer;
    world.keep_cookies(late);
    assert_int_equal(world.current()->session.epoch, 1);
    world.ledger.renewals[world.current_id()].handover.clear();
    assert_true(slow.visitor().cookies_by_now() == std::vector<std::string>());
    world.ledger.renewals.clear();
    assert_false(slow.visitor().cookies_by_now().has_value());
    world.ledger.revoke(used->session.id, world.clock.now() + 1000);
    assert_true(slow.visitor().cookies_by_now() == std::vector<std::string>());
}

void rf_12_what_a_late_answer_deletes(void**) {
    unit::Checked world;
    world.op.instead.emplace("/token", unit::json_response("{\"error\":\"invalid_grant\"}", 400));
    unit::Checked::Coming slow(world);
    assert_null(slow.end().get());
    assert_int_equal(slow.cookies().size(), 1);
    world.clock.advance(1);
    assert_false(slow.visitor().cookies_by_now().has_value());
    world.clock.advance(1);
    assert_true(slow.visitor().cookies_by_now() == std::vector<std::string>());
}

void rf_01_a_session_that_shrinks_leaves_no_part_behind(void**) {
    unit::Checked world;
    world.options.session_idle = 10 * unit::Checked::interval;
    world.options.keep_tokens = true;
    world.op.token = world.op.token.with("access_token", unit::quote(std::string(4000, 'a')));
    assert_int_equal(world.come()->session.epoch, 1);
    assert_true(world.jar.contains(world.session_name() + ".1"));
    world.op.token = world.op.token.with("access_token", "\"short\"");
    world.let_it_be_due();
    unit::Checked::Coming coming(world);
    assert_int_equal(coming.end()->session.epoch, 2);
    assert_int_equal(names_of(coming.cookies()).size(), coming.cookies().size());
    assert_true(world.jar.contains(world.session_name()));
    assert_false(world.jar.contains(world.session_name() + ".0"));
    assert_false(world.jar.contains(world.session_name() + ".1"));
}

void sc_08_of_two_cookies_of_a_session_the_later_epoch_counts(void**) {
    unit::Checked world;
    const std::string former = world.jar.at(world.session_name());
    world.come();
    const std::string renewed = world.jar.at(world.session_name());
    for (const auto& cookies : {std::vector{former, renewed}, std::vector{renewed, former}}) {
        flow::Visitor browser = world.visitor_with(cookies);
        assert_true(browser.is_known());
        assert_int_equal(browser.session()->session.epoch, 1);
        assert_int_equal(browser.all_sessions().size(), 1);
        assert_false(browser.is_due());
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(sc_16_it_ends_to_the_second),
        cmocka_unit_test(it_is_written_down_once_in_a_tenth),
        cmocka_unit_test(sc_16_use_does_not_make_the_lifetime_longer),
        cmocka_unit_test(sc_16_a_clock_that_jumps),
        cmocka_unit_test(sc_16_the_idle_time_is_not_made_longer_by_a_clock_that_is_set_back),
        cmocka_unit_test(rf_01_a_request_in_time_is_noted_before_its_check),
        cmocka_unit_test(a_shorter_idle_time_holds_at_once),
        cmocka_unit_test(sc_16_a_shorter_lifetime_holds_at_once),
        cmocka_unit_test(without_idle_time_nothing_is_due),
        cmocka_unit_test(rf_01_one_answer_sets_a_cookie_once),
        cmocka_unit_test(rf_12_what_a_late_answer_sets),
        cmocka_unit_test(rf_12_what_a_late_answer_deletes),
        cmocka_unit_test(rf_01_a_session_that_shrinks_leaves_no_part_behind),
        cmocka_unit_test(sc_08_of_two_cookies_of_a_session_the_later_epoch_counts),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
