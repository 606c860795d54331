// SPDX-License-Identifier: MIT
// The Redis client against a real server (SC-23): passwords, databases, Unix sockets, and a server that is
// away, silent, restarted, full, a replica, or configured otherwise. No report and no message has a secret in
// it.
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "redis_server.hpp"
#include "unit.hpp"

namespace {

using namespace oauth;
using std::chrono::milliseconds;
using unit::Asked;
using unit::RedisPlace;
using unit::RedisServer;
using unit::TestTime;
using Again = net::RedisAsk::Again;

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}

void assert_contains(std::string_view text, std::string_view part) {
    if (!contains(text, part)) {
        print_error("\"%.*s\" is not in \"%.*s\"\n", static_cast<int>(part.size()), part.data(),
                    static_cast<int>(text.size()), text.data());
        assert_true(false);
    }
}

net::RedisSettings impatient(const RedisServer& server) {
    net::RedisSettings settings = server.settings();
    settings.timeout = milliseconds(300);
    return settings;
}

void test_commands(void**) {
    const RedisServer server;
    RedisPlace place(server.settings());
    const std::string odd("\r\n$5\r\n%s\0 \xff", 13);
    assert_text_equal(place.text({"SET", odd, odd}), "OK");
    assert_text_equal(place.text({"GET", odd}), odd);
    const auto missing = place.ask({"GET", "missing"});
    assert_true(missing->front().kind == net::RedisReply::Kind::nil);
    Asked several(*place.client, {{{"INCR", "n"}, {"INCR", "n"}, {"GET", "n"}}, Again::never});
    assert_false(several.done());
    assert_true(place.run_until_done(several));
    assert_int_equal(several.result->value()[1].number, 2);
    assert_text_equal(several.result->value()[2].text, "2");
    assert_false(place.network.loop.keeps_process_alive());
    assert_false(place.network.loop.has_timer());
    assert_int_equal(place.network.loop.watched(), 1);
    assert_true(place.reports.empty());
    place.client.reset();
    assert_int_equal(place.network.loop.watched(), 0);
}

void test_unix_socket_and_database(void**) {
    const RedisServer server;
    net::RedisSettings settings;
    settings.transport = net::RedisSettings::Transport::unix_socket;
    settings.path = server.socket();
    settings.database = 3;
    RedisPlace place(settings);
    assert_text_equal(place.text({"SET", "a", "in three"}), "OK");
    RedisPlace other(server.settings());
    assert_text_equal(other.text({"GET", "a"}), "");
    settings.database = 99;
    RedisPlace wrong(settings);
    assert_contains(wrong.text({"GET", "a"}), "no database of that number");
}

// A name, which is looked up by the engine.
void test_host_name(void**) {
    const RedisServer server;
    net::RedisSettings settings = server.settings();
    settings.host = "localhost";
    RedisPlace place(settings);
    assert_text_equal(place.text({"PING"}), "PONG");
    settings.host = "no-such-name.invalid";
    RedisPlace nowhere(settings);
    assert_contains(nowhere.text({"PING"}), "Redis at no-such-name.invalid:");
}

void test_password(void**) {
    const RedisServer server({"--requirepass", "wizard-secret"});
    net::RedisSettings settings = server.settings();
    settings.password = "wizard-secret";
    RedisPlace place(settings);
    assert_text_equal(place.text({"PING"}), "PONG");

    settings.password = "another-secret";
    settings.user = "merlin-user";
    RedisPlace wrong(settings);
    assert_contains(wrong.text({"PING"}), "check user= and password=");
    assert_contains(wrong.text({"PING"}),
                    "check user= and password="); // at once: it is left alone for a while
    assert_int_equal(wrong.reports.size(), 1);
    wrong.run_for(milliseconds(120));
    assert_contains(wrong.text({"PING"}), "check user= and password=");
    assert_int_equal(wrong.reports.size(), 1); // once, until it is otherwise
    assert_text_equal(place.text({"ACL", "SETUSER", "merlin-user", "on", ">another-secret", "~*", "+@all"}),
                      "OK");
    wrong.run_for(milliseconds(300));
    assert_text_equal(wrong.text({"PING"}), "PONG");
    assert_int_equal(wrong.reports.size(), 2);
    assert_contains(wrong.reports[1], "answers again");

    RedisPlace none(server.settings());
    assert_contains(none.text({"PING"}), "set password=SOURCE");
    for (const auto& report : {wrong.reports[0], none.reports[0]}) {
        assert_false(contains(report, "secret"));
        assert_false(contains(report, "merlin"));
    }
}

