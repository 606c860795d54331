// SPDX-License-Identifier: MIT
// Sets libcurl's options for one request, and turns its end into the waiter's result. Everything that decides
// where a request goes and whom it trusts is set here; the environment, files and libcurl's defaults have no
// influence on it.
#include "curl_transfer.hpp"

#include "../core/bytes.hpp"
#include "../core/openssl.hpp"
#include "../core/url.hpp"
#include "client_certificate.hpp"
#include "told.hpp"

#include <arpa/inet.h>

#include <openssl/ssl.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

namespace oauth::net {

namespace {

// Remembers whether libcurl refused an option. Then the request is not sent, because it would be less
// protected.
class Options {
public:
    explicit Options(CURL* easy) : easy_(easy) {}

    template <class Value>
    void set(CURLoption option, Value value) {
        static_assert(std::is_same_v<Value, long> || std::is_pointer_v<Value>);
        accepted_ = curl_easy_setopt(easy_, option, value) == CURLE_OK && accepted_;
    }
    void clear(CURLoption option) { set(option, static_cast<char*>(nullptr)); }
    bool accepted() const { return accepted_; }

private:
    CURL* easy_;
    bool accepted_ = true;
};

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* reader) noexcept {
    const std::string_view line(data, size * count);
    return static_cast<ResponseReader*>(reader)->on_header_line(line) ? line.size() : 0;
}

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* reader) noexcept {
    const std::string_view piece(data, size * count);
    // Unlike 0, CURL_WRITEFUNC_ERROR (libcurl 7.87) also stops at an empty piece.
    return static_cast<ResponseReader*>(reader)->on_body(piece) ? piece.size() : CURL_WRITEFUNC_ERROR;
}

CURLcode on_tls_context(CURL*, void* context, void* trust) noexcept {
    SSL_CTX_set1_cert_store(static_cast<SSL_CTX*>(context), static_cast<X509_STORE*>(trust));
    return CURLE_OK;
}

Told describe(ResponseReader::Failure failure, const HttpLimits& limits) {
    switch (failure) {
    case ResponseReader::Failure::body_too_large:
        return {"the response is too large, over " + std::to_string(limits.max_body) + " bytes",
                "raise oauth_http_max_body"};
    case ResponseReader::Failure::headers_too_large:
        return {"the response has too many headers", ""};
    case ResponseReader::Failure::encoded_body:
        return {"the response has an encoded body", ""};
    case ResponseReader::Failure::out_of_memory:
        return {"no memory for the response", ""};
    case ResponseReader::Failure::malformed:
    case ResponseReader::Failure::none:
        break;
    }
    return {"the response is malformed", ""};
}

void set_reach(Options& options, const core::Url& url, const HttpLimits& limits) {
    const char* protocol = url.scheme == "http" ? "http" : "https";
    options.set(CURLOPT_PROTOCOLS_STR, protocol);
    options.set(CURLOPT_REDIR_PROTOCOLS_STR, protocol);
    options.set(CURLOPT_FOLLOWLOCATION, 0L);
    options.set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    options.set(CURLOPT_PATH_AS_IS, 1L);
    options.set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    // A loopback host is this machine, so no proxy is used for it. Empty strings keep libcurl from reading
    // the environment.
    options.set(CURLOPT_PROXY, core::is_loopback_host(url.host) ? "" : limits.proxy.c_str());
    options.set(CURLOPT_NOPROXY, "");
    options.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

// At least 1, because libcurl takes 0 as "no limit".
long milliseconds_of(std::chrono::milliseconds time) {
    return std::max(1L, static_cast<long>(time.count()));
}

// A literal address; libcurl itself knows what localhost is.
bool needs_no_lookup(const std::string& host) {
    in_addr ignored{};
    return host.starts_with('[') || core::is_loopback_host(host) ||
           inet_pton(AF_INET, host.c_str(), &ignored) == 1;
}

void set_limits(Options& options, const HttpLimits& limits) {
    options.set(CURLOPT_NOSIGNAL, 1L);
    options.set(CURLOPT_QUICK_EXIT, 1L); // cancelling during a name lookup must not wait for its thread
    options.set(CURLOPT_DNS_CACHE_TIMEOUT, seconds_in_libcurls_cache);
    options.set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds_of(limits.connect_timeout));
    options.set(CURLOPT_TIMEOUT_MS, milliseconds_of(limits.timeout));
    options.set(CURLOPT_USERAGENT, limits.user_agent.c_str());
    options.set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    options.set(CURLOPT_HTTP09_ALLOWED, 0L);
}

