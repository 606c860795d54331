// SPDX-License-Identifier: MIT
// Why a server was not reached, in words: what happened on which part of the way, and the directive that
// mends it. From libcurl's and OpenSSL's numbers, never from their texts, which differ between versions.
// Depends on no transfer.
#pragma once

#include <curl/curl.h>

#include <string>
#include <string_view>

namespace oauth::net {

// What is known of an exchange that libcurl ended.
struct Failure {
    CURLcode code = CURLE_OK;
    std::string host;          // that was asked
    std::string proxy;         // oauth_http_proxy; empty: asked directly
    std::string ignored_proxy; // a variable of the environment that names a proxy; empty: none does
    // What it was busy with; libcurl knows of no TLS in this.
    enum class Stage { name, connection, answer } stage = Stage::answer;
    bool is_tunnelled = false;    // a proxy leads to the host by CONNECT
    bool is_under_way = false;    // the request: its connection, and a tunnel, were there
    long system_error = 0;        // errno
    long connect_status = 0;      // the proxy's answer to CONNECT; 0: none
    long certificate_verdict = 0; // OpenSSL's, of the host's certificate
    long proxy_verdict = 0;       // of the proxy's
};

struct Told {
    std::string what;
    std::string remedy; // empty: none that is known
};

// Of any code but CURLE_OK.
Told describe(const Failure& failure);

// A verdict of OpenSSL (X509_V_ERR_...) on a certificate. 0 and 1 come with a certificate for another name,
// which libcurl looks at by itself.
Told describe_certificate(long verdict, std::string_view host);

} // namespace oauth::net