void test_password_that_is_not_needed(void**) {
    const RedisServer server;
    net::RedisSettings settings = server.settings();
    settings.password = "wizard-secret";
    RedisPlace place(settings);
    assert_contains(place.text({"PING"}), "leave out password=");
}

// A server may not know AUTH any more, and then quotes the words of the command.
void test_quoted_password(void**) {
    const RedisServer server({"--rename-command", "AUTH", "LOGIN"});
    net::RedisSettings settings = server.settings();
    settings.password = "wizard-secret";
    RedisPlace place(settings);
    const std::string text = place.text({"PING"});
    assert_contains(text, "refuses a command (ERR)");
    assert_false(contains(text, "secret"));
    assert_false(contains(place.reports.at(0), "secret"));
}

void test_rights(void**) {
    const RedisServer server;
    RedisPlace administrator(server.settings());
    assert_text_equal(
        administrator.text({"ACL", "SETUSER", "narrow", "on", ">narrow-secret", "~s:*", "+get", "+set"}),
        "OK");
    net::RedisSettings settings = server.settings();
    settings.user = "narrow";
    settings.password = "narrow-secret";
    RedisPlace place(settings);
    assert_text_equal(place.text({"SET", "s:1", "x"}), "OK"); // without the right to ask what the server is
    assert_true(place.reports.empty());
    assert_contains(place.text({"GET", "t:1"}), "grant the rights");
    assert_contains(place.text({"DEL", "s:1"}), "grant the rights");
    assert_text_equal(place.text({"GET", "s:1"}), "x");
    assert_int_equal(place.reports.size(), 2);
    assert_contains(place.reports[1], "answers again");
}

void test_eviction_policy(void**) {
    const RedisServer server({"--maxmemory-policy", "allkeys-lru", "--maxmemory", "100mb"});
    RedisPlace place(server.settings());
    assert_text_equal(place.text({"PING"}), "PONG");
    assert_int_equal(place.reports.size(), 1);
    assert_contains(place.reports[0], "set maxmemory-policy noeviction");
    assert_contains(place.reports[0], "allkeys-lru");

    // Without the right to INFO, by CONFIG.
    assert_text_equal(place.text({"ACL", "SETUSER", "c", "on", ">c-secret", "~*", "+ping", "+config|get"}),
                      "OK");
    net::RedisSettings settings = server.settings();
    settings.user = "c";
    settings.password = "c-secret";
    RedisPlace other(settings);
    assert_text_equal(other.text({"PING"}), "PONG");
    assert_int_equal(other.reports.size(), 1);
    assert_contains(other.reports[0], "allkeys-lru");
}

void test_nobody_there(void**) {
    net::RedisSettings settings;
    settings.host = "127.0.0.1";
    settings.port = unit::free_port();
    RedisPlace place(settings);
    const std::string text = place.text({"PING"});
    assert_contains(text, "Redis at 127.0.0.1:" + std::to_string(settings.port) + " cannot be reached: ");
    Asked soon(*place.client, {{{"PING"}}, Again::never});
    assert_true(soon.is_unavailable()); // at once, and without another try
    place.run_for(milliseconds(150));
    Asked later(*place.client, {{{"PING"}}, Again::never});
    assert_false(later.done());
    assert_true(place.run_until_done(later));
    assert_int_equal(place.reports.size(), 1);
}

void test_silent(void**) {
    const RedisServer server;
    RedisPlace place(impatient(server));
    assert_text_equal(place.text({"PING"}), "PONG");
    server.pause();
    const auto begin = TestTime::now();
    Asked first(*place.client, {{{"GET", "a"}}, Again::harmless});
    place.run_for(milliseconds(150));
    Asked second(*place.client, {{{"GET", "a"}}, Again::harmless});
    assert_true(place.network.loop.keeps_process_alive());
    assert_true(place.run_until_done(first));
    assert_true(second.done());
    const auto took = TestTime::now() - begin;
    assert_true(took >= milliseconds(290) && took < milliseconds(2000));
    assert_contains(first.detail(), "does not answer in time");
    // A kernel that accepts, and a server that says nothing.
    place.run_for(milliseconds(100));
    const auto again = TestTime::now();
    assert_contains(place.text({"GET", "a"}), "in time");
    assert_true(TestTime::now() - again < milliseconds(2000));
    server.go_on();
    place.run_for(milliseconds(400));
    assert_text_equal(place.text({"PING"}), "PONG");
    assert_int_equal(place.reports.size(), 2);
    assert_contains(place.reports[1], "answers again");
}

