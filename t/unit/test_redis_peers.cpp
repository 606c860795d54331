// SPDX-License-Identifier: MIT
// The Redis client against servers that are none, or misbehave (SC-21, SC-23): halves of replies, garbage,
// lengths of gigabytes, answers that nobody asked for, silence, an end in the middle, bytes one at a time,
// and TLS with another name. All of it is store_unavailable within the timeout.
#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <dlfcn.h>
#include <netdb.h>

#include "http_server.hpp"
#include "redis_server.hpp"
#include "unit.hpp"

namespace {

using namespace oauth;
using std::chrono::milliseconds;
using unit::Asked;
using unit::Connection;
using unit::HttpServer;
using unit::Identity;
using unit::RedisPlace;
using unit::TestTime;
using Again = net::RedisAsk::Again;

std::atomic<int> lookups = 0;

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

} // namespace

// Takes the C library's place in this program: names under .test are this machine's.
extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
    const bool is_ours = name != nullptr && std::string_view(name).ends_with(".test");
    lookups += is_ours ? 1 : 0;
    const auto real = reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
    return real(is_ours ? "127.0.0.1" : name, service, hints, found);
}

namespace {

// Everything that a client says before it asks; the server tells nothing of itself.
void greet(Connection& connection) {
    std::string heard;
    while (!contains(heard, "INFO") && connection.open()) {
        heard += connection.read_some();
    }
    connection.send("$0\r\n\r\n");
}

// A server that takes any question for the one that it has this answer to.
HttpServer::Script answering(std::string answer) {
    return [answer = std::move(answer)](Connection& connection) {
        greet(connection);
        while (!connection.read_some().empty() && connection.send(answer)) {
        }
    };
}

net::RedisSettings at(const HttpServer& server) {
    const std::string url = server.url("");
    net::RedisSettings settings;
    settings.host = "127.0.0.1";
    settings.port = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
    settings.timeout = milliseconds(3000);
    return settings;
}

void test_the_scripts_work(void**) {
    HttpServer server(answering("+PONG\r\n"));
    RedisPlace place(at(server));
    assert_text_equal(place.text({"PING"}), "PONG");
    assert_text_equal(place.text({"PING"}), "PONG");
}

void check_unavailable(HttpServer::Script script, std::string_view reason) {
    HttpServer server(std::move(script));
    net::RedisSettings settings = at(server);
    const bool ends_by_time = contains(reason, "in time");
    settings.timeout = milliseconds(ends_by_time ? 300 : 3000);
    RedisPlace place(settings);
    const auto begin = TestTime::now();
    const std::string text = place.text({"GET", "a"});
    assert_true(TestTime::now() - begin < milliseconds(2000)); // and not by its time where it need not be
    if (!text.starts_with("! ") || !contains(text, reason)) {
        print_error("%s, not: %.*s\n", text.c_str(), static_cast<int>(reason.size()), reason.data());
        assert_true(false);
    }
}

void test_answers_that_are_none(void**) {
    for (const char* answer : {"HTTP/1.1 400 Bad Request\r\n\r\n", "\r\n", "?\r\n", "*2147483647\r\n",
                               "*-7\r\n", "$-7\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
                               "%1\r\n+a\r\n+b\r\n", "#t\r\n", ",1.5\r\n", ">1\r\n+a\r\n"}) {
        check_unavailable(answering(answer), "no answer of Redis");
    }
    check_unavailable(answering("$1073741824\r\n" + std::string(300 * 1024, 'x')), "more than 256k");
    for (const char* half : {"+PO", "$5\r\nab", "*2\r\n+a\r\n", "$1073741824\r\n", "*1\r\n$3\r\nabc"}) {
        check_unavailable(answering(half), "in time");
    }
}

void test_silence(void**) {
    check_unavailable(unit::never_answer, "in time"); // not even a greeting
    check_unavailable(
        [](Connection& connection) {
            greet(connection);
            connection.wait_for_close();
        },
        "in time");
}

void test_end_in_the_middle(void**) {
    check_unavailable([](Connection&) {}, "connection is lost");
    check_unavailable([](Connection& connection) { greet(connection); }, "connection is lost");
    check_unavailable(
        [](Connection& connection) {
            greet(connection);
            connection.read_some();
            connection.send("$5\r\nab");
        },
        "connection is lost");
}

void test_slow_drip(void**) {
    check_unavailable(
        [](Connection& connection) {
            greet(connection);
            connection.read_some();
            connection.send("$1000\r\n");
            while (connection.send("x")) {
                std::this_thread::sleep_for(milliseconds(1));
            }
        },
        "in time");
}

// The greeting, too, may be anything.
void test_greetings(void**) {
    for (const char* greeting : {"?\r\n", "*2147483647\r\n", "-ERR max number of clients reached\r\n",
                                 "$20\r\nrole:slave\r\nx:y\r\nabc\r\n", "$20\r\nredis_version:6.2.1\r\n\r\n",
                                 "$23\r\nredis_mode:sentinel\r\na\r\r\n"}) {
        const std::string text = greeting;
        check_unavailable(
            [text](Connection& connection) {
                connection.read_some();
                connection.send(text);
                connection.wait_for_close();
            },
            "");
    }
}

// The next asker is not given what nobody asked for.
void test_surplus(void**) {
    std::atomic<int> asked = 0;
    HttpServer server([&asked](Connection& connection) {
        greet(connection);
        while (!connection.read_some().empty()) {
            connection.send(++asked == 1 ? "+first\r\n+surplus\r\n" : "+next\r\n");
        }
    });
    RedisPlace place(at(server));
    assert_text_equal(place.text({"GET", "a"}), "first");
    place.run_for(milliseconds(150));
    assert_text_equal(place.text({"GET", "a"}), "next");
    assert_int_equal(server.connections(), 2);
}

// Asked again once, and no more.
void test_asked_again_once(void**) {
    std::atomic<int> asked = 0;
    HttpServer server([&asked](Connection& connection) {
        greet(connection);
        while (true) {
            const std::string command = connection.read_some();
            if (command.empty()) {
                return;
            }
            if (contains(command, "GET")) {
                ++asked;
                return; // and so ends the connection
            }
            connection.send("+PONG\r\n");
        }
    });
    RedisPlace place(at(server));
    for (const Again again : {Again::harmless, Again::never}) {
        asked = 0;
        assert_text_equal(place.text({"PING"}), "PONG");
        const auto result = place.ask({"GET", "a"}, again);
        assert_true(result.error().code == core::Code::store_unavailable);
        assert_int_equal(asked, again == Again::harmless ? 2 : 1);
        place.run_for(milliseconds(150));
    }
}

// A failover behind the address: what the old primary would not write, the new one does.
void test_failover(void**) {
    std::atomic<int> connections = 0;
    HttpServer server([&connections](Connection& connection) {
        const bool is_old = ++connections == 1;
        greet(connection);
        while (!connection.read_some().empty()) {
            connection.send(is_old ? "-READONLY You can't write against a read only replica.\r\n"
                                   : "+OK\r\n");
        }
    });
    RedisPlace place(at(server));
    const auto result = place.ask({"SET", "a", "1"}, Again::never); // which was not done
    assert_true(result.ok());
    assert_int_equal(connections, 2);
}

// A failover moves the name: no address that was found before is good for a new connection.
void test_name_is_looked_up_for_each_connection(void**) {
    HttpServer server([](Connection& connection) {
        greet(connection);
        connection.read_some();
        connection.send("+OK\r\n");
    });
    net::RedisSettings settings = at(server);
    settings.host = "redis.test";
    RedisPlace place(settings);
    for (int i = 1; i < 4; ++i) {
        assert_text_equal(place.text({"PING"}), "OK");
        place.run_for(milliseconds(50));
        assert_int_equal(lookups, i);
        assert_int_equal(server.connections(), i);
    }
}

void test_configuration(void**) {
    struct Case {
        const char* error;
        const char* advice;
    };
    for (const Case& each :
         {Case{"-MOVED 3999 10.0.0.7:6379\r\n", "Redis Cluster"},
          Case{"-ASK 3999 10.0.0.7:6379\r\n", "Redis Cluster"},
          Case{"-NOAUTH Authentication required.\r\n", "set password="},
          Case{"-NOPERM this user has no permissions to run the 'get' command\r\n", "grant the rights"},
          Case{"-WRONGPASS invalid username-password pair\r\n", "check user="}}) {
        HttpServer server(answering(each.error));
        RedisPlace place(at(server));
        for (int i = 0; i < 3; ++i) {
            assert_true(contains(place.text({"GET", "a"}), each.advice));
        }
        assert_int_equal(place.reports.size(), 1);
        assert_true(contains(place.reports[0], each.advice));
        assert_int_equal(server.connections(), 1);
    }
    for (const char* error :
         {"-LOADING Redis is loading the dataset in memory\r\n", "-MASTERDOWN Link\r\n",
          "-BUSY Redis is busy\r\n", "-TRYAGAIN x\r\n", "-CLUSTERDOWN x\r\n", "-OOM x\r\n", "-MISCONF x\r\n",
          "-ERR whatever 'secret'\r\n", "-\r\n", "-a b\r\n"}) {
        HttpServer server(answering(error));
        RedisPlace place(at(server));
        assert_true(place.text({"GET", "a"}).starts_with("! Redis at"));
        assert_false(contains(place.reports.at(0), "secret"));
        assert_int_equal(server.connections(), 1);
    }
}

const Identity& authority() {
    static const Identity identity = unit::make_identity({.is_authority = true});
    return identity;
}

void test_tls(void**) {
    net::RedisSettings settings;
    HttpServer server(answering("+PONG\r\n"), unit::make_identity({.issuer = &authority()}));
    settings = at(server);
    settings.transport = net::RedisSettings::Transport::tls;
    settings.host = "localhost";
    settings.trusted_certificates = authority().pem();
    RedisPlace place(settings);
    assert_text_equal(place.text({"PING"}), "PONG");
    const std::string large(20000, 'x');
    assert_text_equal(place.text({"SET", "a", large}), "PONG");

    settings.host = "127.0.0.1"; // the certificate is for localhost
    RedisPlace other_name(settings);
    assert_true(contains(other_name.text({"PING"}), "cannot be reached"));
    settings.host = "localhost";
    settings.trusted_certificates = unit::make_identity({.is_authority = true}).pem();
    RedisPlace other_authority(settings);
    assert_true(contains(other_authority.text({"PING"}), "cannot be reached"));
    settings.trusted_certificates.clear(); // the system's
    RedisPlace system(settings);
    assert_true(contains(system.text({"PING"}), "cannot be reached"));
    settings.trusted_certificates = authority().pem();
    settings.transport = net::RedisSettings::Transport::tcp; // nothing is said in the clear
    RedisPlace plain(settings);
    assert_true(plain.text({"PING"}).starts_with("! "));
}

// More comes at once than one event is given.
void test_flood(void**) {
    HttpServer server([](Connection& connection) {
        greet(connection);
        connection.read_some();
        std::string answers;
        for (int i = 0; i < 1000; ++i) {
            answers += "$3000\r\n" + std::string(3000, 'x') + "\r\n";
        }
        connection.send(answers);
        connection.wait_for_close();
    });
    net::RedisSettings settings = at(server);
    settings.timeout = milliseconds(3000);
    RedisPlace place(settings);
    std::vector<net::RedisCommand> commands(1000, net::RedisCommand{"GET", "a"});
    Asked asked(*place.client, {std::move(commands), Again::harmless});
    assert_true(place.run_until_done(asked));
    assert_true(asked.ok());
    assert_int_equal(asked.result->value().size(), 1000);
}

} // namespace

int main() {
    std::signal(SIGPIPE, SIG_IGN);
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_the_scripts_work),
        cmocka_unit_test(test_answers_that_are_none),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_end_in_the_middle),
        cmocka_unit_test(test_slow_drip),
        cmocka_unit_test(test_greetings),
        cmocka_unit_test(test_surplus),
        cmocka_unit_test(test_asked_again_once),
        cmocka_unit_test(test_failover),
        cmocka_unit_test(test_name_is_looked_up_for_each_connection),
        cmocka_unit_test(test_configuration),
        cmocka_unit_test(test_tls),
        cmocka_unit_test(test_flood),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
