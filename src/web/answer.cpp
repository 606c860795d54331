// SPDX-License-Identifier: MIT
// See answer.hpp.
#include "answer.hpp"

namespace oauth::web {

Answer redirect(int status, std::string location) {
    Answer answer;
    answer.status = status;
    answer.headers.emplace_back("Location", std::move(location));
    answer.headers.emplace_back("Referrer-Policy", "no-referrer");
    return answer;
}

Answer json(int status, std::string body) {
    Answer answer;
    answer.status = status;
    answer.content_type = "application/json";
    answer.body = std::move(body);
    answer.headers.emplace_back("X-Content-Type-Options", "nosniff");
    return answer;
}

namespace {

int grpc_status(int status) {
    switch (status) {
    case 401:
        return 16; // UNAUTHENTICATED
    case 403:
        return 7; // PERMISSION_DENIED
    case 404:
    case 405:
        return 12; // UNIMPLEMENTED
    case 502:
    case 503:
    case 504:
        return 14; // UNAVAILABLE
    default:
        return status < 500 ? 3 : 13; // INVALID_ARGUMENT, INTERNAL
    }
}

} // namespace

Answer grpc(int status, core::Code code, std::string_view message) {
    std::string encoded; // percent-encoded, all but printable ASCII
    for (const char c : message) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte > 0x7e || c == '%') {
            constexpr std::string_view digits = "0123456789ABCDEF";
            encoded.append({'%', digits[byte >> 4], digits[byte & 15]});
        } else {
            encoded.push_back(c);
        }
    }
    Answer answer;
    answer.status = status;
    answer.content_type = "application/grpc";
    answer.headers = {{"grpc-status", std::to_string(grpc_status(status))},
                      {"grpc-message", std::string(core::code_name(code)) + ": " + encoded}};
    return answer;
}

Answer page(int status, std::string html, std::string content_security_policy) {
    Answer answer;
    answer.status = status;
    answer.content_type = "text/html; charset=utf-8";
    answer.body = std::move(html);
    answer.headers = {{"Content-Security-Policy", std::move(content_security_policy)},
                      {"X-Content-Type-Options", "nosniff"},
                      {"X-Frame-Options", "DENY"},
                      {"Referrer-Policy", "no-referrer"}};
    return answer;
}

} // namespace oauth::web
