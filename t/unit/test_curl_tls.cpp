// SPDX-License-Identifier: MIT
// Whom the network client trusts (TK-14): the configured authority or the system's, the right name, in time -
// and no connection that somebody with other certificates has opened.
#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http_server.hpp"
#include "poll_loop.hpp"
#include "unit.hpp"

namespace {

using namespace oauth;
using unit::answer_hello;
using unit::Exchange;
using unit::HttpServer;
using unit::Identity;
using unit::Network;

const Identity& authority() {
    static const Identity identity = unit::make_identity({.is_authority = true});
    return identity;
}

Identity good_server() {
    return unit::make_identity({.issuer = &authority()});
}

net::HttpLimits trusting(const std::string& pem) {
    net::HttpLimits limits;
    limits.trusted_certificates = pem;
    return limits;
}

bool fetches(Network& network, net::HttpClient& client, const std::string& url) {
    Exchange exchange(client, unit::get(url));
    assert_true(network.run_until_done(exchange));
    assert_true(exchange.ok() || exchange.failed_with(core::Code::provider_unreachable));
    return exchange.ok();
}

void test_trusted_authority(void**) {
    HttpServer server(answer_hello, good_server());
    const std::string other = unit::make_identity({.is_authority = true}).pem();
    Network network(trusting(other + authority().pem()));
    assert_true(fetches(network, *network.client, server.url("localhost", "/")));
    assert_true(network.run_until_nothing_is_watched());
}

void test_self_signed_certificate_that_is_trusted_itself(void**) {
    const Identity identity = unit::make_identity({});
    HttpServer server(answer_hello, identity);
    Network network(trusting(identity.pem()));
    assert_true(fetches(network, *network.client, server.url("localhost", "/")));
}

void test_untrusted(void**) {
    struct Case {
        const char* what;
        Identity identity;
        std::string trusted;
    };
    const Identity stranger = unit::make_identity({.is_authority = true});
    const Identity no_authority = good_server();
    const std::string ours = authority().pem();
    const std::vector<Case> cases{
        {"self-signed", unit::make_identity({}), ours},
        {"of another authority", unit::make_identity({.issuer = &stranger}), ours},
        {"signed by a server's certificate", unit::make_identity({.issuer = &no_authority}), ours},
        {"wrong name", unit::make_identity({.dns_name = "other.test", .issuer = &authority()}), ours},
        {"NUL in the name",
         unit::make_identity({.dns_name = {"localhost\0.other.test", 21}, .issuer = &authority()}), ours},
        {"expired", unit::make_identity({.seconds_to_live = -60, .issuer = &authority()}), ours},
        {"not of the system's", good_server(), ""},
    };
    for (const Case& bad : cases) {
        HttpServer server(answer_hello, bad.identity);
        Network network(trusting(bad.trusted));
        if (fetches(network, *network.client, server.url("localhost", "/"))) {
            print_error("trusted: %s\n", bad.what);
            assert_true(false);
        }
    }
    HttpServer server(answer_hello, good_server());
    Network network(trusting(ours));
    assert_false(fetches(network, *network.client, server.url("127.0.0.1", "/"))); // the name is localhost
}

// Whatever one client has opened and verified, another one verifies for itself.
void test_trust_is_not_shared(void**) {
    HttpServer server(answer_hello, good_server());
    const std::string url = server.url("localhost", "/");
    Network network(trusting(authority().pem()));
    const auto other = network.make_client(trusting(unit::make_identity({.is_authority = true}).pem()));
    const auto system = network.make_client({});
    for (int i = 0; i < 2; ++i) {
        assert_true(fetches(network, *network.client, url));
        assert_false(fetches(network, *other, url));
        assert_false(fetches(network, *system, url));
    }
}

// A sign-in asks for tokens and then for the user: one handshake with the provider is enough for both.
void test_connections_are_reused_by_who_trusts_the_same(void**) {
    HttpServer server(answer_hello, good_server());
    const std::string url = server.url("localhost", "/");
    const std::string stranger = unit::make_identity({.is_authority = true}).pem();
    Network network(trusting(authority().pem()));
    Exchange post(*network.client, {"POST", url, {}, "code=c"});
    assert_true(network.run_until_done(post));
    assert_true(post.ok());
    assert_true(fetches(network, *network.client, url));
    assert_int_equal(server.connections(), 1);
    // Certificates that are more, or fewer, are others.
    for (const std::string& more : {stranger + authority().pem(), authority().pem() + stranger}) {
        const auto client = network.make_client(trusting(more));
        const int before = server.connections();
        assert_true(fetches(network, *client, url));
        assert_int_equal(server.connections(), before + 1);
        assert_true(fetches(network, *client, url));
        assert_int_equal(server.connections(), before + 1);
    }
    const auto less = network.make_client(trusting(stranger));
    assert_false(fetches(network, *less, url));
    const auto same = network.make_client(trusting(authority().pem()));
    const int before = server.connections();
    assert_true(fetches(network, *same, url));
    assert_int_equal(server.connections(), before);
}

// libcurl 8.9 and later keeps the socket of a request that has ended until the server has said goodbye too,
// or for two seconds. Nobody waits for that: not who asked, not a process that is to end, not the engine's
// end.
void test_server_without_goodbye(void**) {
    std::atomic<bool> leave = false;
    HttpServer server(
        [&leave](unit::Connection& connection) {
            connection.read_request();
            connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
            while (!leave) {
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
            }
        },
        good_server());
    Network patient(trusting(authority().pem()));
    assert_true(fetches(patient, *patient.client, server.url("localhost", "/")));
    assert_false(patient.loop.keeps_process_alive());
    assert_true(patient.run_until_nothing_is_watched());

    Network network(trusting(authority().pem()));
    assert_true(fetches(network, *network.client, server.url("localhost", "/")));
    const auto ending = unit::TestTime::now();
    network.engine.reset();
    assert_int_equal(network.loop.watched(), 0);
    assert_false(network.loop.has_timer());
    assert_true(unit::TestTime::now() - ending < std::chrono::milliseconds(500));
    leave = true;
}

void test_bad_certificates_make_no_client(void**) {
    Network network;
    for (const char* text : {"hello", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"}) {
        std::string error;
        assert_null(network.engine->make_client(trusting(text), error).get());
        assert_false(error.empty());
    }
}

void test_old_protocol(void**) {
    HttpServer server(answer_hello, good_server());
    server.allow_at_most(TLS1_1_VERSION);
    Network network(trusting(authority().pem()));
    assert_false(fetches(network, *network.client, server.url("localhost", "/")));
    server.allow_at_most(TLS1_2_VERSION);
    assert_true(fetches(network, *network.client, server.url("localhost", "/")));
}

} // namespace

int main() {
    std::signal(SIGPIPE, SIG_IGN);
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_trusted_authority),
        cmocka_unit_test(test_self_signed_certificate_that_is_trusted_itself),
        cmocka_unit_test(test_untrusted),
        cmocka_unit_test(test_trust_is_not_shared),
        cmocka_unit_test(test_connections_are_reused_by_who_trusts_the_same),
        cmocka_unit_test(test_server_without_goodbye),
        cmocka_unit_test(test_bad_certificates_make_no_client),
        cmocka_unit_test(test_old_protocol),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
