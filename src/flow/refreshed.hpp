// SPDX-License-Identifier: MIT
// Something that is fetched from a provider and kept: its metadata, its keys. The fetch is a coroutine that
// this object owns; visitors only wait for it. One who leaves cancels nothing, and who comes next joins. What
// is stale is given at once, within a bound, while the next value is fetched behind it. Failures are shared
// by those who waited for that fetch; whoever comes after them starts another, twenty times at once and then
// one a second: anybody can ask. In between they are told of the last one.
#pragma once

#include "../core/clock.hpp"
#include "../core/result.hpp"
#include "../core/task.hpp"
#include "../core/wait.hpp"
#include "token_bucket.hpp"

#include <coroutine>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace oauth::flow {

// Seconds.
constexpr std::int64_t fresh_for = 3600;
constexpr std::int64_t usable_for = 24 * 3600; // what is older is not used any more
constexpr std::int64_t retry_stale_after = 30; // where the provider did not answer

template <class T>
class Refreshed {
public:
    using Pointer = std::shared_ptr<const T>;
    using Outcome = core::Result<Pointer>;
    // Makes the coroutine that fetches. Its frame outlives the visitor who had it made: it refers to nothing
    // of a request.
    using Fetch = std::function<core::Task<core::Result<T>>()>;

    Refreshed(core::ReadyQueue& ready, core::Clock& clock) : ready_(ready), clock_(clock) {}
    Refreshed(const Refreshed&) = delete;
    Refreshed& operator=(const Refreshed&) = delete;
    ~Refreshed() {
        while (waiting_.pop_front() != nullptr) {
        }
    }

    // As last fetched, whatever its age; nullptr: never.
    const Pointer& known() const { return value_; }
    // nullptr: never fetched, or too old.
    Pointer usable() const { return value_ && age() < usable_for ? value_ : nullptr; }
    bool is_fresh() const { return value_ && age() < fresh_for; }
    bool is_being_fetched() const { return round_ && !round_->ended; }

    // Begins a fetch that nobody waits for, if the value is stale and no fetch was begun a short while ago.
    void keep_fresh(const Fetch& fetch) {
        const bool due = !is_fresh() && clock_.now() - tried_at_ >= retry_stale_after;
        if (due && !is_being_fetched()) {
            begin(fetch);
        }
    }

    // One fetch and how it ended: what all who waited for it are told.
    struct Round {
        bool ended = false;
        std::optional<Outcome> outcome;
        std::exception_ptr exception;
    };

    // Joins the fetch that is under way, or begins one, and waits for its end.
    class [[nodiscard]] Wait : core::WaitNode {
    public:
        Wait(Refreshed& owner, Fetch fetch) : owner_(owner), fetch_(std::move(fetch)) {}
        bool await_ready() noexcept {
            if (owner_.may_begin()) {
                return false;
            }
            round_ = owner_.round_;
            return true;
        }
        void await_suspend(std::coroutine_handle<> handle) {
            waiting = handle;
            attendance_.emplace(owner_.ready_);
            owner_.waiting_.push_back(*this);
            if (!owner_.is_being_fetched()) {
                owner_.begin(fetch_);
            }
            round_ = owner_.round_;
        }
        Outcome await_resume() {
            attendance_.reset();
            if (round_->exception) {
                std::rethrow_exception(round_->exception);
            }
            return *round_->outcome;
        }

    private:
        Refreshed& owner_;
        Fetch fetch_;
        std::shared_ptr<const Round> round_;
        std::optional<core::Attendance> attendance_;
    };
    Wait fetched(Fetch fetch) { return Wait(*this, std::move(fetch)); }

    // At once while it is usable, if need be with a fetch begun behind it; else when a fetch has ended.
    core::Task<Outcome> get(Fetch fetch) {
        if (Pointer value = usable()) {
            keep_fresh(fetch);
            co_return value;
        }
        co_return co_await fetched(std::move(fetch));
    }

private:
    static core::Task<Outcome> run(core::Task<core::Result<T>> task) {
        core::Result<T> result = co_await task;
        if (!result) {
            co_return result.error();
        }
        co_return std::make_shared<const T>(std::move(result.value()));
    }

    std::int64_t age() const { return clock_.now() - fetched_at_; }

    // Or join.
    bool may_begin() noexcept {
        const bool has_failed = round_ && round_->ended && round_->outcome && !round_->outcome->ok();
        return !has_failed || retries_.take(clock_.now());
    }

    void begin(const Fetch& fetch) {
        flow_.reset(); // of the fetch before, which has ended
        round_ = std::make_shared<Round>();
        tried_at_ = clock_.now();
        try {
            flow_.emplace(run(fetch()), [this](std::optional<Outcome> outcome, std::exception_ptr exception) {
                end(std::move(outcome), std::move(exception));
            });
        } catch (...) {
            round_.reset();
            throw;
        }
        flow_->start();
    }

    // The last thing that the fetch does. Who waited is resumed from the event loop, not from inside it.
    void end(std::optional<Outcome> outcome, std::exception_ptr exception) noexcept {
        round_->ended = true;
        round_->exception = std::move(exception);
        round_->outcome = std::move(outcome);
        if (round_->outcome && *round_->outcome) {
            value_ = round_->outcome->value();
            fetched_at_ = clock_.now();
        }
        while (core::WaitNode* node = waiting_.pop_front()) {
            ready_.post(*node);
        }
    }

    core::ReadyQueue& ready_;
    core::Clock& clock_;
    Pointer value_;
    std::int64_t fetched_at_ = 0;
    std::int64_t tried_at_ = 0;
    TokenBucket retries_{20, 1};
    core::WaitList waiting_;
    std::shared_ptr<Round> round_;
    std::optional<core::Flow<Outcome>> flow_; // destroyed first: it is what refers to the rest
};

} // namespace oauth::flow