void set_link(Options& options, const ClientSettings& settings) {
    options.set(CURLOPT_CONNECT_ONLY, 1L);
    options.set(CURLOPT_FRESH_CONNECT, 1L); // and never one from the pool, which speaks HTTP
    options.set(CURLOPT_SSL_ENABLE_ALPN, 0L);
    options.set(CURLOPT_TCP_KEEPALIVE, 1L);
    if (!settings.unix_socket.empty()) {
        options.set(CURLOPT_UNIX_SOCKET_PATH, settings.unix_socket.c_str());
    }
}

std::size_t drop_bytes(char*, std::size_t size, std::size_t count, void*) noexcept {
    return size * count;
}

void set_tls(Options& options, X509_STORE* trust) {
    options.set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    options.set(CURLOPT_SSL_VERIFYPEER, 1L);
    options.set(CURLOPT_SSL_VERIFYHOST, 2L);
    options.set(CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
    options.set(CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
    options.clear(CURLOPT_CAINFO);
    options.clear(CURLOPT_CAPATH);
    options.clear(CURLOPT_PROXY_CAINFO);
    options.clear(CURLOPT_PROXY_CAPATH);
    // No caches: libcurl's cached store could replace ours, and a resumed TLS session would not be verified
    // by ours.
    options.set(CURLOPT_CA_CACHE_TIMEOUT, 0L);
    options.set(CURLOPT_SSL_SESSIONID_CACHE, 0L);
    options.set(CURLOPT_SSL_CTX_FUNCTION, &on_tls_context);
    options.set(CURLOPT_SSL_CTX_DATA, static_cast<void*>(trust));
}

// The server alone sees it, and not a proxy. The pool does not know whose connection is whose.
void set_certificate(Options& options, const ClientCertificate& certificate) {
    const auto give = [&options](CURLoption option, const std::string& pem) {
        curl_blob blob{const_cast<char*>(pem.data()), pem.size(), CURL_BLOB_NOCOPY}; // only read
        options.set(option, &blob);
    };
    options.set(CURLOPT_SSLCERTTYPE, "PEM");
    options.set(CURLOPT_SSLKEYTYPE, "PEM");
    give(CURLOPT_SSLCERT_BLOB, certificate.chain());
    give(CURLOPT_SSLKEY_BLOB, certificate.key());
    options.set(CURLOPT_FRESH_CONNECT, 1L);
    options.set(CURLOPT_FORBID_REUSE, 1L);
}

// The pool gives a connection to those alone whose certificates are the same, as libcurl knows them. It reads
// this one, too, before on_tls_context puts all of them in its place.
void tell_trust_apart(Options& options, const std::string& mark) {
    curl_blob blob{const_cast<char*>(mark.data()), mark.size(), CURL_BLOB_COPY};
    options.set(CURLOPT_CAINFO_BLOB, &blob);
}

} // namespace

Transfer::Transfer(std::shared_ptr<const ClientSettings> settings, HttpRequest request, HttpWaiter& waiter)
    : settings_(std::move(settings)), request_(std::move(request)), waiter_(waiter),
      reader_(settings_->limits.max_headers, settings_->limits.max_body) {}

Transfer::~Transfer() {
    const core::QuietErrors quiet;
    easy_.reset();
    core::wipe(request_.body);
}

const char* Transfer::objection() const {
    if (!url_) {
        return "the URL is not valid";
    }
    if (url_->scheme != "https" && !core::PlainHttp{settings_->limits.plain_hosts}.takes(url_->host)) {
        return "http is only for loopback hosts, and those that allow_http names";
    }
    if (request_.certificate && url_->scheme != "https") {
        return "a client certificate is only for https";
    }
    if (request_.method != "GET" && request_.method != "POST" && request_.method != "DELETE") {
        return "the method is none of GET, POST and DELETE";
    }
    const auto is_clean = [](const Header& header) {
        return is_token(header.name) && !core::has_control_characters(header.value);
    };
    const bool all_clean = std::all_of(request_.headers.begin(), request_.headers.end(), is_clean);
    return all_clean ? nullptr : "a request header is not valid";
}

std::optional<core::Error> Transfer::prepare() {
    url_ = core::parse_url(request_.url);
    if (const char* reason = objection()) {
        return failed({reason, ""});
    }
    easy_.reset(curl_easy_init());
    if (!easy_) {
        throw std::bad_alloc();
    }
    build_headers();
    if (!set_options()) {
        return failed({"libcurl refuses an option", ""});
    }
    return std::nullopt;
}

void Transfer::add_header(const std::string& line) {
    curl_slist* longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr) {
        throw std::bad_alloc();
    }
    static_cast<void>(headers_.release());
    headers_.reset(longer);
}

