// SPDX-License-Identifier: MIT
// Times at their ends (SC-16): clocks that jump, and seconds that need more than 31 or 32 bits, for a
// session, a sign-in under way and a sign-out.
#include "policy_ports.hpp"

#include "flow_world.hpp"

using namespace oauth;
using unit::World;

namespace {

constexpr std::int64_t ends_of_counters[] = {std::int64_t{1} << 31, std::int64_t{1} << 32};

void set_time(World& world, std::int64_t now) {
    world.clock.set(now);
    world.op.claims = world.op.claims.with("iat", std::to_string(now)).with("exp", std::to_string(now + 300));
}

session::OpenedSessionPointer find(World& world) {
    world.sessions = session::SessionCache(9, 16); // as another worker, which opens the cookie
    return world.open(world.jar.at(world.session_name()));
}

void sc_16_a_session_over_the_end_of_a_counter(void**) {
    for (const std::int64_t end : ends_of_counters) {
        World world;
        set_time(world, end - 10);
        world.sign_in_as("user-1");
        const std::int64_t over = end - 10 + world.options.session_lifetime;
        assert_int_equal(find(world)->ends_at, over);
        for (const std::int64_t now : {end - 1, end, end + 1, over - 1}) {
            world.clock.set(now);
            assert_non_null(find(world).get());
        }
        for (const std::int64_t now : {over, over + 1, over + (std::int64_t{1} << 32)}) {
            world.clock.set(now);
            assert_null(find(world).get());
        }
    }
}

void sc_16_a_sign_in_over_the_end_of_a_counter(void**) {
    for (const std::int64_t end : ends_of_counters) {
        for (const bool in_time : {true, false}) {
            World world;
            set_time(world, end - 10);
            const auto parameters = world.begin();
            set_time(world, end - 10 + world.options.sign_in_lifetime - (in_time ? 1 : -1));
            const auto answer = world.serve(world.callback_request(*parameters.find("state")));
            assert_int_equal(answer.status, in_time ? 302 : 400);
        }
    }
}

void sc_16_a_sign_out_over_the_end_of_a_counter(void**) {
    for (const std::int64_t end : ends_of_counters) {
        World world;
        set_time(world, end - 10);
        world.sign_in_as("user-1");
        const auto cookie = world.jar.at(world.session_name());
        assert_int_equal(world.serve(world.request("POST", "/auth/oauth/logout")).status, 303);
        world.clock.set(end + 10);
        world.sessions = session::SessionCache(9, 16);
        assert_null(world.open(cookie).get());
    }
}

// A jump ahead ends what would be over by then; a jump back moves no end.
void sc_16_clocks_that_jump(void**) {
    World world;
    world.sign_in_as("user-1");
    const std::int64_t over = unit::start_of_time + world.options.session_lifetime;
    world.clock.set(unit::start_of_time - 7 * 24 * 3600);
    assert_int_equal(find(world)->ends_at, over);
    world.clock.set(over - 1);
    assert_non_null(find(world).get());
    world.clock.set(over + 365 * 24 * 3600);
    assert_null(find(world).get());
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(sc_16_a_session_over_the_end_of_a_counter),
        cmocka_unit_test(sc_16_a_sign_in_over_the_end_of_a_counter),
        cmocka_unit_test(sc_16_a_sign_out_over_the_end_of_a_counter),
        cmocka_unit_test(sc_16_clocks_that_jump),
    };
    return cmocka_run_group_tests_name("times", tests, nullptr, nullptr);
}
