// SPDX-License-Identifier: MIT
// What the requests of a session wait for while its user is asked for again. It belongs to all of them and to
// the check itself, which may run on when nobody waits any more.
#pragma once

#include "../core/wait.hpp"
#include "../session/store.hpp"

#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

namespace oauth::flow {

struct Round {
    explicit Round(core::ReadyQueue& queue) : ready(queue) {}

    core::ReadyQueue& ready;
    core::WaitList waiting;
    std::optional<session::Loaded> outcome; // none as long as they have to wait for it
    bool is_over = false;

    // Who waits goes on with this; the check does not end.
    void let_go(session::Loaded loaded) {
        if (!outcome) {
            outcome = std::move(loaded);
        }
        while (core::WaitNode* node = waiting.pop_front()) {
            ready.post(*node);
        }
    }
    void end(session::Loaded loaded) {
        is_over = true;
        let_go(std::move(loaded));
    }
};

class [[nodiscard]] Joined : core::WaitNode {
public:
    explicit Joined(std::shared_ptr<Round> round) : round_(std::move(round)) {}
    bool await_ready() const noexcept { return round_->outcome.has_value(); }
    void await_suspend(std::coroutine_handle<> handle) noexcept {
        waiting = handle;
        round_->waiting.push_back(*this);
    }
    session::Loaded await_resume() { return *round_->outcome; }

private:
    std::shared_ptr<Round> round_;
};

} // namespace oauth::flow