void Transfer::build_headers() {
    for (const Header& header : request_.headers) {
        // libcurl leaves out a header written "Name:"; "Name;" sends an empty one.
        add_header(header.value.empty() ? header.name + ";" : header.name + ": " + header.value);
    }
    add_header("Accept-Encoding: identity");
    add_header("Expect:");
}

bool Transfer::set_options() {
    Options options(easy_.get());
    // Built from the checked parts, so that libcurl cannot read the URL differently.
    const std::string url = url_->origin() + url_->path + (url_->has_query ? "?" + url_->query : "");
    options.set(CURLOPT_URL, url.c_str());
    options.set(CURLOPT_HTTPHEADER, headers_.get());
    options.set(CURLOPT_HEADERFUNCTION, &on_header);
    options.set(CURLOPT_HEADERDATA, static_cast<void*>(&reader_));
    options.set(CURLOPT_WRITEFUNCTION, &on_body);
    options.set(CURLOPT_WRITEDATA, static_cast<void*>(&reader_));
    set_reach(options, *url_, settings_->limits);
    set_limits(options, settings_->limits);
    set_tls(options, settings_->trust);
    if (settings_->link != nullptr) {
        set_link(options, *settings_);
    }
    if (request_.method != "GET") {
        options.set(CURLOPT_POST, 1L);
        options.set(CURLOPT_POSTFIELDS, request_.body.c_str());
        options.set(CURLOPT_POSTFIELDSIZE, static_cast<long>(request_.body.size()));
        // If a pooled connection turns out to be dead, libcurl sends the request again by itself. A code that
        // the provider has already received must not be sent twice, so only a GET uses a pooled connection.
        options.set(CURLOPT_FRESH_CONNECT, 1L);
        if (request_.method != "POST") {
            options.set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
        }
    }
    if (request_.certificate) {
        set_certificate(options, *request_.certificate);
    }
    if (settings_->own_trust && url_->scheme == "https" && settings_->link == nullptr) {
        tell_trust_apart(options, settings_->trust_mark);
    }
    return options.accepted();
}

std::optional<NameToLookUp> Transfer::name_to_look_up() const {
    const bool is_proxied = !settings_->limits.proxy.empty() && !core::is_loopback_host(url_->host);
    if (is_proxied) {
        return NameToLookUp{settings_->limits.proxy, url_->origin(), settings_->limits.proxy};
    }
    if (needs_no_lookup(url_->host)) {
        return std::nullopt;
    }
    NameToLookUp name{url_->origin(), url_->origin(), ""};
    if (settings_->link != nullptr) { // a failover may be why it connects
        const std::uint16_t standard = url_->scheme == "http" ? 80 : 443;
        name.anew = url_->host + ":" + std::to_string(url_->port != 0 ? url_->port : standard);
    }
    return name;
}

void Transfer::take_from_its_time(std::chrono::milliseconds waited) {
    curl_easy_setopt(easy_.get(), CURLOPT_TIMEOUT_MS, milliseconds_of(settings_->limits.timeout - waited));
    curl_easy_setopt(easy_.get(), CURLOPT_CONNECTTIMEOUT_MS,
                     milliseconds_of(settings_->limits.connect_timeout - waited));
}

