// SPDX-License-Identifier: MIT
// Builds an HttpResponse from the header lines and body pieces that libcurl hands out, stricter than libcurl:
// everything is counted, and what two readers could understand differently is refused. Knows nothing of
// libcurl; a transfer owns one.
#pragma once

#include "http.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace oauth::net {

class ResponseReader {
public:
    enum class Failure { none, body_too_large, headers_too_large, encoded_body, malformed, out_of_memory };

    // At most this many header lines, whatever their length: 100 headers and a status line, interim responses
    // included.
    static constexpr std::size_t max_lines = 101;

    ResponseReader(std::size_t max_headers, std::size_t max_body)
        : max_headers_(max_headers), max_body_(max_body) {}

    // One whole line with its line end: status lines (of interim responses too), headers, the empty line,
    // trailers. False: stop, failure() says why.
    bool on_header_line(std::string_view line) noexcept;
    bool on_body(std::string_view piece) noexcept;

    Failure failure() const { return failure_; }

    // The response, after the exchange has ended well; nothing if no final response was seen.
    std::optional<HttpResponse> take();

private:
    enum class Expecting { status_line, headers, trailers };

    Failure read_line(std::string_view line);
    Failure read_status_line(std::string_view line);
    Failure read_header(std::string_view line);
    Failure end_of_headers();
    Failure check_framing() const;

    std::size_t max_headers_;
    std::size_t max_body_;
    std::size_t header_bytes_ = 0;
    std::size_t header_lines_ = 0;
    Expecting expecting_ = Expecting::status_line;
    Failure failure_ = Failure::none;
    HttpResponse response_;
};

} // namespace oauth::net
