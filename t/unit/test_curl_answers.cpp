// SPDX-License-Identifier: MIT
// The network client and the answers of servers that are large, encoded, endless, malformed or in many
// pieces.
#include <atomic>
#include <chrono>
#include <csignal>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "http_server.hpp"
#include "poll_loop.hpp"
#include "unit.hpp"

namespace {

using namespace oauth;
using unit::answer_once;
using unit::Connection;
using unit::Exchange;
using unit::get;
using unit::hello;
using unit::HttpServer;
using unit::Network;

void test_body_limit(void**) { // TK-16
    net::HttpLimits limits;
    limits.max_body = 1000;
    const std::string start = "HTTP/1.1 200 OK\r\n";
    const std::vector<HttpServer::Script> scripts{
        [&](Connection& connection) { // refused when announced: nothing more ever comes
            connection.read_request();
            connection.send(start + "Content-Length: 1001\r\n\r\n");
            connection.wait_for_close();
        },
        [&](Connection& connection) { // endless chunks
            connection.read_request();
            connection.send(start + "Transfer-Encoding: chunked\r\n\r\n");
            while (connection.send("10\r\n0123456789abcdef\r\n")) {
            }
        },
        [&](Connection& connection) { // endless until close
            connection.read_request();
            connection.send(start + "\r\n");
            while (connection.send("0123456789abcdef")) {
            }
        },
    };
    for (const HttpServer::Script& script : scripts) {
        HttpServer server(script);
        Network network(limits);
        Exchange exchange(*network.client, get(server.url("/")));
        assert_true(network.run_until_done(exchange));
        assert_true(exchange.failed_with(core::Code::provider_unreachable));
        assert_true(exchange.detail().starts_with("the response is too large"));
    }
    HttpServer server(answer_once(start + "Content-Length: 1000\r\n\r\n" + std::string(1000, 'x')));
    Network network(limits);
    Exchange exchange(*network.client, get(server.url("/")));
    assert_true(network.run_until_done(exchange));
    assert_true(exchange.ok());
}

void test_encoded_body(void**) { // TK-16
    const std::string start = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n";
    HttpServer server(answer_once(start + "Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08"));
    Network network;
    Exchange exchange(*network.client, get(server.url("/")));
    assert_true(network.run_until_done(exchange));
    assert_true(exchange.failed_with(core::Code::provider_unreachable));
    assert_true(exchange.detail().starts_with("the response has an encoded body"));
}

void test_endless_headers(void**) { // DS-01, DS-16
    for (const char* line : {"A: b\r\n", "HTTP/1.1 100 Continue\r\n\r\n"}) {
        HttpServer server([line](Connection& connection) {
            connection.read_request();
            connection.send(*line == 'A' ? "HTTP/1.1 200 OK\r\n" : "");
            while (connection.send(line)) {
            }
        });
        Network network;
        Exchange exchange(*network.client, get(server.url("/")));
        assert_true(network.run_until_done(exchange));
        assert_true(exchange.failed_with(core::Code::provider_unreachable));
    }
}

void test_malformed_answers(void**) { // DS-16
    const std::string start = "HTTP/1.1 200 OK\r\n";
    const std::string chunked = start + "Transfer-Encoding: chunked\r\n\r\n";
    const std::vector<std::string> answers{
        "",
        "hello", // HTTP/0.9
        "HTTP/1.1 200 OK",
        start,
        start + "Content-Length: 10\r\n\r\nhello",
        start + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        start + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        start + "Content-Length: -5\r\n\r\nhello",
        start + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        chunked + "fffffffffffffffff\r\nhello",
        chunked + "-1\r\nhello",
        chunked + "5\r\nhello\r\n",
        start + "A: " + std::string(1'000'000, 'b') + "\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
        start + "A: b\r\n c\r\nContent-Length: 5\r\n\r\nhello",
        start + std::string("A: b\0c\r\nContent-Length: 5\r\n\r\nhello", 34),
        "HTTP/1.1 101 Switching Protocols\r\n\r\nhello",
        "HTTP/1.1 999 Odd\r\nContent-Length: 5\r\n\r\nhello",
    };
    for (const std::string& answer : answers) {
        HttpServer server(answer_once(answer));
        Network network;
        Exchange exchange(*network.client, get(server.url("/")));
        assert_true(network.run_until_done(exchange));
        if (exchange.ok()) {
            print_error("accepted: %.80s\n", answer.c_str());
        }
        assert_true(exchange.failed_with(core::Code::provider_unreachable));
    }
}

void test_unusual_answers(void**) { // DS-16: legal, if odd
    const std::vector<std::string> answers{
        "HTTP/1.1 100 Continue\r\n\r\n" + hello,
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nA: b\r\n\r\n",
    };
    for (const std::string& answer : answers) {
        HttpServer server(answer_once(answer));
        Network network;
        Exchange exchange(*network.client, get(server.url("/")));
        assert_true(network.run_until_done(exchange));
        assert_true(exchange.ok());
        assert_text_equal(exchange.result->value().body, "hello");
        assert_false(exchange.result->value().header("a").has_value());
    }
}

void test_split_at_every_byte(void**) { // DS-20
    const std::string whole =
        "HTTP/1.1 201 Created\r\nContent-Type: text/a\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n"
        "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
    std::atomic<std::size_t> at = 0; // 0: every byte by itself
    HttpServer server([&](Connection& connection) {
        while (!connection.read_request().empty()) {
            for (std::size_t sent = 0; sent < whole.size();) {
                const std::size_t size = at == 0 ? 1 : sent == 0 ? at.load() : whole.size();
                connection.send(std::string_view(whole).substr(sent, size));
                std::this_thread::sleep_for(std::chrono::microseconds(500));
                sent += size;
            }
        }
    });
    Network network;
    for (at = 0; at < whole.size(); ++at) {
        Exchange exchange(*network.client, get(server.url("/")));
        assert_true(network.run_until_done(exchange));
        assert_true(exchange.ok());
        const net::HttpResponse& response = exchange.result->value();
        assert_int_equal(response.status, 201);
        assert_int_equal(response.headers.size(), 3);
        assert_text_equal(response.header("x").value_or(""), "y");
        assert_text_equal(response.content_type, "text/a");
        assert_text_equal(response.body, "hello");
    }
}

} // namespace

int main() {
    std::signal(SIGPIPE, SIG_IGN);
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_body_limit),      cmocka_unit_test(test_encoded_body),
        cmocka_unit_test(test_endless_headers), cmocka_unit_test(test_malformed_answers),
        cmocka_unit_test(test_unusual_answers), cmocka_unit_test(test_split_at_every_byte),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