std::chrono::milliseconds Transfer::connect_timeout() const {
    return std::min(settings_->limits.connect_timeout, settings_->limits.timeout);
}

bool Transfer::open_sockets_by(curl_opensocket_callback open, void* data) {
    return curl_easy_setopt(easy_.get(), CURLOPT_OPENSOCKETFUNCTION, open) == CURLE_OK &&
           curl_easy_setopt(easy_.get(), CURLOPT_OPENSOCKETDATA, data) == CURLE_OK;
}

core::Error Transfer::failed(const Told& told) const {
    if (!url_) {
        return {core::Code::provider_unreachable, told.what};
    }
    if (settings_->link != nullptr) { // who has a link names its server
        return {core::Code::provider_unreachable,
                told.remedy.empty() ? told.what : told.what + ": " + told.remedy};
    }
    return {core::Code::provider_unreachable, net::told(told.what, url_->origin() + url_->path, told.remedy)};
}

bool Transfer::is_under_way() const {
    curl_off_t sent_after = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_PRETRANSFER_TIME_T, &sent_after);
    return sent_after != 0;
}

core::Error Transfer::ended_by(CURLcode code, Failure::Stage stage) const {
    const HttpLimits& limits = settings_->limits;
    const bool is_direct = limits.proxy.empty() || core::is_loopback_host(url_->host);
    Failure failure;
    failure.code = code;
    failure.stage = stage;
    failure.host = url_->host;
    failure.proxy = is_direct ? "" : limits.proxy;
    failure.is_tunnelled = !is_direct && url_->scheme == "https";
    failure.is_under_way = is_under_way();
    failure.ignored_proxy = core::is_loopback_host(url_->host) ? "" : limits.ignored_proxy;
    curl_easy_getinfo(easy_.get(), CURLINFO_OS_ERRNO, &failure.system_error);
    curl_easy_getinfo(easy_.get(), CURLINFO_HTTP_CONNECTCODE, &failure.connect_status);
    curl_easy_getinfo(easy_.get(), CURLINFO_SSL_VERIFYRESULT, &failure.certificate_verdict);
    curl_easy_getinfo(easy_.get(), CURLINFO_PROXY_SSL_VERIFYRESULT, &failure.proxy_verdict);
    core::Error error = failed(describe(failure));
    if (code == CURLE_OPERATION_TIMEDOUT) {
        error.code = core::Code::provider_timeout;
    }
    return error;
}

// It outlives this transfer, so it is not to point into it.
EasyHandle Transfer::take_connection() noexcept {
    curl_easy_setopt(easy_.get(), CURLOPT_HEADERFUNCTION, &drop_bytes);
    curl_easy_setopt(easy_.get(), CURLOPT_HEADERDATA, nullptr);
    curl_easy_setopt(easy_.get(), CURLOPT_WRITEFUNCTION, &drop_bytes);
    curl_easy_setopt(easy_.get(), CURLOPT_WRITEDATA, nullptr);
    curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, nullptr);
    return std::move(easy_);
}

HttpResult Transfer::result(CURLcode code) {
    const bool is_whole = reader_.failure() == ResponseReader::Failure::none;
    if (code != CURLE_OPERATION_TIMEDOUT && !is_whole) {
        return failed(describe(reader_.failure(), settings_->limits));
    }
    if (code != CURLE_OK) {
        curl_off_t connected_after = 0; // 0, too, where the connection was there already
        curl_easy_getinfo(easy_.get(), CURLINFO_CONNECT_TIME_T, &connected_after);
        const bool is_connected = connected_after != 0 || is_under_way();
        return ended_by(code, is_connected ? Failure::Stage::answer : Failure::Stage::connection);
    }
    if (settings_->link != nullptr) {
        return HttpResponse{};
    }
    std::optional<HttpResponse> response = reader_.take();
    if (!response) {
        return failed({"the response is malformed", ""});
    }
    return std::move(*response);
}

} // namespace oauth::net
