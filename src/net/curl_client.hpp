// SPDX-License-Identifier: MIT
// HttpClient on libcurl's multi socket interface, driven by an EventLoop: no thread of ours, nothing blocks.
// One per worker, made after fork. It owns its transfers; waiters belong to the awaiting frames.
#pragma once

#include "event_loop.hpp"
#include "http.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

namespace oauth::net {

struct HttpLimits {
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds timeout{10000}; // the whole exchange
    std::size_t max_body = 1024 * 1024;
    std::size_t max_headers = 64 * 1024; // all header lines together
    std::string user_agent = "ngx_http_oauth_module";
    std::string proxy;                // empty: none; the environment is never looked at
    std::string trusted_certificates; // PEM text; empty: the system's
};

// The multi handle with its sockets and timer: one per worker, shared by the clients of all servers.
class CurlEngine : public SocketListener {
public:
    // Starts libcurl in this process. Nothing, and a reason in `error`, if libcurl cannot do what is needed
    // (asynchronous names, TLS by OpenSSL). The system's certificates are libcurl's default bundle, read
    // here, once; without that file no certificate is trusted by clients that bring none of their own.
    static std::unique_ptr<CurlEngine> create(EventLoop& loop, std::string& error);
    ~CurlEngine() override; // every transfer must have been cancelled or finished, or is abandoned here

    // A client with limits of its own. It must not outlive the engine. The trusted certificates are parsed
    // here, once; nothing, and a reason in `error`, if they are not PEM certificates.
    virtual std::unique_ptr<HttpClient> make_client(HttpLimits limits, std::string& error) = 0;
};

} // namespace oauth::net
