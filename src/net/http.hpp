// SPDX-License-Identifier: MIT
// The HTTP client as flows see it: co_await fetch(client, request). The awaiting coroutine is always resumed
// from the event loop, never from inside fetch. Destroying its frame cancels the transfer. Redirects are
// never followed. Only https is used, and http to loopback hosts and those
// that the configuration names.
#pragma once

#include "../core/result.hpp"

#include <coroutine>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oauth::net {

class ClientCertificate; // client_certificate.hpp

struct Header {
    std::string name;
    std::string value;
};

struct HttpRequest {
    std::string method = "GET";
    std::string url;
    std::vector<Header> headers; // the request fails if a name or value has control characters
    std::string body;            // sent for POST and DELETE
    // A request that no visitor waits for does not keep a process that is to end.
    enum class Purpose { visitor, background } purpose = Purpose::visitor;
    // What the server gets to see where it asks for one; null: nothing. Only https has it, on a connection of
    // its own, which no other request uses.
    std::shared_ptr<const ClientCertificate> certificate = nullptr;
};

struct HttpResponse {
    int status = 0;
    std::string content_type;    // media type, lower case, without parameters; empty if absent
    std::vector<Header> headers; // names in lower case
    std::string body;            // at most the client's limit

    std::optional<std::string_view>
    header(std::string_view lower_case_name) const; // the first with this name
};

// RFC 9110 8.3.1. "Application/JSON; charset=utf-8" gives "application/json"; empty if the value does not
// begin with a media type.
std::string media_type(std::string_view content_type);

// RFC 9110 5.6.2: a token, such as the name of a header.
bool is_token(std::string_view text);

// Errors: provider_timeout, or provider_unreachable (name, connection or TLS fails; the answer is too large,
// encoded or malformed). The detail names what happened and the host, never a query, header or body.
using HttpResult = core::Result<HttpResponse>;

// What waits for one exchange. The client keeps a pointer to it until it is resumed or cancelled.
class HttpWaiter {
public:
    std::coroutine_handle<> waiting;
    std::optional<HttpResult> result;
    void* transfer = nullptr; // for the client's own use
};

class HttpClient {
public:
    virtual ~HttpClient() = default;
    // Sets waiter.result and resumes waiter.waiting later, from the event loop.
    virtual void start(HttpRequest request, HttpWaiter& waiter) = 0;
    // The waiter is about to be destroyed: it is not resumed any more.
    virtual void cancel(HttpWaiter& waiter) noexcept = 0;
};

class [[nodiscard]] HttpExchange {
public:
    HttpExchange(HttpClient& client, HttpRequest request) : client_(client), request_(std::move(request)) {}
    HttpExchange(const HttpExchange&) = delete;
    HttpExchange& operator=(const HttpExchange&) = delete;
    ~HttpExchange() {
        if (pending_ && !waiter_.result) {
            client_.cancel(waiter_);
        }
    }

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> waiting) {
        waiter_.waiting = waiting;
        client_.start(std::move(request_), waiter_); // if this throws, nothing is pending
        pending_ = true;
    }
    HttpResult await_resume() { return std::move(*waiter_.result); }

private:
    HttpClient& client_;
    HttpRequest request_;
    HttpWaiter waiter_;
    bool pending_ = false;
};

inline HttpExchange fetch(HttpClient& client, HttpRequest request) {
    return HttpExchange(client, std::move(request));
}

} // namespace oauth::net
