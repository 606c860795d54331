// SPDX-License-Identifier: MIT
// The port that the network client runs on: level-triggered socket readiness and one timer. nginx's loop
// implements it in src/ngx/, a poll() loop does in the unit tests. No call of the client's comes back inside
// these calls.
#pragma once

namespace oauth::net {

enum class Interest { none, read, write, read_write };

class SocketListener {
public:
    virtual ~SocketListener() = default;
    virtual void on_readable(int socket) noexcept = 0;
    virtual void on_writable(int socket) noexcept = 0;
    virtual void on_timer() noexcept = 0;
};

class EventLoop {
public:
    virtual ~EventLoop() = default;
    // Level-triggered. Interest::none stops watching; it does not close the socket, which may live on. False
    // if the loop has no room for the socket (nginx: worker_connections are not enough).
    [[nodiscard]] virtual bool watch(int socket, Interest interest) noexcept = 0;
    // One timer: replaces the one before. on_timer() is called from the loop, never from here. `keeps_alive`:
    // the process is not to exit gracefully before it fires.
    enum class Timer { keeps_process_alive, may_be_abandoned };
    virtual void set_timer(long milliseconds, Timer kind) noexcept = 0;
    virtual void clear_timer() noexcept = 0;
};

} // namespace oauth::net
