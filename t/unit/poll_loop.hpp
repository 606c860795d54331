// SPDX-License-Identifier: MIT
// An EventLoop on poll(), and coroutines to send requests with, for tests of the network client.
#pragma once

#include "../../src/core/task.hpp"
#include "../../src/net/curl_client.hpp"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace oauth::unit {

using TestTime = std::chrono::steady_clock;

class PollLoop final : public net::EventLoop {
public:
    bool watch(int socket, net::Interest interest) noexcept override {
        if (interest == net::Interest::none) {
            watched_.erase(socket);
            return true;
        }
        if (full_) {
            return false;
        }
        watched_[socket] = interest;
        return true;
    }
    bool opened(int) noexcept override { return true; } // poll() goes by the number
    void set_timer(long milliseconds, Timer kind) noexcept override {
        due_ = TestTime::now() + std::chrono::milliseconds(milliseconds);
        kind_ = kind;
    }
    void clear_timer() noexcept override { due_.reset(); }

    bool run_once(net::SocketListener& listener, long most_milliseconds) {
        std::vector<pollfd> sockets;
        for (const auto& [socket, interest] : watched_) {
            const int events = (interest != net::Interest::write ? POLLIN : 0) |
                               (interest != net::Interest::read ? POLLOUT : 0);
            sockets.push_back({socket, static_cast<short>(events), 0});
        }
        if (poll(sockets.data(), sockets.size(), wait_for(most_milliseconds)) < 0) {
            return false;
        }
        for (const pollfd& ready : sockets) {
            report(listener, ready);
        }
        if (due_ && *due_ <= TestTime::now()) {
            due_.reset();
            listener.on_timer();
        }
        return true;
    }

    // False if it has not ended after five seconds.
    bool run_until(net::SocketListener& listener, const std::function<bool()>& done) {
        const auto end = TestTime::now() + std::chrono::seconds(5);
        while (!done()) {
            if (TestTime::now() > end) {
                return false;
            }
            run_once(listener, 100);
        }
        return true;
    }

    void refuse_sockets() { full_ = true; }
    std::size_t watched() const { return watched_.size(); }
    bool has_timer() const { return due_.has_value(); }
    bool keeps_process_alive() const { return due_ && kind_ == Timer::keeps_process_alive; }

private:
    int wait_for(long most) const {
        if (!due_) {
            return static_cast<int>(most);
        }
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*due_ - TestTime::now()).count();
        return static_cast<int>(std::clamp<long>(left, 0, most));
    }

    // An earlier report may have ended the watching, so each side is reported only if it is still watched.
    void report(net::SocketListener& listener, const pollfd& ready) {
        const int failed = ready.revents & (POLLERR | POLLHUP);
        if (((ready.revents & POLLIN) != 0 || failed != 0) && wants(ready.fd, net::Interest::read)) {
            listener.on_readable(ready.fd);
        }
        if (((ready.revents & POLLOUT) != 0 || failed != 0) && wants(ready.fd, net::Interest::write)) {
            listener.on_writable(ready.fd);
        }
    }
    bool wants(int socket, net::Interest side) const {
        const auto found = watched_.find(socket);
        return found != watched_.end() &&
               (found->second == side || found->second == net::Interest::read_write);
    }

    std::map<int, net::Interest> watched_;
    std::optional<TestTime::time_point> due_;
    Timer kind_ = Timer::may_be_abandoned;
    bool full_ = false;
};

inline net::HttpRequest get(std::string url) {
    return {"GET", std::move(url), {}, {}};
}

// One request in a coroutine of its own. Destroying it cancels the request.
class Exchange {
public:
    using Hook = std::function<void()>;

    Exchange(net::HttpClient& client, net::HttpRequest request, Hook after = {})
        : flow_(run(client, std::move(request), result, std::move(after)), {[](auto, auto) {}}) {
        flow_.start();
    }

    std::optional<net::HttpResult> result;

    bool done() const { return result.has_value(); }
    bool ok() const { return result && result->ok(); }
    bool failed_with(core::Code code) const {
        return result && !result->ok() && result->error().code == code;
    }
    const std::string& detail() const { return result->error().detail; }

private:
    static core::Task<int> run(net::HttpClient& client, net::HttpRequest request,
                               std::optional<net::HttpResult>& result, Hook after) {
        net::HttpResult answer = co_await net::fetch(client, std::move(request));
        result.emplace(std::move(answer));
        if (after) {
            after();
        }
        co_return 0;
    }

    core::Flow<int> flow_;
};

struct Network {
    PollLoop loop;
    std::unique_ptr<net::CurlEngine> engine;
    std::unique_ptr<net::HttpClient> client;

    explicit Network(net::HttpLimits limits = {}) {
        std::string error;
        engine = net::CurlEngine::create(loop, error);
        client = make_client(std::move(limits));
    }
    std::unique_ptr<net::HttpClient> make_client(net::HttpLimits limits) {
        std::string error;
        return engine->make_client(std::move(limits), error);
    }
    bool run_until_done(const Exchange& exchange) {
        return loop.run_until(*engine, [&exchange] { return exchange.done(); });
    }
    // A connection over TLS may outlive its request: libcurl 8.9 and later waits for the server's goodbye.
    bool run_until_nothing_is_watched() {
        return loop.run_until(*engine, [this] { return loop.watched() == 0; });
    }
};

} // namespace oauth::unit
