// SPDX-License-Identifier: MIT
// Names of hosts are looked up once for all who need them, by a bounded number of threads, whoever leaves or
// has no time left; and when names are answered again, so are requests (DS-02, DS-14).
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <netdb.h>

#include "http_server.hpp"
#include "poll_loop.hpp"
#include "unit.hpp"

namespace {

using namespace oauth;
using std::chrono::milliseconds;
using unit::Exchange;
using unit::get;
using unit::HttpServer;
using unit::Network;

std::atomic<bool> silent = false;
std::atomic<bool> unknown = false;
std::atomic<int> begun = 0;
std::atomic<int> running = 0;
std::atomic<int> most_running = 0;

} // namespace

// Takes the C library's place in this program: names under .test are this machine, when they are answered.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
    const auto real = reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
    if (name == nullptr || !std::string_view(name).ends_with(".test")) {
        return real(name, service, hints, found);
    }
    ++begun;
    const int now = ++running;
    most_running = std::max(most_running.load(), now);
    while (silent) {
        std::this_thread::sleep_for(milliseconds(2));
    }
    const int failed = unknown ? EAI_NONAME : real("127.0.0.1", service, hints, found);
    --running;
    return failed;
}

namespace {

const unit::Identity& authority() {
    static const unit::Identity identity = unit::make_identity({.is_authority = true});
    return identity;
}

struct Place {
    HttpServer server{unit::answer_hello,
                      unit::make_identity({.dns_name = "id.test", .issuer = &authority()})};
    Network network;

    explicit Place(milliseconds connect_timeout = milliseconds(5000)) : network(limits(connect_timeout)) {
        begun = 0;
        most_running = 0;
        silent = false;
        unknown = false;
    }
    ~Place() {
        silent = false;
        assert_true(network.loop.run_until(*network.engine, [] { return running == 0; }));
    }

    static net::HttpLimits limits(milliseconds connect_timeout) {
        net::HttpLimits limits;
        limits.connect_timeout = connect_timeout;
        limits.trusted_certificates = authority().pem();
        return limits;
    }
    std::unique_ptr<Exchange> ask(const std::string& host = "id.test") {
        return std::make_unique<Exchange>(*network.client, get(server.url(host, "/")));
    }
    void turns(int number) {
        for (int i = 0; i < number; ++i) {
            network.loop.run_once(*network.engine, 1);
        }
    }
};

using Exchanges = std::vector<std::unique_ptr<Exchange>>;

void test_one_lookup_for_all(void**) {
    Place place;
    silent = true;
    Exchanges exchanges;
    for (int i = 0; i < 50; ++i) {
        exchanges.push_back(place.ask());
    }
    place.turns(20);
    assert_int_equal(begun, 1);
    silent = false;
    for (const auto& exchange : exchanges) {
        assert_true(place.network.run_until_done(*exchange));
        assert_true(exchange->ok());
    }
    const auto later = place.ask(); // it is known now
    assert_true(place.network.run_until_done(*later));
    assert_true(later->ok());
    assert_int_equal(begun, 1);
}

void test_who_leaves_takes_no_lookup_along(void**) {
    Place place;
    silent = true;
    for (int i = 0; i < 500; ++i) {
        const auto exchange = place.ask();
        place.turns(1);
    }
    assert_int_equal(begun, 1);
    assert_false(place.network.loop.keeps_process_alive());
    silent = false;
    const auto exchange = place.ask();
    assert_true(place.network.run_until_done(*exchange));
    assert_true(exchange->ok());
    assert_int_equal(begun, 1);
}

void test_time_is_up_for_who_waits(void**) {
    Place place(milliseconds(300));
    silent = true;
    for (int i = 0; i < 2; ++i) {
        const auto start = unit::TestTime::now();
        const auto exchange = place.ask();
        assert_true(place.network.loop.keeps_process_alive());
        assert_true(place.network.run_until_done(*exchange));
        assert_true(exchange->failed_with(core::Code::provider_timeout));
        assert_true(exchange->detail().starts_with("the name \"id.test\" is not found in time ("));
        assert_true(unit::TestTime::now() - start < milliseconds(1500));
    }
    assert_int_equal(begun, 1);
}

void test_names_at_once_are_bounded(void**) {
    Place place;
    silent = true;
    Exchanges exchanges;
    for (int i = 0; i < 40; ++i) {
        exchanges.push_back(place.ask("host" + std::to_string(i) + ".test"));
    }
    const auto same = place.ask("host3.test"); // is being looked up already
    place.turns(20);
    assert_int_equal(begun, 16);
    assert_int_equal(most_running, 16);
    for (std::size_t i = 0; i < exchanges.size(); ++i) {
        assert_int_equal(exchanges[i]->done(), i >= 16);
    }
    assert_true(exchanges[16]->failed_with(core::Code::provider_unreachable));
    assert_true(exchanges[16]->detail().starts_with("16 names are being looked up already"));
    assert_false(same->done());
    silent = false;
    assert_true(place.network.loop.run_until(*place.network.engine, [] { return running == 0; }));
    place.turns(20);
    const auto exchange = place.ask();
    assert_true(place.network.run_until_done(*exchange));
    assert_true(exchange->ok());
}

void test_unknown_name_is_asked_again(void**) {
    Place place;
    unknown = true;
    Exchanges exchanges;
    for (int i = 0; i < 3; ++i) {
        exchanges.push_back(place.ask());
    }
    for (const auto& exchange : exchanges) {
        assert_true(place.network.run_until_done(*exchange));
        assert_true(exchange->failed_with(core::Code::provider_unreachable));
        assert_true(exchange->detail().starts_with("the name \"id.test\" is not found ("));
    }
    unknown = false;
    const auto exchange = place.ask();
    assert_true(place.network.run_until_done(*exchange));
    assert_true(exchange->ok());
    assert_int_equal(begun, 2);
}

void test_addresses_need_no_lookup(void**) {
    Place place;
    const HttpServer plain(unit::answer_hello);
    for (const char* host : {"127.0.0.1", "localhost"}) {
        Exchange exchange(*place.network.client, get(plain.url(host, "/")));
        assert_true(place.network.run_until_done(exchange));
        assert_true(exchange.ok());
    }
    assert_int_equal(begun, 0);
}

void test_the_engine_ends_while_names_are_silent(void**) {
    Place place;
    silent = true;
    const auto exchange = place.ask();
    place.turns(5);
    place.network.engine.reset();
    assert_int_equal(place.network.loop.watched(), 0);
    assert_false(place.network.loop.has_timer());
    silent = false;
    while (running != 0) {
        std::this_thread::sleep_for(milliseconds(5));
    }
    std::this_thread::sleep_for(milliseconds(50)); // its thread frees what it has
    std::string error;
    place.network.engine = net::CurlEngine::create(place.network.loop, error);
}

} // namespace

int main() {
    std::signal(SIGPIPE, SIG_IGN);
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_one_lookup_for_all),
        cmocka_unit_test(test_who_leaves_takes_no_lookup_along),
        cmocka_unit_test(test_time_is_up_for_who_waits),
        cmocka_unit_test(test_names_at_once_are_bounded),
        cmocka_unit_test(test_unknown_name_is_asked_again),
        cmocka_unit_test(test_addresses_need_no_lookup),
        cmocka_unit_test(test_the_engine_ends_while_names_are_silent),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
