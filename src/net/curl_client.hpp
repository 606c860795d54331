// SPDX-License-Identifier: MIT
// HttpClient on libcurl's multi socket interface, driven by an EventLoop: no threads of our own, nothing
// blocks. One engine per worker, made after fork. It owns its transfers; the awaiting frames own the waiters.
#pragma once

#include "event_loop.hpp"
#include "http.hpp"
#include "redis_client.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace oauth::net {

struct HttpLimits {
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds timeout{10000}; // the whole exchange
    std::size_t max_body = 1024 * 1024;
    std::size_t max_headers = 64 * 1024; // all header lines together
    std::string user_agent = "ngx_http_oauth_module";
    std::vector<std::string> plain_hosts; // beside loopback hosts, those that may be asked by http
    std::string proxy;                    // empty: none; the environment is never read
    std::string ignored_proxy;            // a variable of the environment that names one: for messages
    std::string trusted_certificates;     // PEM text; empty: the system's
};

// The multi handle with its sockets and timer: one per worker, shared by the clients of all servers.
class CurlEngine : public SocketListener {
public:
    // Starts libcurl in this process. Null, with a reason in `error`, if libcurl lacks what is needed
    // (asynchronous name resolution, TLS by OpenSSL 3). Reads libcurl's default bundle of certificates;
    // without that file, clients without certificates of their own trust no server. Throws std::bad_alloc.
    static std::unique_ptr<CurlEngine> create(EventLoop& loop, std::string& error);
    ~CurlEngine() override; // transfers that still run are dropped, and their waiters are never resumed

    // A client with its own limits; it must not outlive the engine. Parses the trusted certificates. Null,
    // with a reason in `error`, if they are not PEM certificates.
    virtual std::unique_ptr<HttpClient> make_client(HttpLimits limits, std::string& error) = 0;
    // The same for a Redis server.
    virtual std::unique_ptr<RedisClient> make_redis_client(RedisSettings settings, RedisReport report,
                                                           std::string& error) = 0;
};

} // namespace oauth::net
