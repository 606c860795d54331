// SPDX-License-Identifier: MIT
// The network client against a server on loopback: what is sent, what is never sent, and how long it waits.
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "http_server.hpp"
#include "poll_loop.hpp"
#include "unit.hpp"

namespace {

using namespace oauth;
using std::chrono::milliseconds;
using unit::answer_hello;
using unit::answer_once;
using unit::Connection;
using unit::Exchange;
using unit::get;
using unit::hello;
using unit::HttpServer;
using unit::Network;

net::HttpLimits quick() {
    net::HttpLimits limits;
    limits.connect_timeout = milliseconds(200);
    limits.timeout = milliseconds(300);
    return limits;
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

void test_background(void**) { // what nobody waits for keeps no process, beside what somebody does
    HttpServer server([](Connection& connection) {
        connection.read_request();
        connection.send(hello);
    });
    Network network;
    net::HttpRequest request = get(server.url("/"));
    request.purpose = net::HttpRequest::Purpose::background;
    Exchange background(*network.client, std::move(request));
    assert_true(network.loop.has_timer());
    assert_false(network.loop.keeps_process_alive());
    {
        const Exchange visitor(*network.client, get(server.url("/")));
        assert_true(network.loop.keeps_process_alive());
    }
    assert_false(network.loop.keeps_process_alive());
    assert_true(network.run_until_done(background));
    assert_true(background.ok());
}

void test_post(void**) {
    std::string seen;
    HttpServer server([&seen](Connection& connection) {
        seen = connection.read_request();
        connection.send(hello);
    });
    Network network;
    const std::string body(1'200'000, 'x'); // above a megabyte libcurl would ask first
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
    const char* bad_url = "the URL is not valid";
    const char* bad_header = "a request header is not valid";
    const char* bad_method = "the method is none of GET, POST and DELETE";
    const std::vector<std::pair<net::HttpRequest, std::string_view>> cases{
        {get("http://192.0.2.1/"), "http is only for loopback hosts, and those that allow_http names"},
        {get("http://127.0.0.1.example.test/"),
         "http is only for loopback hosts, and those that allow_http names"},
        {get("ftp://127.0.0.1/"), bad_url},
        {get("file:///etc/passwd"), bad_url},
        {get(url + "a b"), bad_url},
        {get(url + "\r\nX: y"), bad_url},
        {get("http://user@127.0.0.1/"), bad_url},
        {get(""), bad_url},
        {{"PUT", url, {}, {}}, bad_method},
        {{"delete", url, {}, {}}, bad_method},
        {{"GET /x HTTP/1.1\r\nX:", url, {}, {}}, bad_method},
        {{"GET", url, {{"X", "a\r\nY: b"}}, {}}, bad_header},
        {{"GET", url, {{"X", "a\nY: b"}}, {}}, bad_header},
        {{"GET", url, {{"X", std::string("a\0b", 3)}}, {}}, bad_header},
        {{"GET", url, {{"X: y\r\nZ", "a"}}, {}}, bad_header},
        {{"GET", url, {{"", "a"}}, {}}, bad_header},
    };
    for (const auto& [request, reason] : cases) {
        Exchange exchange(*network.client, request);
        assert_false(exchange.done());
        assert_true(network.loop.keeps_process_alive());
        assert_true(network.run_until_done(exchange));
        assert_true(exchange.failed_with(core::Code::provider_unreachable));
        assert_text_equal(exchange.detail().substr(0, reason.size()), reason);
    }
    assert_int_equal(server.connections(), 0);
    assert_false(network.loop.has_timer());
}

void test_detail_names_the_url_without_its_query(void**) {
    HttpServer server([](Connection&) {});
    Network network;
    Exchange exchange(*network.client, {"POST", server.url("/path?code=s3cret"), {{"X", "h3ader"}}, "b0dy"});
    assert_true(network.run_until_done(exchange));
    assert_true(exchange.failed_with(core::Code::provider_unreachable));
    assert_true(exchange.detail().find("(" + server.url("/path") + ")") != std::string::npos);
    for (const char* secret : {"s3cret", "h3ader", "b0dy"}) {
        assert_true(exchange.detail().find(secret) == std::string::npos);
    }
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
    assert_true(second.failed_with(core::Code::provider_unreachable));
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
        assert_true(exchange.failed_with(core::Code::provider_timeout));
        assert_true(unit::TestTime::now() - start < milliseconds(1500));
        assert_false(network.loop.has_timer());
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
        cmocka_unit_test(test_background),
        cmocka_unit_test(test_post),
        cmocka_unit_test(test_redirects_are_not_followed),
        cmocka_unit_test(test_refused_before_sending),
        cmocka_unit_test(test_detail_names_the_url_without_its_query),
        cmocka_unit_test(test_post_is_never_repeated),
        cmocka_unit_test(test_get_reuses_connections),
        cmocka_unit_test(test_slow),
        cmocka_unit_test(test_parallel),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
