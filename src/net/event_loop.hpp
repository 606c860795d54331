// SPDX-License-Identifier: MIT
// The event loop that the network client runs on: level-triggered sockets and one timer. nginx's loop
// implements it in src/ngx/, a poll() loop in the unit tests. The functions of EventLoop never call the
// listener themselves.
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
    // Interest::none stops watching and leaves the socket open; it may be closed already. False if the loop
    // has no room for the socket (in nginx: worker_connections are not enough).
    [[nodiscard]] virtual bool watch(int socket, Interest interest) noexcept = 0;
    // A new socket has this number. If one with this number is watched, that one has been closed and nobody
    // said so: the new one is watched in its place, for the same. False as above.
    [[nodiscard]] virtual bool opened(int socket) noexcept = 0;
    // There is one timer; a new one replaces it. With keeps_process_alive the process does not exit
    // gracefully before it fires.
    enum class Timer { keeps_process_alive, may_be_abandoned };
    virtual void set_timer(long milliseconds, Timer kind) noexcept = 0;
    virtual void clear_timer() noexcept = 0;
};

} // namespace oauth::net
