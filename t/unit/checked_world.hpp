// SPDX-License-Identifier: MIT
// Shared by the tests of checks (oauth_refresh): a world where somebody has signed in and is to be asked for
// again, and a store that can be on another machine, held by another node, or fail at any step.
#pragma once

#include "flow_world.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "unit.hpp"

namespace oauth::unit {

// The sessions themselves are the cookie store's.
class WatchedStore final : public session::Store {
public:
    using Pointer = session::OpenedSessionPointer;
    using Hook = std::function<void()>;

    explicit WatchedStore(std::unique_ptr<session::Store> inner) : inner_(std::move(inner)) {}

    std::optional<Pointer> peek(std::string_view cookie, std::string_view base_url) override {
        auto found = inner_->peek(cookie, base_url);
        if (found && *found) {
            (*found)->place = place;
        }
        return found;
    }
    core::Task<core::Result<session::Loaded>> load(std::string cookie, std::string base_url) override {
        ++loads;
        call(on_load);
        if (load_fails) {
            co_return unavailable();
        }
        if (loaded) {
            co_return *loaded;
        }
        co_return session::Loaded{peek(cookie, base_url).value_or(nullptr)};
    }
    core::Task<core::Result<session::CookieParts>> create(const session::Session& session,
                                                          std::string base_url) override {
        return inner_->create(session, std::move(base_url));
    }
    void read_id_token(session::OpenedSession& session) override { inner_->read_id_token(session); }
    core::Task<core::Result<session::Loaded>> touch(Pointer session) override {
        ++touches;
        return inner_->touch(std::move(session));
    }
    core::Task<core::Result<session::Replaced>> replace(Pointer before,
                                                        const session::Session& next) override {
        ++replaces;
        offered = next;
        call(on_replace);
        if (!replaced.empty()) {
            auto first = std::move(replaced.front());
            replaced.pop_front();
            co_return first;
        }
        co_return co_await inner_->replace(std::move(before), next);
    }
    core::Task<core::Result<session::Loaded>> take_over(Pointer before, std::string handover) override {
        if (taken_over) {
            co_return *taken_over;
        }
        co_return co_await inner_->take_over(std::move(before), std::move(handover));
    }
    std::vector<std::string> cookies_of(const session::OpenedSession& before,
                                        const std::string& handover) override {
        return inner_->cookies_of(before, handover);
    }
    core::Task<core::Status> erase(Pointer session) override {
        ++erases;
        if (erase_fails) {
            co_return unavailable();
        }
        co_return co_await inner_->erase(std::move(session));
    }
    core::Task<core::Status> erase_all(session::Whose whose) override {
        return inner_->erase_all(std::move(whose));
    }
    core::Task<core::Result<bool>> use_once(std::string key, std::int64_t until) override {
        return inner_->use_once(std::move(key), until);
    }
    core::Task<core::Result<bool>> is_used(std::string key) override {
        return inner_->is_used(std::move(key));
    }
    core::Task<core::Result<std::string>> lock(Pointer, std::int64_t milliseconds) override {
        ++locks;
        held_for = milliseconds;
        call(on_lock);
        if (lock_fails) {
            co_return unavailable();
        }
        co_return is_held_elsewhere ? std::string() : std::string("token");
    }
    core::Task<core::Result<bool>> keep_lock(Pointer, std::string token, std::int64_t milliseconds) override {
        held_for = std::min(held_for, milliseconds);
        kept += token == "token" ? 1 : 0;
        co_return true;
    }
    core::Task<core::Done> unlock(Pointer, std::string token) override {
        unlocks += token == "token" ? 1 : 0;
        co_return core::Done{};
    }

    static core::Error unavailable() { return {core::Code::store_unavailable, "the store does not answer"}; }
    static core::Error too_large() { return {core::Code::session_too_large, "the session is too large"}; }

