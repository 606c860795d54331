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
        co_return co_await answer_of(std::move(cookie), std::move(base_url));
    }
    core::Task<core::Result<std::vector<session::Loaded>>> load_all(std::vector<std::string> cookies,
                                                                    std::string base_url) override {
        ++loads;
        asked = cookies.size();
        co_await Turn(waiting_);
        std::vector<session::Loaded> all;
        for (std::string& cookie : cookies) {
            auto loaded = co_await answer_of(std::move(cookie), base_url);
            if (!loaded) {
                co_return loaded.error();
            }
            all.push_back(std::move(loaded.value()));
        }
        co_return std::move(all);
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
    void read_id_token(session::OpenedSession& session) override { inner_->read_id_token(session); }
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
        ++erases_of_all;
        co_await Turn(waiting_);
        if (fails || erase_all_fails) {
            co_return unavailable();
        }
        co_return co_await inner_->erase_all(std::move(whose));
    }
    std::string reach() const override { return reached; }
    core::Task<core::Result<bool>> is_used(std::string key) override {
        if (fails) {
            co_return unavailable();
        }
        co_return co_await inner_->is_used(std::move(key));
    }
    core::Task<core::Result<bool>> use_once(std::string key, std::int64_t until) override {
        ++uses;
        if (fails || use_fails) {
            co_return unavailable();
        }
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
    std::size_t asked = 0; // cookies, by the last load of several
    int creates = 0;
    int erases = 0;
    int touches = 0;
    int erases_of_all = 0;
    int uses = 0;
    bool fails = false;
    bool erase_all_fails = false; // that alone
    bool use_fails = false;       // likewise
    std::string reached;
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

    core::Task<core::Result<session::Loaded>> answer_of(std::string cookie, std::string base_url) {
        if (fails) {
            co_return unavailable();
        }
        auto loaded = co_await inner_->load(std::move(cookie), std::move(base_url));
        if (loaded) {
            loaded->cookies.insert(loaded->cookies.end(), renewed.begin(), renewed.end());
        }
        co_return std::move(loaded);
    }

    static core::Error unavailable() { return {core::Code::store_unavailable, "the store does not answer"}; }

    std::unique_ptr<session::Store> inner_;
    core::ReadyQueue& ready_;
    core::WaitList waiting_;
};

} // namespace oauth::unit
