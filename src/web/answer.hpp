// SPDX-License-Identifier: MIT
// What a flow answers, as a value. src/ngx makes nginx's response of it. Every answer has Cache-Control:
// no-store unless it says otherwise; pages have the headers of docs/security.md.
#pragma once

#include "../core/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oauth::web {

enum class LogLevel { none, info, notice, warn, error };

struct Answer {
    int status = 200;
    std::string content_type; // empty: no body
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
    std::vector<std::string> set_cookies; // Set-Cookie values
    std::string cache_control = "no-store";
    std::optional<core::Code> code; // what failed: $oauth_error
    LogLevel log_level = LogLevel::none;
    std::string log; // one line, without secrets
};

// The status is 302, or 303 where the browser must not repeat the request's method.
Answer redirect(int status, std::string location);

Answer json(int status, std::string body);

// The same for whoever asked by gRPC: its own status, and a body of no message. gRPC over HTTP/2,
// "Trailers-Only"; the HTTP status stays, for those who look at that.
Answer grpc(int status, core::Code code, std::string_view message);

// An HTML page with the headers that pages have.
Answer page(int status, std::string html, std::string content_security_policy);

} // namespace oauth::web
