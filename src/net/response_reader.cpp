// SPDX-License-Identifier: MIT
// Reads responses line by line. Called from libcurl's header and write callbacks, so no exception leaves it;
// without memory only this response fails.
#include "response_reader.hpp"

#include "../core/bytes.hpp"

#include <algorithm>
#include <utility>

namespace oauth::net {

namespace {

using Failure = ResponseReader::Failure;

bool is_digits(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool has_forbidden_byte(std::string_view line) {
    return std::any_of(line.begin(), line.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t') || byte == 0x7f;
    });
}

} // namespace

bool ResponseReader::on_header_line(std::string_view line) noexcept {
    try {
        failure_ = read_line(line);
    } catch (...) {
        failure_ = Failure::out_of_memory;
    }
    return failure_ == Failure::none;
}

bool ResponseReader::on_body(std::string_view piece) noexcept {
    if (piece.size() > max_body_ - response_.body.size()) {
        failure_ = Failure::body_too_large;
        return false;
    }
    try {
        response_.body.append(piece);
    } catch (...) {
        failure_ = Failure::out_of_memory;
    }
    return failure_ == Failure::none;
}

Failure ResponseReader::read_line(std::string_view line) {
    header_bytes_ += line.size();
    header_lines_ += line == "\r\n" ? 0 : 1;
    if (header_bytes_ > max_headers_ || header_lines_ > max_lines) {
        return Failure::headers_too_large;
    }
    if (!line.ends_with("\r\n")) {
        return Failure::malformed;
    }
    line.remove_suffix(2);
    if (has_forbidden_byte(line)) {
        return Failure::malformed;
    }
    if (expecting_ == Expecting::status_line) {
        return read_status_line(line);
    }
    if (!line.empty()) {
        return read_header(line);
    }
    return expecting_ == Expecting::headers ? end_of_headers() : Failure::none;
}

Failure ResponseReader::read_status_line(std::string_view line) {
    constexpr std::size_t code_at = 9; // "HTTP/1.1 "
    const bool well_formed = line.size() >= code_at + 3 && line.starts_with("HTTP/1.") &&
                             is_digits(line.substr(7, 1)) && line[8] == ' ' &&
                             is_digits(line.substr(code_at, 3)) &&
                             (line.size() == code_at + 3 || line[code_at + 3] == ' ');
    if (!well_formed) {
        return Failure::malformed;
    }
    response_ = HttpResponse{};
    response_.status = static_cast<int>(core::parse_decimal(line.substr(code_at, 3), 599).value_or(0));
    expecting_ = Expecting::headers;
    return response_.status >= 100 ? Failure::none : Failure::malformed;
}

Failure ResponseReader::read_header(std::string_view line) {
    const std::size_t colon = line.find(':');
    // This also refuses folded lines: they begin with a space, which is no token.
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
        return Failure::malformed;
    }
    if (expecting_ == Expecting::headers) {
        response_.headers.push_back(
            {core::to_lower_ascii(line.substr(0, colon)), std::string(core::trim(line.substr(colon + 1)))});
    }
    return Failure::none;
}

Failure ResponseReader::end_of_headers() {
    if (response_.status == 101) {
        return Failure::malformed; // the request did not offer another protocol
    }
    if (response_.status < 200) {
        expecting_ = Expecting::status_line;
        return Failure::none;
    }
    expecting_ = Expecting::trailers;
    const auto names_a_type = [](const Header& header) { return header.name == "content-type"; };
    if (std::count_if(response_.headers.begin(), response_.headers.end(), names_a_type) == 1) {
        response_.content_type = media_type(*response_.header("content-type"));
    }
    return check_framing();
}

// RFC 9112 6.3: one length, or chunked. No other transfer coding, because libcurl would decode it unasked.
Failure ResponseReader::check_framing() const {
    std::optional<std::string_view> length;
    bool chunked = false;
    for (const Header& header : response_.headers) {
        if (header.name == "content-encoding" && !core::equal_ignoring_case(header.value, "identity")) {
            return Failure::encoded_body;
        }
        if (header.name == "transfer-encoding") {
            if (chunked || !core::equal_ignoring_case(header.value, "chunked")) {
                return Failure::malformed;
            }
            chunked = true;
        }
        if (header.name == "content-length") {
            if (!is_digits(header.value) || (length && *length != header.value)) {
                return Failure::malformed;
            }
            length = header.value;
        }
    }
    if (length && chunked) {
        return Failure::malformed;
    }
    return length && !core::parse_decimal(*length, max_body_) ? Failure::body_too_large : Failure::none;
}

std::optional<HttpResponse> ResponseReader::take() {
    if (failure_ != Failure::none || expecting_ != Expecting::trailers) {
        return std::nullopt;
    }
    return std::move(response_);
}

} // namespace oauth::net