    std::string place; // as a store on another machine has one
    bool load_fails = false;
    bool erase_fails = false;
    bool lock_fails = false;
    bool is_held_elsewhere = false;
    std::optional<session::Loaded> loaded; // instead of what there is
    std::optional<session::Loaded> taken_over;
    std::deque<core::Result<session::Replaced>> replaced;
    std::optional<session::Session> offered; // what was to be saved last
    Hook on_load;
    Hook on_lock;
    Hook on_replace;
    int loads = 0;
    int replaces = 0;
    int erases = 0;
    int locks = 0;
    int touches = 0;
    std::int64_t held_for = 0; // milliseconds: the shortest time that the lock was asked for
    int kept = 0;
    int unlocks = 0;

private:
    static void call(const Hook& hook) {
        if (hook) {
            hook();
        }
    }

    std::unique_ptr<session::Store> inner_;
};

struct Checked : World {
    static constexpr std::int64_t interval = 100;

    Checked() {
        auto watched = std::make_unique<WatchedStore>(std::move(site.store));
        store = watched.get();
        site.store = std::move(watched);
        options.refresh = interval;
        op.metadata = op.metadata.with("revocation_endpoint", quote(issuer + "/revoke"));
        op.token = op.token.with("refresh_token", "\"refresh-1\"");
        sign_in();
        let_it_be_due();
    }

    void sign_in() {
        sign_in_as("user-1");
        http.sent.clear();
        op.token = op.token.with("refresh_token", "\"refresh-2\"").with("access_token", "\"access-2\"");
    }

    void let_it_be_due(std::int64_t seconds = interval) {
        clock.advance(seconds);
        ledger.now = clock.now();
        op.claims =
            op.claims.with("iat", std::to_string(clock.now())).with("exp", std::to_string(clock.now() + 300));
    }

    void let_time_pass(std::int64_t milliseconds) {
        passed += milliseconds;
        timers.run();
        ready.run();
    }

    // One request of the browser.
    class Coming {
    public:
        explicit Coming(Checked& world)
            : world_(world), visitor_(world.visitor()), flow_(look(visitor_), [this](auto status, auto) {
                  looked_up = std::move(status);
                  is_over_ = true;
              }) {
            flow_.start();
        }
        // As far as it gets without time.
        bool is_done() {
            while (!is_over_ && world_.turn()) {
            }
            return is_over_;
        }
        bool is_over() const { return is_over_; }
        // However it ends; it may fail.
        void finish() {
            for (int tick = 0; !is_done() && tick < 10000; ++tick) {
                world_.let_time_pass(100);
            }
            assert_true(is_over_);
        }
        // The session that the browser has afterwards.
        session::OpenedSessionPointer end() {
            finish();
            assert_true(looked_up.has_value() && looked_up->ok());
            web::Answer answer;
            answer.set_cookies = visitor_.cookies();
            world_.keep_cookies(answer);
            return visitor_.session();
        }
        const std::vector<std::string>& cookies() const { return visitor_.cookies(); }
        const flow::Visitor& visitor() const { return visitor_; }

    private:
        static core::Task<core::Status> look(flow::Visitor& visitor) {
            const core::Status looked_up = co_await visitor.look_up();
            co_return looked_up ? co_await visitor.attend() : looked_up;
        }
        Checked& world_;
        flow::Visitor visitor_;
        bool is_over_ = false;
        std::optional<core::Status> looked_up;
        core::Flow<core::Status> flow_;
    };

    session::OpenedSessionPointer come() { return Coming(*this).end(); }

    // A request that has got as far as that exchange with the provider.
    std::unique_ptr<Coming> come_until(std::string_view url_end) {
        auto coming = std::make_unique<Coming>(*this);
        while (http.pending() == 0 || !http.oldest().url.ends_with(url_end)) {
            assert_true(turn());
        }
        return coming;
    }

    // The session as somebody else has renewed it.
    session::Loaded renewed_elsewhere() {
        auto newer = std::make_shared<session::OpenedSession>(*current());
        ++newer->session.epoch;
        newer->session.checked_at = clock.now();
        newer->session.access_expires_at += newer->session.access_expires_at == 0 ? 0 : interval;
        newer->session.refresh_token = "refresh-of-another-node";
        return {newer};
    }

    std::size_t refreshes() const { return http.count("/token"); }
    session::Lease::State state() { return ledger.renewals[current_id()].state; }
    std::string current_id() { return last_id = current() ? std::string(current()->session.id) : last_id; }

    WatchedStore* store = nullptr;
    std::string last_id;
};

} // namespace oauth::unit
