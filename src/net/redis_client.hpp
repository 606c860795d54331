// SPDX-License-Identifier: MIT
// A Redis server as stores see it: co_await client.ask({commands}). One connection, made when it is first
// needed and anew when it is lost; commands are sent as they come, and answered in that order. Whatever goes
// wrong is store_unavailable, after settings.timeout at the latest; nobody is resumed but from the event
// loop.
#pragma once

#include "../core/result.hpp"
#include "../core/task.hpp"
#include "redis_wire.hpp"

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace oauth::net {

struct RedisSettings {
    enum class Transport { tcp, tls, unix_socket } transport = Transport::tcp;
    std::string host; // a name or an address, IPv6 in brackets
    std::uint16_t port = 6379;
    std::string path; // of a Unix socket
    unsigned database = 0;
    std::string user; // empty: the default one
    std::string password;
    std::chrono::milliseconds timeout{1000}; // of each ask, with whatever connecting it takes
    std::string trusted_certificates;        // PEM text; empty: the system's

    bool operator==(const RedisSettings&) const = default;
    // As logs and messages name the server: never with user or password.
    std::string name() const;
};

// Told of what an administrator has to know, in a sentence; each is said once until something else is so.
using RedisReport = std::function<void(const std::string& sentence)>;

struct RedisAsk {
    std::vector<RedisCommand> commands;
    // Where a connection is lost nobody knows whether they have been done: may they be sent again?
    enum class Again { harmless, never } again = Again::never;
};

using RedisReplies = std::vector<RedisReply>; // one for each command, none of them an error
using RedisResult = core::Result<RedisReplies>;

struct RedisWaiter {
    std::coroutine_handle<> waiting;
    std::optional<RedisResult> result;
    void* place = nullptr; // for the client's own use; null: nothing is to be cancelled
};

class RedisClient {
public:
    static constexpr std::size_t most_waiting = 1024;          // asks
    static constexpr std::size_t most_bytes = 8 * 1024 * 1024; // of theirs

    RedisClient() = default;
    RedisClient(const RedisClient&) = delete;
    RedisClient& operator=(const RedisClient&) = delete;
    virtual ~RedisClient() = default;

    // Sets waiter.result, at once where there is nothing to wait for; else it does so later, from the event
    // loop, and resumes waiter.waiting. Null: nobody waits for the answer.
    virtual void start(RedisAsk ask, RedisWaiter* waiter) = 0;
    // The waiter is about to be destroyed. What it has asked for may be done all the same.
    virtual void cancel(RedisWaiter& waiter) noexcept = 0;

    core::Task<RedisResult> ask(RedisAsk ask);
    void tell(RedisAsk ask) { start(std::move(ask), nullptr); }
};

class [[nodiscard]] RedisExchange {
public:
    RedisExchange(RedisClient& client, RedisAsk ask) : client_(client), ask_(std::move(ask)) {}
    RedisExchange(const RedisExchange&) = delete;
    RedisExchange& operator=(const RedisExchange&) = delete;
    ~RedisExchange() {
        if (waiter_.place != nullptr) {
            client_.cancel(waiter_);
        }
    }

    bool await_ready() {
        client_.start(std::move(ask_), &waiter_);
        return waiter_.result.has_value();
    }
    void await_suspend(std::coroutine_handle<> waiting) noexcept { waiter_.waiting = waiting; }
    RedisResult await_resume() { return std::move(*waiter_.result); }

private:
    RedisClient& client_;
    RedisAsk ask_;
    RedisWaiter waiter_;
};

inline core::Task<RedisResult> RedisClient::ask(RedisAsk ask) {
    RedisExchange exchange(*this, std::move(ask));
    co_return co_await exchange;
}

} // namespace oauth::net
