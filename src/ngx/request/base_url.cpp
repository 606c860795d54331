// SPDX-License-Identifier: MIT
// The base URL of a request if none is configured (docs/operations.md). A Host that is not one of our names
// is refused, because redirect URIs and cookies are bound to the base URL. X-Forwarded-* is never read.
#include "base_url.hpp"
#include "../worker/worker.hpp"

#include "../../core/bytes.hpp"
#include "../../core/url.hpp"

#include <algorithm>

namespace oauth::ngx {

namespace {

bool is_host_text(std::string_view host) {
    return !host.empty() && host.size() <= 255 && std::all_of(host.begin(), host.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               std::string_view(".-_[]:").find(c) != std::string_view::npos;
    });
}

bool matches_name(std::string_view host, std::string_view name) {
    if (name.starts_with("*.") || name.starts_with('.')) {
        const std::string_view suffix = name.substr(name.front() == '*' ? 1 : 0);
        return host.ends_with(suffix) ? host.size() > suffix.size()
                                      : (name.front() == '.' && host == suffix.substr(1));
    }
    if (name.ends_with(".*")) {
        return host.starts_with(name.substr(0, name.size() - 1)) && host.size() >= name.size();
    }
    return host == name;
}

bool is_server_name(const ServerConf& server, std::string_view host) {
    for (const ServerName& name : server.compiled->names) {
#if (NGX_PCRE)
        if (name.regex != nullptr) {
            ngx_str_t subject;
            subject.len = host.size();
            subject.data = reinterpret_cast<u_char*>(const_cast<char*>(host.data()));
            if (ngx_regex_exec(name.regex, &subject, nullptr, 0) >= 0) {
                return true;
            }
            continue;
        }
#endif
        if (!name.name.empty() && matches_name(host, name.name)) {
            return true;
        }
    }
    return false;
}

// True if the host is the address that the request arrived at, or "localhost" for a loopback address.
bool is_local_address(ngx_http_request_t* r, std::string_view host) {
    u_char buffer[NGX_SOCKADDR_STRLEN];
    ngx_str_t address;
    address.data = buffer;
    address.len = sizeof(buffer);
    if (ngx_connection_local_sockaddr(r->connection, &address, 0) != NGX_OK) {
        return false;
    }
    std::string local = string(address);
    if (local.find(':') != std::string::npos && !local.starts_with('[')) {
        local = "[" + local + "]";
    }
    return host == local || (host == "localhost" && core::is_loopback_host(local));
}

bool is_https(const ngx_http_request_t* r) {
#if (NGX_HTTP_SSL)
    return r->connection->ssl != nullptr;
#else
    return false;
#endif
}

// ":8443" of the Host header; empty if there is none or it is the scheme's default; nullopt if it is not a
// port.
std::optional<std::string_view> port_of(std::string_view header, std::string_view host,
                                        std::string_view default_port) {
    if (header.size() < host.size() || !core::equal_ignoring_case(header.substr(0, host.size()), host)) {
        return std::nullopt;
    }
    std::string_view port = header.substr(host.size());
    if (port.empty() || port == ":") {
        return "";
    }
    constexpr std::size_t longest = 6; // ":65535"
    const auto number = port.front() == ':' && port.size() <= longest
                            ? core::parse_decimal(port.substr(1), 65535)
                            : std::nullopt;
    if (!number || *number == 0) {
        return std::nullopt;
    }
    return port.substr(1) == default_port ? std::string_view() : port;
}

// The bytes of the address that the connection was accepted at; nginx asks the kernel once per connection.
std::string_view local_address(ngx_http_request_t* r) {
    if (ngx_connection_local_sockaddr(r->connection, nullptr, 0) != NGX_OK) {
        return {};
    }
    return {reinterpret_cast<const char*>(r->connection->local_sockaddr), r->connection->local_socklen};
}

const KnownHost* find_known(ngx_http_request_t* r, const KnownHosts& hosts, std::string_view host) {
    const std::string_view header = view(r->headers_in.host->value);
    for (const auto& known : hosts) {
        if (known->header == header && known->server == host && known->https == is_https(r) &&
            (known->local_address.empty() || known->local_address == local_address(r))) {
            return known.get();
        }
    }
    return nullptr;
}

std::string_view remember(ngx_http_request_t* r, KnownHosts& hosts, KnownHost found) {
    if (hosts.size() == max_known_hosts) {
        const ngx_str_t text = copy(r->pool, found.base_url);
        return text.data == nullptr ? std::string_view() : view(text);
    }
    hosts.push_back(std::make_unique<KnownHost>(std::move(found)));
    return hosts.back()->base_url;
}

} // namespace

std::string_view find_base_url(ngx_http_request_t* r, const ServerConf& server) {
    if (server.base_url.len != 0) {
        return view(server.base_url);
    }
    const std::string_view host = view(r->headers_in.server); // lower case, without a port
    if (r->headers_in.host == nullptr) {
        return {};
    }
    KnownHosts& hosts = runtime_of(*main_conf(r)).known_hosts(server);
    if (const KnownHost* known = find_known(r, hosts, host)) {
        return known->base_url;
    }
    if (!is_host_text(host)) {
        return {};
    }
    const bool by_name = is_server_name(server, host);
    const bool https = is_https(r);
    const auto port = port_of(view(r->headers_in.host->value), host, https ? "443" : "80");
    if (!(by_name || is_local_address(r, host)) || !port) {
        return {};
    }
    KnownHost found;
    found.server = host;
    found.header = view(r->headers_in.host->value);
    found.local_address = by_name ? std::string_view() : local_address(r);
    found.https = https;
    found.base_url.append(https ? "https://" : "http://").append(host).append(*port);
    return remember(r, hosts, std::move(found));
}

} // namespace oauth::ngx
