// SPDX-License-Identifier: MIT
// See failures.hpp. Owns nothing. OpenSSL is asked for a constant text alone, and needs no InLibcurl for it.
#include "failures.hpp"

#include <openssl/x509_vfy.h>

#include <system_error>

namespace oauth::net {

namespace {

using Stage = Failure::Stage;

constexpr std::string_view trust = "oauth_http_trusted_certificate";

std::string quoted(std::string_view text) {
    return "\"" + std::string(text) + "\"";
}

// Who needs a proxy has often named it where others look for it.
std::string with_environment(std::string remedy, const Failure& failure) {
    if (failure.ignored_proxy.empty() || !failure.proxy.empty()) {
        return remedy;
    }
    const std::string hint =
        failure.ignored_proxy + " of the environment is not read: name the proxy with oauth_http_proxy";
    return remedy.empty() ? hint : remedy + "; " + hint;
}

std::string about_proxy(const Failure& failure) {
    return "oauth_http_proxy is " + quoted(failure.proxy);
}

std::string no_connection(const Failure& failure) {
    const std::string what = failure.proxy.empty() ? "no connection" : "no connection to the proxy";
    if (failure.system_error == 0) {
        return what;
    }
    return what + ", " + std::generic_category().message(static_cast<int>(failure.system_error));
}

bool is_tunnel_refused(const Failure& failure) {
    return failure.connect_status != 0 && failure.connect_status / 100 != 2;
}

Told refused_by_proxy(const Failure& failure) {
    const std::string status = std::to_string(failure.connect_status);
    if (failure.connect_status == 407) {
        return {"the proxy answers CONNECT with status 407",
                about_proxy(failure) + ": it must not ask for a user and a password, which cannot be given"};
    }
    return {"the proxy answers CONNECT with status " + status,
            about_proxy(failure) + ": it must allow CONNECT to this host and port"};
}

Told on_the_way_to_proxy(const Failure& failure) {
    switch (failure.code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
        return {"the proxy's name is not found", about_proxy(failure)};
    case CURLE_OPERATION_TIMEDOUT:
        return {std::string(failure.stage == Stage::name         ? "the proxy's name is not found in time"
                            : failure.stage == Stage::connection ? "no connection to the proxy in time"
                                                                 : "no answer of the proxy in time"),
                about_proxy(failure)};
    case CURLE_COULDNT_CONNECT:
        return {no_connection(failure), about_proxy(failure)};
    default:
        return {std::string("the proxy fails: ") + curl_easy_strerror(failure.code), about_proxy(failure)};
    }
}

// What ends before the host has answered has ended at the proxy.
bool ends_at_proxy(const Failure& failure) {
    if (failure.proxy.empty()) {
        return false;
    }
    if (failure.code == CURLE_OPERATION_TIMEDOUT && failure.stage != Stage::answer) {
        return true;
    }
    if (failure.code == CURLE_COULDNT_CONNECT || failure.code == CURLE_COULDNT_RESOLVE_PROXY ||
        failure.code == CURLE_PROXY) {
        return true;
    }
    return failure.is_tunnelled && failure.connect_status == 0 && !failure.is_under_way;
}

Told too_late(const Failure& failure) {
    switch (failure.stage) {
    case Stage::name:
        return {
            "the name " + quoted(failure.host) + " is not found in time",
            with_environment(
                "check the name servers in /etc/resolv.conf, or raise oauth_http_connect_timeout", failure)};
    case Stage::connection:
        return {
            "no connection in time",
            with_environment("check host, port and firewalls, or raise oauth_http_connect_timeout", failure)};
    default:
        return {"no answer in time", "the provider is slow or stuck, or oauth_http_timeout too short"};
    }
}

} // namespace

Told describe_certificate(long verdict, std::string_view host) {
    const std::string file(trust);
    switch (verdict) {
    case X509_V_OK:
    case X509_V_ERR_UNSPECIFIED:
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return {"TLS: the certificate is for another name than " + quoted(host),
                "the URL must have a name that the certificate has"};
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return {"TLS: the certificate is self-signed", "to trust it, give its file to " + file};
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        return {"TLS: the certificate is of an authority that is not trusted here",
                file + " must name a file with the authority's certificate, or the server must send its "
                       "intermediate certificates"};
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return {"TLS: the certificate, or one that it rests on, has expired",
                "the server needs a new one, or this machine's clock is wrong"};
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return {"TLS: the certificate, or one that it rests on, is not valid yet",
                "this machine's clock is wrong, or the server's was when it was made"};
    default:
        return {std::string("TLS: the certificate is refused, ") + X509_verify_cert_error_string(verdict),
                "who is trusted: " + file};
    }
}

Told describe(const Failure& failure) {
    if (is_tunnel_refused(failure)) {
        return refused_by_proxy(failure);
    }
    const bool is_certificate = failure.code == CURLE_PEER_FAILED_VERIFICATION;
    if (is_certificate && failure.proxy.starts_with("https:") && failure.connect_status == 0) {
        Told told = describe_certificate(failure.proxy_verdict, failure.proxy);
        return {told.what + ", the proxy's", about_proxy(failure) + ": " + told.remedy};
    }
    if (is_certificate) {
        return describe_certificate(failure.certificate_verdict, failure.host);
    }
    if (ends_at_proxy(failure)) {
        return on_the_way_to_proxy(failure);
    }
    switch (failure.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return {"the name " + quoted(failure.host) + " is not found",
                with_environment("check the name, and the name servers in /etc/resolv.conf", failure)};
    case CURLE_COULDNT_CONNECT:
        return {no_connection(failure), with_environment("check host, port and firewalls", failure)};
    case CURLE_OPERATION_TIMEDOUT:
        return too_late(failure);
    case CURLE_SSL_CONNECT_ERROR:
        return {"TLS fails",
                "scheme and port of the URL must be the server's, and it needs TLS 1.2 or later"};
    default:
        return {curl_easy_strerror(failure.code), ""};
    }
}

} // namespace oauth::net
