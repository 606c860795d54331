// SPDX-License-Identifier: MIT
// How a coroutine lets time pass: `co_await timers.sleep(milliseconds)`. Who has slept is resumed from the
// ready queue, never from inside a timer. Destroying a frame that sleeps takes it out. The event loop has one
// timer for all of them. One object per worker; it outlives who sleeps.
#pragma once

#include "wait.hpp"

#include <algorithm>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace oauth::core {

class Timers {
public:
    // Milliseconds of a clock that never goes back.
    using Now = std::function<std::int64_t()>;
    // Has run() called in so many milliseconds, in place of what was asked before; nullopt: not at all.
    using Arm = std::function<void(std::optional<std::int64_t>)>;

    Timers(ReadyQueue& ready, Now now, Arm arm) : ready_(ready), now_(std::move(now)), arm_(std::move(arm)) {}
    Timers(const Timers&) = delete;
    Timers& operator=(const Timers&) = delete;
    ~Timers() {
        for (auto& [at, sleep] : sleeping_) {
            sleep->timers_ = nullptr;
        }
    }

    class [[nodiscard]] Sleep : WaitNode {
    public:
        Sleep(Timers& timers, std::int64_t milliseconds) : timers_(&timers), milliseconds_(milliseconds) {}
        Sleep(const Sleep&) = delete;
        Sleep& operator=(const Sleep&) = delete;
        ~Sleep() {
            if (timers_ != nullptr && place_) {
                timers_->take_out(*place_);
            }
        }
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> handle) {
            waiting = handle;
            place_ = timers_->sleeping_.emplace(timers_->now_() + milliseconds_, this);
            timers_->arm();
        }
        void await_resume() const noexcept {}

    private:
        friend class Timers;
        Timers* timers_; // null: gone
        std::int64_t milliseconds_;
        std::optional<std::multimap<std::int64_t, Sleep*>::iterator> place_;
    };

    Sleep sleep(std::int64_t milliseconds) { return Sleep(*this, milliseconds); }

    // Wakes whose time has come.
    void run() {
        const std::int64_t now = now_();
        while (!sleeping_.empty() && sleeping_.begin()->first <= now) {
            Sleep* sleep = sleeping_.begin()->second;
            sleeping_.erase(sleeping_.begin());
            sleep->place_.reset();
            ready_.post(*sleep);
        }
        arm();
    }

private:
    void take_out(std::multimap<std::int64_t, Sleep*>::iterator place) {
        sleeping_.erase(place);
        arm();
    }
    void arm() {
        arm_(sleeping_.empty() ? std::nullopt
                               : std::optional(std::max<std::int64_t>(sleeping_.begin()->first - now_(), 0)));
    }

    ReadyQueue& ready_;
    Now now_;
    Arm arm_;
    std::multimap<std::int64_t, Sleep*> sleeping_;
};

} // namespace oauth::core
