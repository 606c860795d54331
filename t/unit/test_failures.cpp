// SPDX-License-Identifier: MIT
// What is told of a server that was not reached: each cause has a sentence of its own, and names what mends
// it.
#include <string>
#include <vector>

#include <openssl/x509_vfy.h>

#include "../../src/net/failures.hpp"
#include "../../src/net/told.hpp"
#include "unit.hpp"

namespace {

using namespace oauth::net;
using Stage = Failure::Stage;

Failure failure(CURLcode code, Stage stage = Stage::answer) {
    Failure failure;
    failure.code = code;
    failure.stage = stage;
    failure.host = "id.example.org";
    return failure;
}

Failure proxied(CURLcode code, long connect_status = 0, Stage stage = Stage::answer) {
    Failure proxied = failure(code, stage);
    proxied.proxy = "http://proxy.example.org:3128";
    proxied.is_tunnelled = true;
    proxied.connect_status = connect_status;
    return proxied;
}

Failure under_way(Failure failure) {
    failure.is_under_way = true;
    return failure;
}

void check(const Failure& failure, const std::string& what, const std::string& remedy) {
    const Told told = describe(failure);
    assert_text_equal(told.what, what);
    if (told.remedy.find(remedy) == std::string::npos || (remedy.empty() && !told.remedy.empty())) {
        print_error("no \"%s\" in: %s\n", remedy.c_str(), told.remedy.c_str());
        assert_true(false);
    }
}

void test_directly(void**) {
    check(failure(CURLE_COULDNT_RESOLVE_HOST), "the name \"id.example.org\" is not found",
          "/etc/resolv.conf");
    check(failure(CURLE_OPERATION_TIMEDOUT, Stage::name), "the name \"id.example.org\" is not found in time",
          "oauth_http_connect_timeout");
    check(failure(CURLE_OPERATION_TIMEDOUT, Stage::connection), "no connection in time",
          "oauth_http_connect_timeout");
    check(failure(CURLE_OPERATION_TIMEDOUT), "no answer in time", "oauth_http_timeout");
    Failure refused = failure(CURLE_COULDNT_CONNECT, Stage::connection);
    check(refused, "no connection", "host, port and firewalls");
    refused.system_error = ECONNREFUSED;
    check(refused, "no connection, Connection refused", "host, port and firewalls");
    check(failure(CURLE_SSL_CONNECT_ERROR), "TLS fails", "TLS 1.2");
    check(failure(CURLE_RECV_ERROR), curl_easy_strerror(CURLE_RECV_ERROR), "");
}

// Who cannot be reached directly may need the proxy that the environment names.
void test_ignored_proxy(void**) {
    for (Failure each :
         {failure(CURLE_COULDNT_RESOLVE_HOST), failure(CURLE_COULDNT_CONNECT, Stage::connection),
          failure(CURLE_OPERATION_TIMEDOUT, Stage::name),
          failure(CURLE_OPERATION_TIMEDOUT, Stage::connection)}) {
        assert_true(describe(each).remedy.find("https_proxy") == std::string::npos);
        each.ignored_proxy = "https_proxy";
        assert_true(describe(each).remedy.find("https_proxy of the environment is not read: name the proxy "
                                               "with oauth_http_proxy") != std::string::npos);
        each.proxy = "http://proxy.example.org:3128";
        assert_true(describe(each).remedy.find("https_proxy") == std::string::npos);
    }
    Failure answered = failure(CURLE_OPERATION_TIMEDOUT);
    answered.ignored_proxy = "https_proxy";
    check(answered, "no answer in time", "oauth_http_timeout");
}

void test_proxy(void**) {
    const std::string named = "oauth_http_proxy is \"http://proxy.example.org:3128\"";
    check(proxied(CURLE_COULDNT_RESOLVE_PROXY), "the proxy's name is not found", named);
    check(proxied(CURLE_COULDNT_CONNECT, 0, Stage::connection), "no connection to the proxy", named);
    check(proxied(CURLE_OPERATION_TIMEDOUT, 0, Stage::name), "the proxy's name is not found in time", named);
    check(proxied(CURLE_OPERATION_TIMEDOUT, 0, Stage::connection), "no connection to the proxy in time",
          named);
    check(proxied(CURLE_OPERATION_TIMEDOUT), "no answer of the proxy in time", named);
    check(proxied(CURLE_RECV_ERROR, 407), "the proxy answers CONNECT with status 407",
          "a user and a password");
    check(proxied(CURLE_RECV_ERROR, 403), "the proxy answers CONNECT with status 403", named);
    check(proxied(CURLE_COULDNT_CONNECT, 502), "the proxy answers CONNECT with status 502", named);
    check(proxied(CURLE_GOT_NOTHING),
          std::string("the proxy fails: ") + curl_easy_strerror(CURLE_GOT_NOTHING), named);
    check(proxied(CURLE_OPERATION_TIMEDOUT, 200), "no answer in time", "oauth_http_timeout");
    // On a tunnel that was there already nobody answers CONNECT.
    check(under_way(proxied(CURLE_OPERATION_TIMEDOUT)), "no answer in time", "oauth_http_timeout");
    check(under_way(proxied(CURLE_GOT_NOTHING)), curl_easy_strerror(CURLE_GOT_NOTHING), "");
    Failure plain = proxied(CURLE_OPERATION_TIMEDOUT);
    plain.is_tunnelled = false;
    check(plain, "no answer in time", "oauth_http_timeout");
}

void test_certificates(void**) {
    struct Case {
        long verdict;
        std::string what;
        std::string remedy;
    };
    const std::string trust = "oauth_http_trusted_certificate";
    const std::string unknown = "TLS: the certificate is of an authority that is not trusted here";
    const std::string name = "TLS: the certificate is for another name than \"id.example.org\"";
    for (const Case& each : std::vector<Case>{
             {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "TLS: the certificate is self-signed", trust},
             {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, unknown, trust},
             {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, unknown, trust},
             {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, unknown, trust},
             {X509_V_OK, name, "the URL must have a name"},
             {X509_V_ERR_UNSPECIFIED, name, "the URL must have a name"}, // libcurl 7.88
             {X509_V_ERR_CERT_HAS_EXPIRED, "TLS: the certificate, or one that it rests on, has expired",
              "clock"},
             {X509_V_ERR_CERT_NOT_YET_VALID,
              "TLS: the certificate, or one that it rests on, is not valid yet", "clock"},
             {X509_V_ERR_CA_MD_TOO_WEAK,
              "TLS: the certificate is refused, CA signature digest algorithm too weak", trust},
         }) {
        Failure failed = failure(CURLE_PEER_FAILED_VERIFICATION);
        failed.certificate_verdict = each.verdict;
        check(failed, each.what, each.remedy);
    }
    Failure of_proxy = proxied(CURLE_PEER_FAILED_VERIFICATION);
    of_proxy.proxy = "https://proxy.example.org:3129";
    of_proxy.proxy_verdict = X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT;
    check(of_proxy, "TLS: the certificate is self-signed, the proxy's", "oauth_http_proxy is");
    of_proxy.connect_status = 200;
    of_proxy.certificate_verdict = X509_V_ERR_CERT_HAS_EXPIRED;
    check(of_proxy, "TLS: the certificate, or one that it rests on, has expired", "clock");
}

void test_told(void**) {
    assert_text_equal(shown_url("https://id.example.org/a/b?code=1#x"), "https://id.example.org/a/b");
    assert_text_equal(shown_url("https://user:pass@id.example.org:8443"), "https://id.example.org:8443");
    assert_text_equal(shown_url("https://id.example.org/a@b\n"), "https://id.example.org/a@b?");
    assert_text_equal(shown_url("https://u:p@h@id.example.org/"), "https://id.example.org/");
    assert_text_equal(told("status 404", "https://id.example.org/x?y"),
                      "status 404 (https://id.example.org/x)");
    assert_text_equal(told("status 404", "https://id.example.org/x", "check issuer"),
                      "status 404 (https://id.example.org/x): check issuer");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_directly), cmocka_unit_test(test_ignored_proxy),
        cmocka_unit_test(test_proxy),    cmocka_unit_test(test_certificates),
        cmocka_unit_test(test_told),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
