// SPDX-License-Identifier: MIT
// The network client's order of things: cancelling at every stage, waiters that start and cancel others while
// they are resumed, a loop without room, an engine that goes first, and names that take long to look up.
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

#include <dlfcn.h>
#include <netdb.h>

#include "http_server.hpp"
#include "poll_loop.hpp"
#include "unit.hpp"

namespace {

using namespace oauth;
using std::chrono::milliseconds;
using unit::answer_hello;
using unit::Connection;
using unit::Exchange;
using unit::get;
using unit::HttpServer;
using unit::Network;
using unit::never_answer;

std::atomic<int> lookups = 0;
std::atomic<int> lookups_ended = 0;
std::atomic<bool> signals_reach_lookups = false;

} // namespace

// Takes the C library's place in this program: names under .test are looked up slowly, and not found.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
    if (name == nullptr || !std::string_view(name).ends_with(".test")) {
        const auto real = reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
        return real(name, service, hints, found);
    }
    ++lookups;
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    for (const int signal : {SIGTERM, SIGQUIT, SIGHUP, SIGUSR1, SIGCHLD, SIGALRM}) {
        if (sigismember(&blocked, signal) != 1) {
            signals_reach_lookups = true;
        }
    }
    if (std::string_view(name) == "slow.test") {
        std::this_thread::sleep_for(std::chrono::seconds(1));
    }
    ++lookups_ended;
    return EAI_NONAME;
}

namespace {

net::HttpLimits quick() {
    net::HttpLimits limits;
    limits.connect_timeout = milliseconds(100);
    limits.timeout = milliseconds(100);
    return limits;
}

// A listening socket whose queue is full: to connect to it takes for ever.
class FullListener {
public:
    FullListener() {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        sockets_.push_back(socket(AF_INET, SOCK_STREAM, 0));
        if (bind(sockets_[0], generic, size) != 0 || listen(sockets_[0], 0) != 0) {
            std::abort();
        }
        getsockname(sockets_[0], generic, &size);
        port_ = ntohs(address.sin_port);
        for (int i = 0; i < 4; ++i) {
            sockets_.push_back(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
            static_cast<void>(connect(sockets_.back(), generic, size));
        }
    }
    FullListener(const FullListener&) = delete;
    FullListener& operator=(const FullListener&) = delete;
    ~FullListener() {
        for (const int socket : sockets_) {
            close(socket);
        }
    }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

private:
    std::vector<int> sockets_;
    int port_ = 0;
};

void assert_idle(const Network& network) {
    assert_int_equal(network.loop.watched(), 0);
    assert_false(network.loop.has_timer());
}

void test_connect_timeout(void**) {
    FullListener listener;
    net::HttpLimits limits = quick();
    limits.timeout = std::chrono::seconds(4);
    Network network(limits);
    const auto start = unit::TestTime::now();
    Exchange exchange(*network.client, get(listener.url()));
    assert_true(network.run_until_done(exchange));
    assert_true(exchange.failed_with(core::Code::provider_timeout));
    assert_true(unit::TestTime::now() - start < milliseconds(2000));
    assert_idle(network);
}

void test_refused_connection(void**) {
    std::string url;
    {
        HttpServer server(answer_hello);
        url = server.url("/");
    }
    Network network;
    Exchange exchange(*network.client, get(url));
    assert_true(network.run_until_done(exchange));
    assert_true(exchange.failed_with(core::Code::provider_unreachable));
}

void test_cancel_at_every_stage(void**) {
    FullListener listener;
    HttpServer server(never_answer);
    Network network;
    for (const std::string& url : {listener.url(), server.url("/"), std::string("not a URL")}) {
        for (int rounds = 0; rounds < 5; ++rounds) {
            auto exchange = std::make_unique<Exchange>(*network.client, get(url));
            for (int i = 0; i < rounds && !exchange->done(); ++i) {
                network.loop.run_once(*network.engine, 20);
            }
            exchange.reset();
            assert_idle(network);
        }
    }
    HttpServer good(answer_hello);
    Exchange after(*network.client, get(good.url("/")));
    assert_true(network.run_until_done(after));
    assert_true(after.ok());
}

// Two transfers that end in the same round; the waiter of whichever is first cancels the other and starts a
// third.
void cancel_from_a_completion(const std::string& url, const std::string& good_url) {
    Network network(quick());
    const auto patient = network.make_client({});
    std::unique_ptr<Exchange> pair[2];
    std::unique_ptr<Exchange> third;
    int completions = 0;
    for (int i = 0; i < 2; ++i) {
        pair[i] = std::make_unique<Exchange>(*network.client, get(url), [&, i] {
            ++completions;
            pair[1 - i].reset();
            third = std::make_unique<Exchange>(*patient, get(good_url));
        });
    }
    network.loop.run_once(*network.engine, 20);
    network.loop.run_once(*network.engine, 20);
    std::this_thread::sleep_for(milliseconds(150)); // both times are up before the loop looks again
    assert_true(network.loop.run_until(*network.engine, [&] { return third && third->done(); }));
    assert_true(third->ok());
    assert_int_equal(completions, 1);
    assert_idle(network);
}

void test_cancel_from_a_completion(void**) {
    HttpServer silent(never_answer);
    HttpServer good(answer_hello);
    cancel_from_a_completion(silent.url("/"), good.url("/"));
    cancel_from_a_completion("not a URL", good.url("/"));
}

// A waiter that keeps sending what is refused must not keep the loop from its other work.
void test_refused_requests_take_turns(void**) {
    Network network;
    std::vector<std::unique_ptr<Exchange>> chain;
    std::function<void()> next = [&] {
        chain.push_back(std::make_unique<Exchange>(*network.client, get("bad"), next));
    };
    next();
    for (std::size_t rounds = 1; rounds < 4; ++rounds) {
        network.loop.run_once(*network.engine, 100);
        assert_int_equal(chain.size(), rounds + 1);
        assert_true(chain[rounds - 1]->done());
        assert_false(chain[rounds]->done());
    }
}

void test_loop_without_room(void**) {
    HttpServer server(answer_hello);
    Network network;
    network.loop.refuse_sockets();
    const auto start = unit::TestTime::now();
    Exchange exchange(*network.client, get(server.url("/")));
    assert_true(network.run_until_done(exchange));
    assert_true(exchange.failed_with(core::Code::provider_unreachable));
    assert_true(exchange.detail().starts_with("no room in the event loop"));
    assert_true(unit::TestTime::now() - start < milliseconds(1000));
    assert_false(network.loop.has_timer());
}

void test_engine_goes_first(void**) {
    HttpServer server(never_answer);
    Network network;
    Exchange exchange(*network.client, get(server.url("/")));
    Exchange refused(*network.client, get("bad"));
    network.loop.run_once(*network.engine, 20);
    Exchange late(*network.client, get("bad"));
    network.engine.reset();
    assert_idle(network);
    assert_false(exchange.done());
    assert_false(late.done());
}

void test_slow_name(
    void**) { // DS-01: a lookup holds up nobody, neither when it is cancelled nor when time is up
    HttpServer server(answer_hello);
    Network network(quick());
    const auto start = unit::TestTime::now();
    Exchange exchange(*network.client, get("https://slow.test/"));
    auto cancelled = std::make_unique<Exchange>(*network.client, get("https://slow.test:444/"));
    assert_true(network.loop.run_until(*network.engine, [] { return lookups == 2; }));
    cancelled.reset();
    Exchange unaffected(*network.client, get(server.url("/")));
    assert_true(network.run_until_done(unaffected));
    assert_true(unaffected.ok());
    assert_true(network.run_until_done(exchange));
    assert_true(exchange.failed_with(core::Code::provider_timeout));
    assert_true(unit::TestTime::now() - start < milliseconds(700));
    assert_false(network.loop.keeps_process_alive()); // for what is the engine's alone
    assert_true(network.run_until_nothing_is_watched());
    assert_int_equal(lookups_ended, 2);
    assert_idle(network);
    assert_false(signals_reach_lookups);
    sigset_t mine;
    pthread_sigmask(SIG_SETMASK, nullptr, &mine);
    assert_int_equal(sigismember(&mine, SIGTERM), 0);
}

void test_unknown_name_and_environment(void**) { // the proxy variables are not obeyed
    HttpServer proxy(answer_hello);
    for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"}) {
        setenv(name, proxy.url("").c_str(), 1);
    }
    HttpServer server(answer_hello);
    Network network;
    Exchange unknown(*network.client, get("https://unknown.test/?code=s3cret"));
    Exchange local(*network.client, get(server.url("/")));
    assert_true(network.run_until_done(unknown));
    assert_true(unknown.failed_with(core::Code::provider_unreachable));
    assert_true(
        unknown.detail().starts_with("the name \"unknown.test\" is not found (https://unknown.test/): "));
    assert_true(network.run_until_done(local));
    assert_true(local.ok());
    assert_int_equal(proxy.connections(), 0);
    for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"}) {
        unsetenv(name);
    }
}

