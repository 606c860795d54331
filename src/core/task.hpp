// SPDX-License-Identifier: MIT
// Task<T>: a coroutine that starts when it is awaited and has one owner. Destroying the Task destroys the
// suspended frame and everything it waits for; this is how a flow is cancelled. A frame is never destroyed
// while it runs. A parent awaits a child with co_await. A Flow drives the outermost task and calls back once
// when it is done. Parameters of coroutines are values, or references to what outlives the flow, never
// string_views of temporaries.
#pragma once

#include <coroutine>
#include <cstdlib>
#include <exception>
#include <functional>
#include <optional>
#include <utility>

namespace oauth::core {

template <class T>
class [[nodiscard]] Task {
public:
    struct promise_type {
        std::coroutine_handle<> continuation;
        std::optional<T> value;
        std::exception_ptr exception;

        Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
        std::suspend_always initial_suspend() noexcept { return {}; }

        struct FinalAwaiter {
            bool await_ready() noexcept { return false; }
            std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> done) noexcept {
                auto continuation = done.promise().continuation;
                return continuation ? continuation : std::noop_coroutine();
            }
            void await_resume() noexcept {}
        };
        FinalAwaiter final_suspend() noexcept { return {}; }

        void return_value(T result) { value.emplace(std::move(result)); }
        void unhandled_exception() { exception = std::current_exception(); }
    };

    Task(Task&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    Task& operator=(Task&& other) noexcept {
        if (this != &other) {
            reset();
            frame_ = std::exchange(other.frame_, nullptr);
        }
        return *this;
    }
    ~Task() { reset(); }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) noexcept {
        frame_.promise().continuation = parent;
        return frame_;
    }
    T await_resume() {
        auto& promise = frame_.promise();
        if (promise.exception) {
            std::rethrow_exception(promise.exception);
        }
        return std::move(*promise.value);
    }

private:
    explicit Task(std::coroutine_handle<promise_type> frame) : frame_(frame) {}

    void reset() {
        if (frame_) {
            std::exchange(frame_, nullptr).destroy();
        }
    }

    std::coroutine_handle<promise_type> frame_;
};

// Drives one outermost Task<T>. The last thing the coroutine does is to call `done`, exactly once, with the
// value or the exception; that may happen inside start(). `done` must not destroy the Flow: it posts an event
// and returns.
template <class T>
class Flow {
public:
    using Completion = std::function<void(std::optional<T> value, std::exception_ptr exception)>;

    Flow(Task<T> task, Completion done) : root_(run(std::move(task), std::move(done))) {}
    Flow(const Flow&) = delete;
    Flow& operator=(const Flow&) = delete;
    ~Flow() { root_.frame.destroy(); }

    void start() { root_.frame.resume(); }

private:
    struct Root {
        struct promise_type {
            Root get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
            std::suspend_always initial_suspend() noexcept { return {}; }
            std::suspend_always final_suspend() noexcept { return {}; }
            void return_void() {}
            void unhandled_exception() noexcept { std::abort(); } // never called: run() catches everything
        };
        std::coroutine_handle<promise_type> frame;
    };

    static Root run(Task<T> task, Completion done) {
        std::optional<T> value;
        std::exception_ptr exception;
        try {
            value.emplace(co_await task);
        } catch (...) {
            exception = std::current_exception();
        }
        done(std::move(value), exception);
    }

    Root root_;
};

} // namespace oauth::core
