// SPDX-License-Identifier: MIT
// See event_loop.hpp. nginx's own ngx_handle_read_event is edge-triggered and ngx_close_connection would
// close libcurl's socket: neither is used here.
#include "event_loop.hpp"
#include "../boundary.hpp"

#include <sys/stat.h>

namespace oauth::ngx {

namespace {

constexpr ngx_msec_t stay_for = 60000; // and then again: that it is set is what counts
constexpr ngx_socket_t no_socket = static_cast<ngx_socket_t>(-1);

bool wants(net::Interest interest, net::Interest side) {
    return interest == side || interest == net::Interest::read_write;
}

// Makes one side of a socket match what is wanted.
bool match(ngx_event_t* event, ngx_int_t kind, bool wanted) {
    if (wanted && !event->active) {
        return ngx_add_event(event, kind, NGX_LEVEL_EVENT) == NGX_OK;
    }
    if (!wanted && event->active) {
        return ngx_del_event(event, kind, 0) == NGX_OK;
    }
    return true;
}

bool adjust(ngx_connection_t* connection, net::Interest interest) {
    return match(connection->read, NGX_READ_EVENT, wants(interest, net::Interest::read)) &&
           match(connection->write, NGX_WRITE_EVENT, wants(interest, net::Interest::write));
}

// The kernel has forgotten a socket that was closed, and another one may have its number: it must not be
// asked.
void drop_closed(ngx_event_t* event, ngx_int_t kind) {
    if (event->active) {
        static_cast<void>(ngx_del_event(event, kind, NGX_CLOSE_EVENT));
    }
}

bool is_open(int socket, dev_t device, ino_t inode) {
    struct stat state{};
    return fstat(socket, &state) == 0 && state.st_dev == device && state.st_ino == inode;
}

void drop_posted(ngx_event_t* event) {
    if (event->posted) {
        ngx_delete_posted_event(event);
    }
}

void give_back(ngx_connection_t* connection) {
    ngx_free_connection(connection);
    connection->fd = no_socket; // marks stale events; set last, because freeing needs the descriptor
}

} // namespace

NgxEventLoop::NgxEventLoop() {
    timer_connection_.fd = no_socket;
    timer_connection_.data = this;
    timer_.data = &timer_connection_;
    timer_.handler = guarded<on_timer_event>;
    timer_.log = ngx_cycle->log;
    stay_timer_.data = &timer_connection_;
    stay_timer_.handler = guarded<on_stay_event>;
    stay_timer_.log = ngx_cycle->log;
}

NgxEventLoop::~NgxEventLoop() {
    clear_timer();
    may_leave();
    while (!watched_.empty()) {
        forget(Watched(watched_.begin()->second));
    }
}

void NgxEventLoop::on_timer_event(ngx_event_t* event) {
    const auto* connection = static_cast<ngx_connection_t*>(event->data);
    auto* loop = static_cast<NgxEventLoop*>(connection->data);
    loop->listener_->on_timer();
}

void NgxEventLoop::on_stay_event(ngx_event_t* event) {
    ngx_add_timer(event, stay_for);
}

void NgxEventLoop::stay() noexcept {
    if (!stay_timer_.timer_set) {
        stay_timer_.log = ngx_cycle->log;
        ngx_add_timer(&stay_timer_, stay_for);
    }
}

void NgxEventLoop::may_leave() noexcept {
    if (stay_timer_.timer_set) {
        ngx_del_timer(&stay_timer_);
    }
}

void NgxEventLoop::on_socket_event(ngx_event_t* event) {
    auto* connection = static_cast<ngx_connection_t*>(event->data);
    auto* loop = static_cast<NgxEventLoop*>(connection->data);
    const int socket = connection->fd;
    event->ready = 0;
    // At worker_shutdown_timeout nginx calls the handlers of all connections to close them. Nothing is done
    // here: the flow ends by its own timeout.
    if (event->write) {
        loop->listener_->on_writable(socket);
    } else {
        loop->listener_->on_readable(socket);
    }
}

bool NgxEventLoop::add(int socket, net::Interest interest) {
    auto* log = ngx_cycle->log;
    struct stat state{};
    if (fstat(socket, &state) != 0) {
        return false;
    }
    ngx_connection_t* connection = ngx_get_connection(socket, log);
    if (connection == nullptr) {
        return false;
    }
    connection->data = this;
    connection->log = log;
    connection->read->handler = guarded<on_socket_event>;
    connection->write->handler = guarded<on_socket_event>;
    connection->read->log = log;
    connection->write->log = log;
    const Watched watched{connection, state.st_dev, state.st_ino, interest};
    try {
        watched_.insert_or_assign(socket, watched);
    } catch (...) {
        give_back(connection);
        return false;
    }
    if (!adjust(connection, interest)) {
        forget(watched);
        return false;
    }
    return true;
}

void NgxEventLoop::forget(const Watched& watched) {
    ngx_connection_t* connection = watched.connection;
    if (is_open(connection->fd, watched.device, watched.inode)) {
        static_cast<void>(adjust(connection, net::Interest::none));
    } else {
        drop_closed(connection->read, NGX_READ_EVENT);
        drop_closed(connection->write, NGX_WRITE_EVENT);
    }
    drop_posted(connection->read);
    drop_posted(connection->write);
    watched_.erase(connection->fd);
    give_back(connection);
}

bool NgxEventLoop::watch(int socket, net::Interest interest) noexcept {
    auto found = watched_.find(socket);
    if (found != watched_.end() &&
        (interest == net::Interest::none || !is_open(socket, found->second.device, found->second.inode))) {
        forget(Watched(found->second));
        found = watched_.end();
    }
    if (interest == net::Interest::none) {
        return true;
    }
    if (found == watched_.end()) {
        return add(socket, interest);
    }
    found->second.interest = interest;
    return adjust(found->second.connection, interest);
}

bool NgxEventLoop::opened(int socket) noexcept {
    const auto found = watched_.find(socket);
    if (found == watched_.end()) {
        return true;
    }
    const net::Interest interest = found->second.interest;
    forget(Watched(found->second));
    return add(socket, interest);
}

void NgxEventLoop::set_timer(long milliseconds, Timer kind) noexcept {
    // Deleted first, because nginx would keep an old expiry that is within 300 ms of the new one.
    clear_timer();
    timer_.log = ngx_cycle->log;
    timer_.cancelable = kind == Timer::may_be_abandoned ? 1 : 0;
    ngx_add_timer(&timer_, static_cast<ngx_msec_t>(milliseconds));
}

void NgxEventLoop::clear_timer() noexcept {
    if (timer_.timer_set) {
        ngx_del_timer(&timer_);
    }
}

} // namespace oauth::ngx
