// SPDX-License-Identifier: MIT
// The network client against a server on loopback: requests and answers, limits, times, and cancelling.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "http_server.hpp"
#include "poll_loop.hpp"
#include "unit.hpp"

namespace {

using namespace oauth;
using std::chrono::milliseconds;
using unit::Connection;
using unit::Exchange;
using unit::HttpServer;
using unit::Network;

const std::string hello =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 5\r\n\r\nhello";

void answer_hello(Connection& connection) {
    while (!connection.read_request().empty()) {
        connection.send(hello);
    }
}

HttpServer::Script answer_once(std::string text) {
    return [text = std::move(text)](Connection& connection) {
        connection.read_request();
        connection.send(text);
    };
}

net::HttpLimits quick() {
    net::HttpLimits limits;
    limits.connect_timeout = milliseconds(200);
    limits.timeout = milliseconds(300);
    return limits;
}

net::HttpRequest get(std::string url) {
    return {"GET", std::move(url), {}, {}};
}

void assert_unreachable(const Exchange& exchange) {
    assert_true(exchange.done());
    assert_false(exchange.ok());
    assert_int_equal(static_cast<int>(exchange.code()), static_cast<int>(core::Code::provider_unreachable));
}

void assert_timeout(const Exchange& exchange) {
    assert_true(exchange.done());
    assert_false(exchange.ok());
    assert_int_equal(static_cast<int>(exchange.code()), static_cast<int>(core::Code::provider_timeout));
}

void test_get(void**) { // http to a loopback address, TK-16: what is asked for
    std::string seen;
    HttpServer server([&seen](Connection& connection) {
        seen = connection.read_request();
        connection.send(hello);
    });
    Network network;
    net::HttpRequest request = get(server.url("/a/../b?c=d"));
    request.headers = {{"Accept", "application/json"}, {"X-Empty", ""}};
    Exchange exchange(*network.client, std::move(request));
    assert_false(exchange.done()); // never from inside fetch
    assert_true(network.loop.keeps_process_alive());
    assert_true(network.run_until_done(exchange));
    assert_true(exchange.ok());
    const net::HttpResponse& response = exchange.result->value();
    assert_int_equal(response.status, 200);
    assert_text_equal(response.content_type, "application/json");
    assert_text_equal(response.body, "hello");
    assert_text_equal(response.header("content-length").value_or(""), "5");
    assert_true(seen.starts_with("GET /a/../b?c=d HTTP/1.1\r\n"));
    for (const char* line : {"\r\nAccept-Encoding: identity\r\n", "\r\nAccept: application/json\r\n",
                             "\r\nX-Empty:\r\n", "\r\nUser-Agent: ngx_http_oauth_module\r\n"}) {
        assert_true(seen.find(line) != std::string::npos);
    }
    assert_false(network.loop.keeps_process_alive());
    assert_int_equal(network.loop.watched(), 0);
}

void test_post(void**) {
    std::string seen;
    HttpServer server([&seen](Connection& connection) {
        seen = connection.read_request();
        connection.send(hello);
    });
    Network network;
    const std::string body(900'000, 'x');
    Exchange exchange(*network.client, {"POST", server.url("/token"), {}, body});
    assert_true(network.run_until_done(exchange));
    assert_true(exchange.ok());
    assert_true(seen.starts_with("POST /token HTTP/1.1\r\n"));
    assert_true(seen.ends_with("\r\n\r\n" + body));
    assert_true(seen.find("Content-Type: application/x-www-form-urlencoded\r\n") != std::string::npos);
    assert_true(seen.find("Expect") == std::string::npos);
}

void test_redirects_are_not_followed(void**) { // TK-13
    HttpServer other(answer_hello);
    for (const char* status : {"301", "302", "303", "307", "308"}) {
        HttpServer server(answer_once(std::string("HTTP/1.1 ") + status + " Moved\r\nLocation: " +
                                      other.url("/x") + "\r\nContent-Length: 0\r\n\r\n"));
        Network network;
        Exchange exchange(*network.client, {"POST", server.url("/token"), {}, "code=c"});
        assert_true(network.run_until_done(exchange));
        assert_true(exchange.ok());
        assert_int_equal(exchange.result->value().status, std::atoi(status));
        assert_text_equal(exchange.result->value().header("location").value_or(""), other.url("/x"));
    }
    assert_int_equal(other.connections(), 0);
}

void test_refused_before_sending(void**) { // TK-14: http elsewhere; header injection
    HttpServer server(answer_hello);
    Network network;
    const std::string url = server.url("/");
    const std::vector<net::HttpRequest> requests{
        get("http://192.0.2.1/"),
        get("http://127.0.0.1.example.test/"),
        get("ftp://127.0.0.1/"),
        get("file:///etc/passwd"),
        get(url + "a b"),
        get(url + "\r\nX: y"),
        get("http://user@127.0.0.1/"),
        get(""),
        {"DELETE", url, {}, {}},
        {"GET /x HTTP/1.1\r\nX:", url, {}, {}},
        {"GET", url, {{"X", "a\r\nY: b"}}, {}},
        {"GET", url, {{"X", "a\nY: b"}}, {}},
        {"GET", url, {{"X", std::string("a\0b", 3)}}, {}},
        {"GET", url, {{"X: y\r\nZ", "a"}}, {}},
        {"GET", url, {{"", "a"}}, {}},
    };
    for (const net::HttpRequest& request : requests) {
        Exchange exchange(*network.client, request);
        assert_false(exchange.done());
        assert_true(network.loop.keeps_process_alive());
        assert_true(network.run_until_done(exchange));
        assert_unreachable(exchange);
    }
    assert_int_equal(server.connections(), 0);
    assert_false(network.loop.has_timer());
}

void test_detail_names_the_host_alone(void**) {
    HttpServer server([](Connection&) {});
    Network network;
    Exchange exchange(*network.client, {"POST", server.url("/p4th?code=s3cret"), {{"X", "h3ader"}}, "b0dy"});
    assert_true(network.run_until_done(exchange));
    assert_unreachable(exchange);
    const std::string authority = server.url("").substr(7);
    assert_true(exchange.detail().find("(" + authority + ")") != std::string::npos);
    for (const char* secret : {"p4th", "s3cret", "h3ader", "b0dy"}) {
        assert_true(exchange.detail().find(secret) == std::string::npos);
    }
}

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
        assert_unreachable(exchange);
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
    assert_unreachable(exchange);
    assert_true(exchange.detail().starts_with("the response has an encoded body"));
}

void test_post_is_never_repeated(void**) { // TK-19: the connection dies after the provider has read the code
    std::atomic<int> posts = 0;
    HttpServer server([&posts](Connection& connection) {
        for (std::string request = connection.read_request(); !request.empty();
             request = connection.read_request()) {
            if (request.starts_with("POST")) {
                ++posts;
                return;
            }
            connection.send(hello);
        }
    });
    Network network;
    Exchange first(*network.client, get(server.url("/")));
    assert_true(network.run_until_done(first));
    assert_true(first.ok()); // leaves a connection in the pool
    Exchange second(*network.client, {"POST", server.url("/token"), {}, "code=c"});
    assert_true(network.run_until_done(second));
    assert_unreachable(second);
    assert_int_equal(posts, 1);
    assert_int_equal(server.connections(), 2);
}

void test_get_reuses_connections(void**) {
    HttpServer server(answer_hello);
    Network network;
    for (int i = 0; i < 5; ++i) {
        Exchange exchange(*network.client, get(server.url("/")));
        assert_true(network.run_until_done(exchange));
        assert_true(exchange.ok());
    }
    assert_int_equal(server.connections(), 1);
}

void test_slow(void**) { // DS-01
    const std::vector<HttpServer::Script> scripts{
        [](Connection& connection) { connection.wait_for_close(); },
        [](Connection& connection) {
            connection.read_request();
            for (const char& byte : hello) {
                std::this_thread::sleep_for(milliseconds(20));
                connection.send(std::string_view(&byte, 1));
            }
        },
        [](Connection& connection) { // the body never ends
            connection.read_request();
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell");
            connection.wait_for_close();
        },
    };
    for (const HttpServer::Script& script : scripts) {
        HttpServer server(script);
        HttpServer other(answer_hello);
        Network network(quick());
        const auto start = unit::TestTime::now();
        Exchange exchange(*network.client, get(server.url("/")));
        Exchange unaffected(*network.client, get(other.url("/")));
        assert_true(network.run_until_done(unaffected));
        assert_true(unaffected.ok());
        assert_false(exchange.done());
        assert_true(network.run_until_done(exchange));
        assert_timeout(exchange);
        assert_true(unit::TestTime::now() - start < milliseconds(1500));
        assert_false(network.loop.has_timer());
    }
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
        assert_unreachable(exchange);
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
        assert_unreachable(exchange);
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

void test_parallel(void**) { // more than the pool holds
    HttpServer server([](Connection& connection) {
        while (!connection.read_request().empty()) {
            std::this_thread::sleep_for(milliseconds(50));
            connection.send(hello);
        }
    });
    Network network;
    std::vector<std::unique_ptr<Exchange>> exchanges;
    for (int i = 0; i < 50; ++i) {
        const char* method = i % 2 == 0 ? "GET" : "POST";
        exchanges.push_back(std::make_unique<Exchange>(*network.client,
                                                       net::HttpRequest{method, server.url("/"), {}, "a=b"}));
    }
    for (const auto& exchange : exchanges) {
        assert_true(network.run_until_done(*exchange));
        assert_true(exchange->ok());
    }
    assert_false(network.loop.has_timer());
    assert_int_equal(network.loop.watched(), 0);
}

} // namespace

int main() {
    std::signal(SIGPIPE, SIG_IGN); // as nginx does
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_get),
        cmocka_unit_test(test_post),
        cmocka_unit_test(test_redirects_are_not_followed),
        cmocka_unit_test(test_refused_before_sending),
        cmocka_unit_test(test_detail_names_the_host_alone),
        cmocka_unit_test(test_body_limit),
        cmocka_unit_test(test_encoded_body),
        cmocka_unit_test(test_post_is_never_repeated),
        cmocka_unit_test(test_get_reuses_connections),
        cmocka_unit_test(test_slow),
        cmocka_unit_test(test_endless_headers),
        cmocka_unit_test(test_malformed_answers),
        cmocka_unit_test(test_unusual_answers),
        cmocka_unit_test(test_split_at_every_byte),
        cmocka_unit_test(test_parallel),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
