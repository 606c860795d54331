// SPDX-License-Identifier: MIT
// Fakes for the ports of the flows: a clock that stands still, a random generator that can fail at any draw,
// an HTTP client whose exchanges wait until the test answers them, and a ledger in memory. The test that
// makes one owns it.
#pragma once

#include "../../src/net/http.hpp"
#include "../../src/session/ledger.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <new>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "unit.hpp"

namespace oauth::unit {

using FakeClock = StoppedClock;

// Never gives the same bytes twice. `fail_draw(n)` makes only the n-th draw from now fail.
class FakeRandom final : public core::Random {
public:
    [[nodiscard]] bool fill(void* buffer, std::size_t size) noexcept override {
        if (failing_draw_-- == 0) {
            return false;
        }
        auto* bytes = static_cast<unsigned char*>(buffer);
        for (std::size_t i = 0; i < size; ++i) {
            state_ = state_ * 6364136223846793005U + 1442695040888963407U;
            bytes[i] = static_cast<unsigned char>(state_ >> 56);
        }
        return true;
    }
    void fail_draw(std::uint64_t number) { failing_draw_ = number; }

private:
    std::uint64_t state_ = 1;
    std::uint64_t failing_draw_ = std::numeric_limits<std::uint64_t>::max();
};

class FakeHttp final : public net::HttpClient {
public:
    void start(net::HttpRequest request, net::HttpWaiter& waiter) override {
        if (!no_memory_for.empty() && request.url.ends_with(no_memory_for)) {
            throw std::bad_alloc();
        }
        sent.push_back(request);
        pending_.push_back({std::move(request), &waiter});
    }
    void cancel(net::HttpWaiter& waiter) noexcept override {
        cancelled += std::erase_if(pending_, [&](const Pending& each) { return each.waiter == &waiter; });
    }

    std::size_t pending() const { return pending_.size(); }
    const net::HttpRequest& oldest() const { return pending_.front().request; }

    // Answers the oldest exchange, which resumes its waiter.
    void answer(net::HttpResult result) {
        assert_false(pending_.empty());
        net::HttpWaiter* waiter = pending_.front().waiter;
        pending_.pop_front();
        waiter->result = std::move(result);
        waiter->waiting.resume();
    }

    std::size_t count(std::string_view url_end) const {
        const auto ends = [url_end](const net::HttpRequest& request) {
            return request.url.ends_with(url_end);
        };
        return static_cast<std::size_t>(std::count_if(sent.begin(), sent.end(), ends));
    }

    std::vector<net::HttpRequest> sent;
    std::size_t cancelled = 0;
    std::string no_memory_for; // an end of URLs; empty: there is memory for all

private:
    struct Pending {
        net::HttpRequest request;
        net::HttpWaiter* waiter;
    };
    std::deque<Pending> pending_;
};

inline net::HttpResult json_response(std::string body, int status = 200) {
    net::HttpResponse response;
    response.status = status;
    response.content_type = "application/json";
    response.body = std::move(body);
    return response;
}

inline net::HttpResult unreachable() {
    return core::Error{core::Code::provider_unreachable, "cannot connect to op.example"};
}

class FakeLedger final : public session::Ledger {
public:
    Mark use_once(std::string_view state, std::int64_t until) override {
        return used.emplace(state, until).second ? Mark::first : Mark::again;
    }
    bool is_used(std::string_view state) override { return used.contains(std::string(state)); }
    Revocation revoke(std::string_view session_id, std::int64_t until) override {
        if (full) {
            return Revocation::full;
        }
        if (moved) {
            return Revocation::moved;
        }
        revoked.emplace(session_id, until);
        ++generation_;
        return Revocation::done;
    }
    Revocation revoke_all(std::string_view mark, std::int64_t begun_until, std::int64_t) override {
        if (full) {
            return Revocation::full;
        }
        std::int64_t& moment = marks[std::string(mark)];
        moment = std::max(moment, begun_until);
        ++generation_;
        return Revocation::done;
    }
    bool is_revoked(const session::Marks& of) override {
        const auto ends = [&](const std::string& mark) {
            const auto found = marks.find(mark);
            return !mark.empty() && found != marks.end() && of.begun_at <= found->second;
        };
        return revoked.contains(std::string(of.id)) || ends(of.subject) || ends(of.sid) ||
               ends(of.subject_and_sid);
    }
    Remembered remember(std::string_view key, std::int64_t until) override {
        if (full) {
            return Remembered::full;
        }
        return remembered.emplace(key, until).second ? Remembered::first : Remembered::again;
    }
    bool is_remembered(std::string_view key) override { return remembered.contains(std::string(key)); }