void test_configured_proxy(void**) { // for all but this machine, whatever no_proxy says
    setenv("no_proxy", "*", 1);
    std::string seen;
    HttpServer proxy([&seen](Connection& connection) {
        seen = connection.read_request();
        connection.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    });
    HttpServer server(answer_hello);
    net::HttpLimits limits;
    limits.proxy = proxy.url("");
    Network network(limits);
    Exchange local(*network.client, get(server.url("/")));
    assert_true(network.run_until_done(local));
    assert_true(local.ok());
    assert_int_equal(proxy.connections(), 0);
    Exchange foreign(*network.client, get("https://unknown.test/"));
    assert_true(network.run_until_done(foreign));
    assert_true(foreign.failed_with(core::Code::provider_unreachable));
    assert_true(seen.starts_with("CONNECT unknown.test:443 HTTP/1.1\r\n"));
    assert_true(foreign.detail().starts_with("the proxy answers CONNECT with status 403 "));
    unsetenv("no_proxy");
}

} // namespace

int main() {
    std::signal(SIGPIPE, SIG_IGN);
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_connect_timeout),
        cmocka_unit_test(test_refused_connection),
        cmocka_unit_test(test_cancel_at_every_stage),
        cmocka_unit_test(test_cancel_from_a_completion),
        cmocka_unit_test(test_refused_requests_take_turns),
        cmocka_unit_test(test_loop_without_room),
        cmocka_unit_test(test_engine_goes_first),
        cmocka_unit_test(test_slow_name),
        cmocka_unit_test(test_unknown_name_and_environment),
        cmocka_unit_test(test_configured_proxy),
    };
    const int failed = cmocka_run_group_tests(tests, nullptr, nullptr);
    while (lookups_ended != lookups) { // their threads are nobody's any more
        std::this_thread::sleep_for(milliseconds(20));
    }
    std::this_thread::sleep_for(milliseconds(50));
    return failed;
}
