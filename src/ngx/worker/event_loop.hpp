// SPDX-License-Identifier: MIT
// net::EventLoop on nginx's events: the sockets of libcurl, level-triggered, and its timer. One per worker. A
// socket that is no longer watched is not closed: it may live on in libcurl's pool.
#pragma once

#include "../ngx.hpp"

#include "../../net/event_loop.hpp"

#include <unordered_map>

namespace oauth::ngx {

class NgxEventLoop final : public net::EventLoop {
public:
    NgxEventLoop();
    ~NgxEventLoop() override;
    NgxEventLoop(const NgxEventLoop&) = delete;
    NgxEventLoop& operator=(const NgxEventLoop&) = delete;

    void attach(net::SocketListener* listener) { listener_ = listener; }

    bool watch(int socket, net::Interest interest) noexcept override;
    bool opened(int socket) noexcept override;
    void set_timer(long milliseconds, Timer kind) noexcept override;
    void clear_timer() noexcept override;

    // While a visitor waits, a worker that is shutting down gracefully stays.
    void stay() noexcept;
    void may_leave() noexcept;

private:
    static void on_stay_event(ngx_event_t* event);
    static void on_socket_event(ngx_event_t* event);
    static void on_timer_event(ngx_event_t* event);

    // What a number was when it was watched: libcurl may close a socket without saying so, and another one
    // may have its number since.
    struct Watched {
        ngx_connection_t* connection;
        dev_t device;
        ino_t inode;
        net::Interest interest;
    };

    bool add(int socket, net::Interest interest);
    void forget(const Watched& watched);

    net::SocketListener* listener_ = nullptr;
    std::unordered_map<int, Watched> watched_;
    ngx_event_t timer_{};
    ngx_event_t stay_timer_{};
    ngx_connection_t timer_connection_{}; // what debug logging reads through a timer's data
};

} // namespace oauth::ngx
