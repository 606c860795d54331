// SPDX-License-Identifier: MIT
// What a flow answers, before it is nginx's response. Every answer carries Cache-Control: no-store; pages
// carry the headers of docs/security.md. A value; whoever holds it owns it.
#pragma once

#include "../core/result.hpp"

#include <optional>
#include <string>
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

// 302, or 303 where the request's method must not be repeated.
Answer redirect(int status, std::string location);

Answer json(int status, std::string body);

// An HTML page with the headers that pages carry.
Answer page(int status, std::string html);

} // namespace oauth::web
