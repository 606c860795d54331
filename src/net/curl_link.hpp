// SPDX-License-Identifier: MIT
// A connection that libcurl makes for another protocol than HTTP (CURLOPT_CONNECT_ONLY): name lookup, TLS and
// timeout are those of any transfer. Once it is up, its owner sends and receives; the engine tells it of
// events and of its time. Private to src/net.
#pragma once

#include "event_loop.hpp"
#include "http.hpp"
#include "name_lookups.hpp"

#include <curl/curl.h>

#include <chrono>
#include <optional>

namespace oauth::net {

constexpr const char* no_room = "there is no room for the connection: raise worker_connections";

class Link {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    Link() = default;
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    virtual ~Link() = default;

    // All three are called from the event loop, when no frame of libcurl is there.
    virtual void on_connected(HttpResult result) noexcept = 0; // ok: it is up
    virtual void on_ready() noexcept = 0;                      // there may be something to read, or room
    virtual void on_due() noexcept = 0;

    virtual std::optional<TimePoint> due() const noexcept = 0;
    virtual bool is_waited_for() const noexcept = 0; // by a visitor: then the process is not to end

protected:
    bool is_up() const { return easy_ != nullptr; }
    CURL* easy() const { return easy_.get(); }

private:
    friend class CurlMultiEngine;

    HttpWaiter connecting_; // has a transfer while it is connecting
    EasyHandle easy_;       // in the multi handle, and the connection with it
    curl_socket_t socket_ = CURL_SOCKET_BAD;
};

} // namespace oauth::net
