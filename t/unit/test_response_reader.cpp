// SPDX-License-Identifier: MIT
// The response reader on its own, line by line (DS-16, TK-16): what is taken, what is refused, and why.
#include "../../src/net/response_reader.hpp"

#include <initializer_list>
#include <string>
#include <vector>

#include "unit.hpp"

namespace {

using oauth::net::ResponseReader;
using Failure = ResponseReader::Failure;

constexpr const char* ok_line = "HTTP/1.1 200 OK\r\n";

Failure read(const std::vector<std::string_view>& lines) {
    ResponseReader reader(1000, 10);
    for (const std::string_view line : lines) {
        if (!reader.on_header_line(line)) {
            break;
        }
    }
    return reader.failure();
}

void check(Failure actual, Failure expected, std::string_view line) {
    if (actual != expected) {
        print_error("for %.*s", static_cast<int>(line.size()), line.data());
    }
    assert_int_equal(static_cast<int>(actual), static_cast<int>(expected));
}

void test_response(void**) {
    ResponseReader reader(1000, 10);
    for (const char* line :
         {"HTTP/1.1 103 Early\r\n", "Link: x\r\n", "\r\n", ok_line, "Content-Type: Application/JSON;x=y\r\n",
          "X-Empty:\r\n", "Content-Length: 10\r\n", "\r\n"}) {
        assert_true(reader.on_header_line(line));
    }
    assert_true(reader.on_body("01234"));
    assert_true(reader.on_body("56789"));
    assert_true(reader.on_header_line("Content-Encoding: gzip\r\n")); // a trailer is no header
    const auto response = reader.take();
    assert_true(response.has_value());
    assert_int_equal(response->status, 200);
    assert_int_equal(response->headers.size(), 3);
    assert_text_equal(response->content_type, "application/json");
    assert_text_equal(response->header("x-empty").value_or("none"), "");
    assert_text_equal(response->body, "0123456789");
}

void test_incomplete(void**) {
    ResponseReader reader(1000, 10);
    assert_false(reader.take().has_value());
    assert_true(reader.on_header_line(ok_line));
    assert_false(reader.take().has_value());
}

void test_status_lines(void**) {
    for (const char* good : {"HTTP/1.1 200\r\n", "HTTP/1.0 404 Not found\r\n", "HTTP/1.1 599 \r\n"}) {
        check(read({good, "\r\n"}), Failure::none, good);
    }
    for (const char* bad : {"HTTP/1.1 099 x\r\n", "HTTP/1.1 600 x\r\n", "HTTP/1.1 2000\r\n",
                            "HTTP/1.1 20\r\n", "HTTP/2 200\r\n", "HTTP/1.x 200\r\n", "HTTP/1.1  200\r\n",
                            "hello\r\n", "\r\n", "HTTP/1.1 200 OK\n", "HTTP/1.1 101 x\r\n"}) {
        check(read({bad, "\r\n"}), Failure::malformed, bad);
    }
}

void test_header_lines(void**) {
    const std::string_view nul("A: b\0c\r\n", 8);
    for (const std::string_view bad : {std::string_view(" folded: x\r\n"), std::string_view("\tfolded\r\n"),
                                       std::string_view("no colon\r\n"), std::string_view(": no name\r\n"),
                                       std::string_view("A : b\r\n"), std::string_view("A: b\n"), nul,
                                       std::string_view("A: b\rc\r\n"), std::string_view("A: \x7f\r\n")}) {
        check(read({ok_line, bad, "\r\n"}), Failure::malformed, bad);
    }
}

void test_framing(void**) {
    check(read({ok_line, "Content-Length: 10\r\n", "content-length: 10\r\n", "\r\n"}), Failure::none,
          "same lengths");
    check(read({ok_line, "Transfer-Encoding: Chunked\r\n", "\r\n"}), Failure::none, "chunked");
    check(read({ok_line, "Content-Length: 10\r\n", "Content-Length: 9\r\n", "\r\n"}), Failure::malformed,
          "lengths");
    check(read({ok_line, "Content-Length: 1\r\n", "Transfer-Encoding: chunked\r\n", "\r\n"}),
          Failure::malformed, "both");
    for (const char* bad :
         {"Content-Length: -1\r\n", "Content-Length: 1, 1\r\n", "Content-Length: 0x1\r\n",
          "Content-Length:\r\n", "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: gzip\r\n"}) {
        check(read({ok_line, bad, "\r\n"}), Failure::malformed, bad);
    }
    check(read({ok_line, "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\n", "\r\n"}),
          Failure::malformed, "chunked twice");
}

void test_sizes(void**) { // TK-16
    for (const char* large : {"Content-Length: 11\r\n", "Content-Length: 99999999999999999999999999\r\n"}) {
        check(read({ok_line, large, "\r\n"}), Failure::body_too_large, large);
    }
    ResponseReader reader(1000, 10);
    assert_true(reader.on_body("0123456789"));
    assert_false(reader.on_body("0"));
    check(reader.failure(), Failure::body_too_large, "body");

    const std::string long_line = "A: " + std::string(990, 'b') + "\r\n";
    check(read({ok_line, long_line, "\r\n"}), Failure::headers_too_large, "bytes");
    std::vector<std::string_view> lines(ResponseReader::max_lines, "A:\r\n");
    lines.front() = ok_line;
    check(read(lines), Failure::none, "100 headers");
    lines.push_back("A:\r\n");
    check(read(lines), Failure::headers_too_large, "101 headers");
}

void test_encodings(void**) { // TK-16
    check(read({ok_line, "Content-Encoding: Identity\r\n", "\r\n"}), Failure::none, "identity");
    for (const char* bad :
         {"Content-Encoding: gzip\r\n", "content-encoding: identity, br\r\n", "Content-Encoding:\r\n"}) {
        check(read({ok_line, bad, "\r\n"}), Failure::encoded_body, bad);
    }
}

void test_two_content_types(void**) {
    ResponseReader reader(1000, 10);
    for (const char* line :
         {ok_line, "Content-Type: application/json\r\n", "Content-Type: text/html\r\n", "\r\n"}) {
        assert_true(reader.on_header_line(line));
    }
    assert_text_equal(reader.take()->content_type, "");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_response),     cmocka_unit_test(test_incomplete),
        cmocka_unit_test(test_status_lines), cmocka_unit_test(test_header_lines),
        cmocka_unit_test(test_framing),      cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_encodings),    cmocka_unit_test(test_two_content_types),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
