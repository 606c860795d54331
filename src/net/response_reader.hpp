// SPDX-License-Identifier: MIT
// Builds an HttpResponse from the header lines and body pieces that libcurl delivers. Stricter than libcurl:
// everything is counted, and ambiguous responses are refused. Does not depend on libcurl; each transfer owns
// one.
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

    // At most this many header lines of any length, interim responses included: 100 headers and a status
    // line.
    static constexpr std::size_t max_lines = 101;

    ResponseReader(std::size_t max_headers, std::size_t max_body)
        : max_headers_(max_headers), max_body_(max_body) {}

    // Takes one whole line with its line end: a status line (also of an interim response), a header, the
    // empty line, a trailer. False: stop; failure() tells why.
    bool on_header_line(std::string_view line) noexcept;
    bool on_body(std::string_view piece) noexcept;

    Failure failure() const { return failure_; }

    // The response, after the exchange has ended well. nullopt if there was a failure or no final response.
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
