// SPDX-License-Identifier: MIT
// Coroutines that let time pass, and flows that nobody waits for.
#include "../../src/core/timers.hpp"
#include "../../src/flow/background.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "unit.hpp"

using namespace oauth;

namespace {

struct Clockwork {
    std::int64_t now = 0;
    std::optional<std::int64_t> armed;
    core::ReadyQueue ready{[] {}};
    core::Timers timers{ready, [this] { return now; },
                        [this](std::optional<std::int64_t> milliseconds) { armed = milliseconds; }};
    std::string woken;

    core::Task<core::Done> sleep(std::int64_t milliseconds, char name) {
        co_await timers.sleep(milliseconds);
        woken += name;
        co_return core::Done{};
    }
    void pass(std::int64_t milliseconds) {
        now += milliseconds;
        timers.run();
        ready.run();
    }
};

using Flow = core::Flow<core::Done>;
const Flow::Completion nothing = [](std::optional<core::Done>, std::exception_ptr) {};

void who_sleeps_is_woken_when_it_is_time(void**) {
    Clockwork at;
    Flow late(at.sleep(200, 'b'), nothing);
    Flow early(at.sleep(100, 'a'), nothing);
    late.start();
    assert_int_equal(*at.armed, 200);
    early.start();
    assert_int_equal(*at.armed, 100);
    at.pass(99);
    assert_text_equal(at.woken, "");
    at.pass(1);
    assert_text_equal(at.woken, "a");
    assert_int_equal(*at.armed, 100);
    at.pass(100);
    assert_text_equal(at.woken, "ab");
    assert_false(at.armed.has_value());
}

void who_is_destroyed_asleep_is_taken_out(void**) {
    Clockwork at;
    {
        Flow flow(at.sleep(100, 'a'), nothing);
        flow.start();
    }
    assert_false(at.armed.has_value());
    at.pass(200);
    assert_text_equal(at.woken, "");
}

// Between the timer and the ready queue.
void who_is_destroyed_awake_is_not_resumed(void**) {
    Clockwork at;
    {
        Flow flow(at.sleep(100, 'a'), nothing);
        flow.start();
        at.now = 100;
        at.timers.run();
    }
    at.ready.run();
    assert_text_equal(at.woken, "");
}

void flows_in_the_background_have_a_bound(void**) {
    Clockwork at;
    int failures = 0;
    flow::Background background(2, [&](const std::exception_ptr&) { ++failures; });
    assert_true(background.start(at.sleep(100, 'a')));
    assert_true(background.start(at.sleep(200, 'b')));
    assert_false(background.start(at.sleep(300, 'c')));
    at.pass(100);
    assert_int_equal(background.size(), 1);
    assert_true(background.start(at.sleep(300, 'd')));
    at.pass(300);
    assert_text_equal(at.woken, "abd");
    assert_int_equal(background.size(), 0);
    assert_int_equal(failures, 0);
}

core::Task<core::Done> hold(std::shared_ptr<int>) {
    co_return core::Done{};
}

// A worker lives for months: flows that have ended do not pile up.
void what_a_flow_in_the_background_held_is_let_go_of(void**) {
    flow::Background background(2, [](const std::exception_ptr&) {});
    auto what = std::make_shared<int>(1);
    const std::weak_ptr<int> held = what;
    assert_true(background.start(hold(std::move(what))));
    assert_false(held.expired());
    assert_true(background.start(hold(nullptr)));
    assert_true(held.expired());
}

core::Task<core::Done> break_off() {
    throw std::runtime_error("as it happens");
    co_return core::Done{};
}

void what_ends_a_flow_in_the_background_is_told(void**) {
    int failures = 0;
    flow::Background background(2, [&](const std::exception_ptr& exception) {
        assert_true(exception != nullptr);
        ++failures;
    });
    assert_true(background.start(break_off()));
    assert_int_equal(failures, 1);
    assert_int_equal(background.size(), 0);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(who_sleeps_is_woken_when_it_is_time),
        cmocka_unit_test(who_is_destroyed_asleep_is_taken_out),
        cmocka_unit_test(who_is_destroyed_awake_is_not_resumed),
        cmocka_unit_test(flows_in_the_background_have_a_bound),
        cmocka_unit_test(what_a_flow_in_the_background_held_is_let_go_of),
        cmocka_unit_test(what_ends_a_flow_in_the_background_is_told),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