// What was asked of the connection that is lost is asked again where that does no harm.
void test_lost_connection(void**) {
    const RedisServer server;
    RedisPlace place(server.settings());
    RedisPlace administrator(server.settings());
    assert_text_equal(place.text({"SET", "a", "1"}), "OK");
    const std::string id = std::to_string(place.ask({"CLIENT", "ID"})->front().number);
    assert_true(administrator.ask({"CLIENT", "KILL", "ID", id})->front().is_number(1));
    // Nothing of the end has been read yet.
    Asked harmless(*place.client, {{{"GET", "a"}}, Again::harmless});
    Asked count(*place.client, {{{"INCR", "n"}}, Again::never});
    assert_true(place.run_until_done(harmless));
    assert_true(harmless.ok());
    assert_text_equal(harmless.result->value().front().text, "1");
    assert_true(count.is_unavailable());
    assert_contains(count.detail(), "the connection is lost");
    assert_text_equal(place.text({"GET", "n"}), "");
    // While nobody asks it is only noticed.
    const std::string next = std::to_string(place.ask({"CLIENT", "ID"})->front().number);
    assert_true(administrator.ask({"CLIENT", "KILL", "ID", next})->front().is_number(1));
    place.run_for(milliseconds(50));
    assert_int_equal(place.network.loop.watched(), 0);
    assert_true(place.ask({"INCR", "n"})->front().is_number(1));
    assert_true(place.reports.empty());
}

void test_restart(void**) {
    RedisServer server;
    RedisPlace place(server.settings());
    assert_text_equal(place.text({"PING"}), "PONG");
    server.stop();
    assert_contains(place.text({"GET", "a"}), "Redis at 127.0.0.1:");
    server.start();
    place.run_for(milliseconds(600));
    assert_text_equal(place.text({"PING"}), "PONG");
}

void test_full(void**) {
    const RedisServer server;
    RedisPlace place(server.settings());
    assert_text_equal(place.text({"SET", "a", "1"}), "OK");
    assert_text_equal(place.text({"CONFIG", "SET", "maxmemory", "1"}), "OK");
    assert_contains(place.text({"SET", "b", "1"}), "raise its maxmemory");
    assert_text_equal(place.text({"GET", "a"}), "1"); // the connection is as good as before
}

void test_replica(void**) {
    const RedisServer server;
    RedisPlace place(server.settings());
    assert_text_equal(place.text({"SET", "a", "1"}), "OK");
    const std::string away = std::to_string(unit::free_port());
    assert_text_equal(place.text({"REPLICAOF", "127.0.0.1", away}), "OK");
    assert_contains(place.text({"SET", "a", "2"}), "takes no writes");
    place.run_for(milliseconds(120));
    assert_contains(place.text({"GET", "a"}), "takes no writes"); // what it has may be old
    place.run_for(milliseconds(120));
    // It becomes the primary, and is taken as soon as it is.
    const std::string command =
        "redis-cli -p " + std::to_string(server.port()) + " replicaof no one >/dev/null";
    assert_int_equal(std::system(command.c_str()), 0);
    place.run_for(milliseconds(1100));
    assert_text_equal(place.text({"SET", "a", "3"}), "OK");
}

void test_other_type(void**) {
    const RedisServer server;
    RedisPlace place(server.settings());
    assert_true(place.ask({"HSET", "h", "a", "1"}).ok());
    assert_contains(place.text({"GET", "h"}), "something else under a key");
    const auto result = place.ask({"EVAL", "return {1, redis.error_reply('OOM no')}", "0"});
    assert_contains(result.error().detail, "maxmemory"); // an error within a reply is one
}