    session::Lease lease(const session::Renewal& renewal, std::int64_t lease_until) override {
        using State = session::Lease::State;
        if (no_room_for_leases) {
            return {};
        }
        const Called called{on_lease};
        leased_until = lease_until;
        Entry& entry = renewals[std::string(renewal.id)];
        if (entry.is_used && entry.tokens_alone && entry.epoch + 1 == renewal.epoch && now < entry.at) {
            return {State::later, "", entry.at};
        }
        if (!entry.is_used || entry.epoch < renewal.epoch) {
            const std::uint32_t failures = entry.tokens_alone ? entry.failures : 0;
            entry = {true, renewal.epoch, State::busy, entry.handover, 0, failures};
            return {State::taken, "", lease_until, failures};
        }
        if (entry.state == State::refused) {
            return {entry.epoch == renewal.epoch ? State::refused : State::spent, "", 0};
        }
        if (entry.epoch > renewal.epoch || entry.state == State::done) {
            return entry.handover.empty() ? session::Lease{State::spent, "", 0}
                                          : session::Lease{State::done, entry.handover, 0};
        }
        if (entry.state == State::later && now >= entry.at) {
            entry.state = State::busy;
            return {State::taken, "", lease_until, entry.failures};
        }
        return {entry.state, "", entry.at};
    }
    bool end_renewal(const session::Renewal& renewal, RenewalEnd end, std::string_view handover) override {
        using State = session::Lease::State;
        Entry& entry = renewals[std::string(renewal.id)];
        entry.tokens_alone = end == RenewalEnd::tokens_alone;
        entry.state = end == RenewalEnd::refused  ? State::refused
                      : end == RenewalEnd::failed ? State::later
                                                  : State::done;
        if (entry.state == State::done) { // what led to this epoch still does, otherwise
            entry.handover = handover;
        }
        if (end == RenewalEnd::failed || entry.tokens_alone) {
            entry.at = now + session::pause_after(entry.failures++);
        }
        return true;
    }
    std::optional<std::string> successor(const session::Renewal& renewal) override {
        using State = session::Lease::State;
        const auto found = renewals.find(std::string(renewal.id));
        if (found == renewals.end() || !found->second.is_used || found->second.epoch < renewal.epoch) {
            return std::nullopt;
        }
        const Entry& entry = found->second;
        const bool is_over = entry.state == State::done || entry.state == State::refused;
        if (entry.epoch == renewal.epoch && !is_over) {
            return std::nullopt;
        }
        return entry.state == State::refused ? "" : entry.handover;
    }
    void saw(const session::Renewal& renewal) override { seen.emplace_back(renewal.epoch); }
    std::uint64_t generation() const noexcept override { return generation_; }

    bool full = false; // of revocations: used states give way
    bool moved = false;
    std::map<std::string, std::int64_t> used;
    std::map<std::string, std::int64_t> revoked;
    std::map<std::string, std::int64_t> marks;
    std::map<std::string, std::int64_t> remembered;
    bool no_room_for_leases = false;
    std::int64_t leased_until = 0;  // by the last that asked
    std::function<void()> on_lease; // after each
    struct Called {
        const std::function<void()>& hook;
        ~Called() {
            if (hook) {
                hook();
            }
        }
    };
    std::int64_t now = 0; // as the test says: for the attempts after a failure
    struct Entry {
        bool is_used = false;
        std::uint64_t epoch = 0;
        session::Lease::State state = session::Lease::State::busy;
        std::string handover;
        std::int64_t at = 0;
        std::uint32_t failures = 0;
        bool tokens_alone = false;
    };
    std::map<std::string, Entry> renewals;
    std::vector<std::uint64_t> seen;

private:
    std::uint64_t generation_ = 1;
};

} // namespace oauth::unit
