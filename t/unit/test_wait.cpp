// SPDX-License-Identifier: MIT
// One coroutine waiting for another: first come, first served; whoever goes away while waiting is forgotten,
// and hands on what it was just given; nothing is resumed from inside another's frame, however many wait.
#include "../../src/core/task.hpp"
#include "../../src/core/wait.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "unit.hpp"

using namespace oauth::core;

namespace {

// Suspends until the test resumes it: what a flow does while it holds the lock.
struct Gate {
    std::coroutine_handle<> waiting;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) noexcept { waiting = handle; }
    void await_resume() const noexcept {}
    void open() { std::exchange(waiting, nullptr).resume(); }
};

struct World {
    int notified = 0;
    ReadyQueue ready{[this] { ++notified; }};
    AsyncMutex mutex{ready};
    std::vector<int> order;
    int inside = 0;
    int deepest = 0;
};

Task<int> hold(World& world, Gate& gate, int number) {
    const auto guard = co_await world.mutex.lock();
    world.order.push_back(number);
    co_await gate;
    co_return number;
}

// What keeps many at once: measures whether one runs inside another's frame.
Task<int> pass(World& world, int number) {
    const auto guard = co_await world.mutex.lock();
    ++world.inside;
    world.deepest = std::max(world.deepest, world.inside);
    world.order.push_back(number);
    --world.inside;
    co_return number;
}

using Run = std::unique_ptr<Flow<int>>;

Run start(Task<int> task, int& done) {
    auto flow = std::make_unique<Flow<int>>(std::move(task),
                                            [&done](std::optional<int>, std::exception_ptr) { ++done; });
    flow->start();
    return flow;
}

void an_open_lock_does_not_wait(void**) {
    World world;
    int done = 0;
    const Run first = start(pass(world, 1), done);
    assert_int_equal(done, 1);
    const Run second = start(pass(world, 2), done);
    assert_int_equal(done, 2);
    assert_int_equal(world.notified, 0);
}

void first_come_first_served(void**) {
    World world;
    Gate gates[3];
    int done = 0;
    std::vector<Run> runs;
    for (int i = 0; i < 3; ++i) {
        runs.push_back(start(hold(world, gates[i], i), done));
    }
    assert_true((world.order == std::vector<int>{0}));
    gates[0].open();
    assert_int_equal(done, 1);
    assert_true((world.order == std::vector<int>{0})); // the next is woken by the event loop, not from here
    assert_int_equal(world.notified, 1);
    world.ready.run();
    assert_true((world.order == std::vector<int>{0, 1}));
    gates[1].open();
    world.ready.run();
    gates[2].open();
    assert_int_equal(done, 3);
    assert_true((world.order == std::vector<int>{0, 1, 2}));
}

void who_comes_while_it_is_handed_on_waits(void**) {
    World world;
    Gate gates[3];
    int done = 0;
    const Run first = start(hold(world, gates[0], 0), done);
    const Run second = start(hold(world, gates[1], 1), done);
    gates[0].open(); // handed to the second, which has not run yet
    const Run third = start(hold(world, gates[2], 2), done);
    assert_true((world.order == std::vector<int>{0}));
    world.ready.run();
    assert_true((world.order == std::vector<int>{0, 1}));
    gates[1].open();
    world.ready.run();
    assert_true((world.order == std::vector<int>{0, 1, 2}));
    gates[2].open();
}

void a_waiter_that_goes_away_is_forgotten(void**) {
    World world;
    Gate gates[4];
    int done = 0;
    std::vector<Run> runs;
    for (int i = 0; i < 4; ++i) {
        runs.push_back(start(hold(world, gates[i], i), done));
    }
    runs[1].reset(); // in the middle
    runs[3].reset(); // the last
    gates[0].open();
    world.ready.run();
    assert_true((world.order == std::vector<int>{0, 2}));
    gates[2].open();
    world.ready.run();
    assert_int_equal(done, 2);
    const Run after = start(pass(world, 9), done);
    assert_int_equal(done, 3);
}

void a_granted_one_that_goes_away_hands_on(void**) {
    World world;
    Gate gates[3];
    int done = 0;
    std::vector<Run> runs;
    for (int i = 0; i < 3; ++i) {
        runs.push_back(start(hold(world, gates[i], i), done));
    }
    gates[0].open();
    runs[1].reset(); // was given the lock, and did not live to take it
    world.ready.run();
    assert_true((world.order == std::vector<int>{0, 2}));
    gates[2].open();
    const Run after = start(pass(world, 9), done);
    assert_int_equal(done, 3);
}

void the_last_granted_one_that_goes_away_unlocks(void**) {
    World world;
    Gate gates[2];
    int done = 0;
    const Run first = start(hold(world, gates[0], 0), done);
    Run second = start(hold(world, gates[1], 1), done);
    gates[0].open();
    second.reset();
    world.ready.run();
    const Run after = start(pass(world, 9), done);
    assert_true((world.order == std::vector<int>{0, 9}));
}

void a_holder_that_goes_away_unlocks(void**) {
    World world;
    Gate gates[2];
    int done = 0;
    Run first = start(hold(world, gates[0], 0), done);
    const Run second = start(hold(world, gates[1], 1), done);
    first.reset();
    assert_true((world.order == std::vector<int>{0})); // not from inside a destructor
    world.ready.run();
    assert_true((world.order == std::vector<int>{0, 1}));
    gates[1].open();
}

void ten_thousand_wait_without_recursion(void**) {
    World world;
    Gate gate;
    int done = 0;
    std::vector<Run> runs;
    runs.push_back(start(hold(world, gate, 0), done));
    for (int i = 1; i <= 10000; ++i) {
        runs.push_back(start(pass(world, i), done));
    }
    assert_int_equal(done, 0);
    gate.open();
    assert_int_equal(done, 1);
    world.ready.run();
    assert_int_equal(done, 10001);
    assert_int_equal(world.deepest, 1);
    for (int i = 0; i <= 10000; ++i) {
        assert_int_equal(world.order[static_cast<std::size_t>(i)], i);
    }
}

void all_may_go_away_while_they_wait(void**) {
    World world;
    Gate gate;
    int done = 0;
    Run holder = start(hold(world, gate, 0), done);
    std::vector<Run> runs;
    for (int i = 1; i <= 100; ++i) {
        runs.push_back(start(pass(world, i), done));
    }
    holder.reset(); // the first of them has the lock now
    runs.clear();
    world.ready.run();
    assert_int_equal(done, 0);
    const Run after = start(pass(world, 9), done);
    assert_int_equal(done, 1);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(an_open_lock_does_not_wait),
        cmocka_unit_test(first_come_first_served),
        cmocka_unit_test(who_comes_while_it_is_handed_on_waits),
        cmocka_unit_test(a_waiter_that_goes_away_is_forgotten),
        cmocka_unit_test(a_granted_one_that_goes_away_hands_on),
        cmocka_unit_test(the_last_granted_one_that_goes_away_unlocks),
        cmocka_unit_test(a_holder_that_goes_away_unlocks),
        cmocka_unit_test(ten_thousand_wait_without_recursion),
        cmocka_unit_test(all_may_go_away_while_they_wait),
    };
    return cmocka_run_group_tests_name("wait", tests, nullptr, nullptr);
}
