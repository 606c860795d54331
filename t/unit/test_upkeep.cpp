// SPDX-License-Identifier: MIT
// Idle time: exact to the second, written down at most once in a tenth of it, and no clock that jumps makes a
// session longer than its lifetime. SC-16.
#include "../../src/flow/upkeep.hpp"
#include "flow_world.hpp"

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

void a_shorter_idle_time_holds_at_once(void**) {
    Idle world;
    world.clock.advance(9);
    world.options.session_idle = 5;
    for (int i = 0; i < 2; ++i) {
        world.sessions = session::SessionCache(7, 16); // of another configuration
        assert_false(world.come());
    }
}

void without_idle_time_nothing_is_due(void**) {
    World world;
    world.sign_in_as("user-1");
    flow::Visitor browser = world.visitor();
    assert_true(browser.is_known());
    assert_false(browser.is_due());
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(sc_16_it_ends_to_the_second),
        cmocka_unit_test(it_is_written_down_once_in_a_tenth),
        cmocka_unit_test(sc_16_use_does_not_make_the_lifetime_longer),
        cmocka_unit_test(sc_16_a_clock_that_jumps),
        cmocka_unit_test(a_shorter_idle_time_holds_at_once),
        cmocka_unit_test(without_idle_time_nothing_is_due),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
