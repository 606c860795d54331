// SPDX-License-Identifier: MIT
// Tasks: nothing runs before it is awaited, children hand values and exceptions to their parents, and
// destroying the outermost task destroys whatever it waits for.
#include "../../src/core/task.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "unit.hpp"

using namespace oauth::core;

using Trace = std::vector<std::string>;

// An event of the outside world: suspends until a test fires it; knows when its waiter was destroyed.
struct Event {
    std::coroutine_handle<> waiter;
    int value = 0;
    int cancelled = 0;

    void fire(int with) {
        value = with;
        std::exchange(waiter, nullptr).resume();
    }
};

struct WaitFor {
    Event& event;
    explicit WaitFor(Event& awaited) : event(awaited) {}
    WaitFor(const WaitFor&) = delete;
    WaitFor& operator=(const WaitFor&) = delete;
    ~WaitFor() {
        if (event.waiter) {
            event.waiter = nullptr;
            ++event.cancelled;
        }
    }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiter) noexcept { event.waiter = waiter; }
    int await_resume() const noexcept { return event.value; }
};

struct Traced {
    Trace& trace;
    std::string name;
    Traced(Trace& to, std::string called) : trace(to), name(std::move(called)) {
        trace.push_back("+" + name);
    }
    Traced(const Traced&) = delete;
    Traced& operator=(const Traced&) = delete;
    ~Traced() { trace.push_back("-" + name); }
};

static Task<int> leaf(Trace& trace, Event& event) {
    Traced scope(trace, "leaf");
    int value = co_await WaitFor(event);
    if (value < 0) {
        throw std::runtime_error("negative");
    }
    co_return value;
}

static Task<std::string> middle(Trace& trace, Event& event) {
    Traced scope(trace, "middle");
    int first = co_await leaf(trace, event);
    int second = co_await leaf(trace, event);
    co_return std::to_string(first) + "," + std::to_string(second);
}

static Task<std::string> outer(Trace& trace, Event& event) {
    auto text = co_await middle(trace, event);
    co_return text + "!";
}

struct Outcome {
    int calls = 0;
    std::optional<std::string> value;
    std::exception_ptr exception;

    Flow<std::string>::Completion completion() {
        return [this](std::optional<std::string> result, std::exception_ptr thrown) {
            ++calls;
            value = std::move(result);
            exception = thrown;
        };
    }
};

static void nothing_runs_before_start(void**) {
    Trace trace;
    Event event;
    Outcome outcome;
    {
        Flow<std::string> flow(outer(trace, event), outcome.completion());
        assert_true(trace.empty());
    }
    {
        auto never_awaited = outer(trace, event);
    }
    assert_true(trace.empty());
    assert_int_equal(outcome.calls, 0);
}

static void values_pass_through_nested_tasks(void**) {
    Trace trace;
    Event event;
    Outcome outcome;
    Flow<std::string> flow(outer(trace, event), outcome.completion());
    flow.start();
    assert_true(static_cast<bool>(event.waiter));
    event.fire(1);
    assert_int_equal(outcome.calls, 0);
    event.fire(2);
    assert_int_equal(outcome.calls, 1);
    assert_text_equal(outcome.value.value_or("?"), "1,2!");
    assert_true(outcome.exception == nullptr);
    assert_true((trace == Trace{"+middle", "+leaf", "-leaf", "+leaf", "-leaf", "-middle"}));
}

static void an_exception_reaches_the_completion_once(void**) {
    Trace trace;
    Event event;
    Outcome outcome;
    Flow<std::string> flow(outer(trace, event), outcome.completion());
    flow.start();
    event.fire(-1);
    assert_int_equal(outcome.calls, 1);
    assert_false(outcome.value.has_value());
    assert_true(outcome.exception != nullptr);
    std::string what;
    try {
        std::rethrow_exception(outcome.exception);
    } catch (const std::runtime_error& error) {
        what = error.what();
    }
    assert_text_equal(what, "negative");
    assert_true((trace == Trace{"+middle", "+leaf", "-leaf", "-middle"}));
}

static Task<std::string> catching(Trace& trace, Event& event) {
    try {
        co_return co_await middle(trace, event);
    } catch (const std::runtime_error&) {
        co_return "caught";
    }
}

static void a_parent_can_catch(void**) {
    Trace trace;
    Event event;
    Outcome outcome;
    Flow<std::string> flow(catching(trace, event), outcome.completion());
    flow.start();
    event.fire(-1);
    assert_text_equal(outcome.value.value_or("?"), "caught");
}

static void destroying_the_flow_cancels_what_it_waits_for(void**) {
    Trace trace;
    Event event;
    Outcome outcome;
    auto flow = std::make_unique<Flow<std::string>>(outer(trace, event), outcome.completion());
    flow->start();
    event.fire(1);
    flow.reset();
    assert_int_equal(event.cancelled, 1);
    assert_false(static_cast<bool>(event.waiter));
    assert_int_equal(outcome.calls, 0);
    assert_true((trace == Trace{"+middle", "+leaf", "-leaf", "+leaf", "-leaf", "-middle"}));
}

static Task<std::string> at_once() {
    co_return "done";
}

static void a_task_may_end_inside_start(void**) {
    Outcome outcome;
    Flow<std::string> flow(at_once(), outcome.completion());
    flow.start();
    assert_int_equal(outcome.calls, 1);
    assert_text_equal(outcome.value.value_or("?"), "done");
}

static Task<int> one() {
    co_return 1;
}

static Task<std::string> many(int count) {
    int sum = 0;
    for (int i = 0; i < count; ++i) {
        sum += co_await one();
    }
    co_return std::to_string(sum);
}

static void a_flow_can_be_destroyed_after_it_is_done(void**) {
    Outcome outcome;
    auto flow = std::make_unique<Flow<std::string>>(many(1000), outcome.completion());
    flow->start();
    flow.reset();
    assert_text_equal(outcome.value.value_or("?"), "1000");
}

static Task<std::unique_ptr<int>> movable() {
    co_return std::make_unique<int>(5);
}

static Task<std::string> takes_movable() {
    auto task = movable();
    auto moved = std::move(task);
    auto pointer = co_await moved;
    co_return std::to_string(*pointer);
}

static void tasks_and_values_can_be_moved(void**) {
    Outcome outcome;
    Flow<std::string> flow(takes_movable(), outcome.completion());
    flow.start();
    assert_text_equal(outcome.value.value_or("?"), "5");

    Trace trace;
    Event event;
    auto task = outer(trace, event);
    task = at_once(); // the first frame is destroyed here
    Outcome second;
    Flow<std::string> other(std::move(task), second.completion());
    other.start();
    assert_text_equal(second.value.value_or("?"), "done");
}

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(nothing_runs_before_start),
        cmocka_unit_test(values_pass_through_nested_tasks),
        cmocka_unit_test(an_exception_reaches_the_completion_once),
        cmocka_unit_test(a_parent_can_catch),
        cmocka_unit_test(destroying_the_flow_cancels_what_it_waits_for),
        cmocka_unit_test(a_task_may_end_inside_start),
        cmocka_unit_test(a_flow_can_be_destroyed_after_it_is_done),
        cmocka_unit_test(tasks_and_values_can_be_moved),
    };
    return cmocka_run_group_tests_name("task", tests, nullptr, nullptr);
}
