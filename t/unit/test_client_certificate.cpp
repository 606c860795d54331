// SPDX-License-Identifier: MIT
// Certificates of this client: which are taken, who sees them, and that no other request has the connection
// of one.
#include "../../src/core/bytes.hpp"
#include "../../src/core/crypto.hpp"
#include "../../src/net/client_certificate.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "http_server.hpp"
#include "poll_loop.hpp"
#include "unit.hpp"

namespace {

using namespace oauth;
using net::ClientCertificate;
using unit::Connection;
using unit::Exchange;
using unit::HttpServer;
using unit::Identity;

std::string name_of(const Identity& identity) {
    char name[64] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(identity.certificate.get()), NID_commonName, name,
                              sizeof name);
    return name;
}

std::shared_ptr<const ClientCertificate> made(const Identity& identity) {
    std::string error;
    auto certificate = ClientCertificate::create(identity.pem(), identity.key.get(), error);
    assert_text_equal(error, "");
    return certificate;
}

void what_is_no_certificate_of_the_key(void**) {
    const Identity identity = unit::make_identity({});
    const Identity other = unit::make_identity({});
    const std::string good = identity.pem();
    std::string flipped = good;
    flipped.replace(100, 4, "!!!!");
    std::string many;
    for (int i = 0; i < 12; ++i) {
        many += good;
    }
    const std::pair<std::string, std::string> texts[] = {
        {"", "holds no certificate in PEM"},
        {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "holds no certificate in PEM"},
        {flipped, "holds a certificate that is broken"},
        {good + flipped, "holds a certificate that is broken"},
        {good.substr(0, good.size() / 2), "holds a certificate that is broken"},
        {many, "too many"},
        {other.pem() + good, "is not the certificate of client_key"},
        {std::string(65537, ' '), "is too large"},
    };
    for (const auto& [text, told] : texts) {
        std::string error;
        assert_null(ClientCertificate::create(text, identity.key.get(), error).get());
        if (error.find(told) == std::string::npos) {
            fail_msg("%s: %s", told.c_str(), error.c_str());
        }
    }
}

void a_chain_is_kept_and_an_end_is_seen(void**) {
    const Identity authority = unit::make_identity({.is_authority = true});
    const Identity identity = unit::make_identity({.issuer = &authority});
    std::string error;
    const auto certificate =
        ClientCertificate::create(identity.pem() + "text\n" + authority.pem(), identity.key.get(), error);
    assert_non_null(certificate.get());
    assert_text_equal(certificate->chain(), identity.pem() + authority.pem());
    assert_false(certificate->has_ended());
    unsigned char* der = nullptr;
    const int size = i2d_X509(identity.certificate.get(), &der);
    const std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    assert_text_equal(certificate->sha256_thumbprint(),
                      core::base64url_encode(core::digest(core::Hash::sha256, bytes)));
    assert_int_equal(certificate->sha1_thumbprint().size(), 27);
    assert_true(made(unit::make_identity({.seconds_to_live = -10}))->has_ended());
}

// A server that notes who has come on which connection.
struct Noting {
    std::mutex mutex;
    std::vector<std::string> seen; // "NAME of the certificate", a request each
    Identity authority = unit::make_identity({.is_authority = true});
    Identity identity = unit::make_identity({.dns_name = "localhost", .issuer = &authority});
    HttpServer server{[this](Connection& connection) {
                          while (!connection.read_request().empty()) {
                              {
                                  const std::lock_guard lock(mutex);
                                  seen.push_back(connection.client_name());
                              }
                              connection.send(unit::hello);
                          }
                      },
                      identity};

    Noting() { server.ask_for_certificates(); }
    net::HttpLimits limits() const {
        net::HttpLimits limits;
        limits.trusted_certificates = authority.pem();
        return limits;
    }
};

net::HttpRequest request(const Noting& server, const std::shared_ptr<const ClientCertificate>& certificate) {
    net::HttpRequest request = unit::get(server.server.url("localhost", "/"));
    request.certificate = certificate;
    return request;
}

void each_request_shows_its_own_and_no_other(void**) {
    Noting server;
    unit::Network network(server.limits());
    const Identity first = unit::make_identity({});
    const Identity second = unit::make_identity({});
    const auto of_first = made(first);
    const auto of_second = made(second);
    const auto other_client = network.make_client(server.limits());
    std::vector<std::string> expected;
    for (const auto& [certificate, name] :
         {std::pair(std::shared_ptr<const ClientCertificate>(), std::string()),
          {of_first, name_of(first)},
          {nullptr, ""},
          {of_second, name_of(second)},
          {of_first, name_of(first)},
          {nullptr, ""}}) {
        for (net::HttpClient* client : {network.client.get(), other_client.get()}) {
            Exchange exchange(*client, request(server, certificate));
            assert_true(network.run_until_done(exchange));
            assert_true(exchange.ok());
            expected.push_back(name);
        }
    }
    const std::lock_guard lock(server.mutex);
    assert_true(server.seen == expected);
}

void a_certificate_is_not_for_plain_http(void**) {
    HttpServer server(unit::answer_hello);
    unit::Network network;
    net::HttpRequest plain = unit::get(server.url("/"));
    plain.certificate = made(unit::make_identity({}));
    Exchange exchange(*network.client, std::move(plain));
    assert_true(network.run_until_done(exchange));
    assert_true(exchange.failed_with(core::Code::provider_unreachable));
    assert_true(exchange.detail().find("a client certificate is only for https") != std::string::npos);
    assert_int_equal(server.connections(), 0);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_certificate_of_the_key),
        cmocka_unit_test(a_chain_is_kept_and_an_end_is_seen),
        cmocka_unit_test(each_request_shows_its_own_and_no_other),
        cmocka_unit_test(a_certificate_is_not_for_plain_http),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
