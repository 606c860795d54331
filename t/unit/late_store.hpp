// SPDX-License-Identifier: MIT
// A store on another machine, as a test wants it: keeps nothing that can be peeked at, and answers when it is
// told to. The sessions themselves are another store's.
#pragma once

#include "../../src/core/wait.hpp"
#include "../../src/session/store.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace oauth::unit {

class LateStore final : public session::Store {
public:
    LateStore(std::unique_ptr<session::Store> inner, core::ReadyQueue& ready)
        : inner_(std::move(inner)), ready_(ready) {}

    std::optional<session::OpenedSessionPointer> peek(std::string_view, std::string_view) override {
        ++peeks;
        return std::nullopt;
    }
    core::Task<core::Result<session::Loaded>> load(std::string cookie, std::string base_url) override {
        ++loads;
        co_await Turn(waiting_);
        if (fails) {
            co_return unavailable();
        }
        auto loaded = co_await inner_->load(std::move(cookie), std::move(base_url));
        if (loaded) {
            loaded->cookies.insert(loaded->cookies.end(), renewed.begin(), renewed.end());
        }
        co_return std::move(loaded);
    }
    core::Task<core::Result<session::CookieParts>> create(const session::Session& session,
                                                          std::string base_url) override {
        ++creates;
        co_await Turn(waiting_);
        if (fails) {
            co_return unavailable();
        }
        co_return co_await inner_->create(session, std::move(base_url));
    }
    core::Task<core::Result<session::Loaded>> touch(session::OpenedSessionPointer session) override {
        ++touches;
        co_await Turn(waiting_);
        if (fails) {
            co_return unavailable();
        }
        co_return co_await inner_->touch(std::move(session));
    }
    core::Task<core::Result<session::Replaced>> replace(session::OpenedSessionPointer before,
                                                        const session::Session& next) override {
        co_await Turn(waiting_);
        if (fails) {
            co_return unavailable();
        }
        co_return co_await inner_->replace(std::move(before), next);
    }
    core::Task<core::Result<session::Loaded>> take_over(session::OpenedSessionPointer before,
                                                        std::string handover) override {
        co_return co_await inner_->take_over(std::move(before), std::move(handover));
    }
    core::Task<core::Status> erase(session::OpenedSessionPointer session) override {
        ++erases;
        co_await Turn(waiting_);
        if (fails) {
            co_return unavailable();
        }
        co_return co_await inner_->erase(std::move(session));
    }
    core::Task<core::Status> erase_all(session::Whose whose) override {
        co_await Turn(waiting_);
        if (fails) {
            co_return unavailable();
        }
        co_return co_await inner_->erase_all(std::move(whose));
    }
    core::Task<core::Result<bool>> use_once(std::string key, std::int64_t until) override {
        co_return co_await inner_->use_once(std::move(key), until);
    }

    // Answers the oldest operation; false if there is none.
    bool answer() {
        core::WaitNode* oldest = waiting_.pop_front();
        if (oldest == nullptr) {
            return false;
        }
        ready_.post(*oldest);
        ready_.run();
        return true;
    }
    bool has_waiting() const { return !waiting_.empty(); }

    int peeks = 0;
    int loads = 0;
    int creates = 0;
    int erases = 0;
    int touches = 0;
    bool fails = false;
    std::vector<std::string> renewed; // Set-Cookie values that come with each loaded session

private:
    class Turn : public core::WaitNode {
    public:
        explicit Turn(core::WaitList& list) : queue_(list) {}
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> handle) noexcept {
            waiting = handle;
            queue_.push_back(*this);
        }
        void await_resume() const noexcept {}

    private:
        core::WaitList& queue_;
    };

    static core::Error unavailable() { return {core::Code::store_unavailable, "the store does not answer"}; }

    std::unique_ptr<session::Store> inner_;
    core::ReadyQueue& ready_;
    core::WaitList waiting_;
};

} // namespace oauth::unit