// Who goes away keeps the place: the answers that follow are the others'.
void test_askers_that_leave(void**) {
    const RedisServer server;
    RedisPlace place(server.settings());
    for (int round = 0; round < 3; ++round) {
        std::vector<std::unique_ptr<Asked>> asked;
        for (int i = 0; i < 50; ++i) {
            asked.push_back(std::make_unique<Asked>(
                *place.client,
                net::RedisAsk{{{"ECHO", std::to_string(i)}, {"ECHO", "and"}}, Again::harmless}));
        }
        for (int i = 0; i < 50; i += 2) {
            asked[static_cast<std::size_t>(i)].reset();
        }
        place.client->tell({{{"ECHO", "nobody"}}, Again::harmless});
        for (int i = 1; i < 50; i += 2) {
            Asked& each = *asked[static_cast<std::size_t>(i)];
            assert_true(place.run_until_done(each));
            assert_text_equal(each.result->value().front().text, std::to_string(i));
        }
    }
    { // all of them
        const Asked left(*place.client, {{{"PING"}}, Again::harmless});
        assert_true(place.network.loop.keeps_process_alive());
    }
    assert_false(place.network.loop.keeps_process_alive());
    assert_text_equal(place.text({"PING"}), "PONG");
}

void test_client_goes_first(void**) {
    const RedisServer server;
    RedisPlace place(server.settings());
    const Asked connecting(*place.client, {{{"PING"}}, Again::harmless});
    place.client.reset();
    assert_false(connecting.done());
    assert_int_equal(place.network.loop.watched(), 0);
    assert_false(place.network.loop.has_timer());
}

void test_queue_is_bounded(void**) {
    const RedisServer server;
    RedisPlace place(impatient(server));
    assert_text_equal(place.text({"PING"}), "PONG");
    server.pause();
    std::vector<std::unique_ptr<Asked>> asked;
    std::size_t refused = 0;
    for (std::size_t i = 0; i < net::RedisClient::most_waiting + 10; ++i) {
        asked.push_back(std::make_unique<Asked>(*place.client, net::RedisAsk{{{"PING"}}, Again::harmless}));
        refused += asked.back()->is_unavailable() ? 1 : 0;
    }
    assert_int_equal(refused, 10);
    assert_true(place.run_until_done(*asked.front()));
    for (const auto& each : asked) {
        assert_true(each->is_unavailable());
    }
    server.go_on();
}

void test_large_values(void**) {
    const RedisServer server;
    RedisPlace place(server.settings());
    const std::string large(200 * 1024, 'x');
    assert_text_equal(place.text({"SET", "a", large}), "OK");
    assert_text_equal(place.text({"GET", "a"}), large);
    assert_text_equal(place.text({"SET", "b", std::string(8 * 1024 * 1024, 'y')}), "OK");
    assert_contains(place.text({"GET", "b"}), "more than 256k");
    place.run_for(milliseconds(60));
    assert_text_equal(place.text({"PING"}), "PONG");
}

void test_too_many_clients(void**) {
    const RedisServer server;
    RedisPlace administrator(server.settings());
    assert_text_equal(administrator.text({"CONFIG", "SET", "maxclients", "1"}), "OK");
    RedisPlace place(server.settings());
    assert_contains(place.text({"PING"}), "maxclients");
}

void test_loop_without_room(void**) {
    const RedisServer server;
    RedisPlace place(impatient(server));
    place.network.loop.refuse_sockets();
    assert_contains(place.text({"PING"}), "cannot be reached");
}

} // namespace

int main() {
    std::signal(SIGPIPE, SIG_IGN);
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_unix_socket_and_database),
        cmocka_unit_test(test_host_name),
        cmocka_unit_test(test_password),
        cmocka_unit_test(test_password_that_is_not_needed),
        cmocka_unit_test(test_quoted_password),
        cmocka_unit_test(test_rights),
        cmocka_unit_test(test_eviction_policy),
        cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_silent),
        cmocka_unit_test(test_lost_connection),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_replica),
        cmocka_unit_test(test_other_type),
        cmocka_unit_test(test_askers_that_leave),
        cmocka_unit_test(test_client_goes_first),
        cmocka_unit_test(test_queue_is_bounded),
        cmocka_unit_test(test_large_values),
        cmocka_unit_test(test_too_many_clients),
        cmocka_unit_test(test_loop_without_room),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
