// SPDX-License-Identifier: MIT
// See base_url.hpp. A host that is no name of ours is refused, because redirect URIs and cookies are bound to
// it. X-Forwarded-* decides nothing: anybody can send it.
#include "base_url.hpp"
#include "../compat.hpp"
#include "forwarded.hpp"
#include "../worker/worker.hpp"

#include "../../core/bytes.hpp"
#include "../../core/url.hpp"

#include <algorithm>
#include <optional>

namespace oauth::ngx {

namespace {

bool is_host_text(std::string_view host) {
    return !host.empty() && host.size() <= 255 && std::all_of(host.begin(), host.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               std::string_view(".-_[]:").find(c) != std::string_view::npos;
    });
}

// "*.example.org", ".example.org" or "mail.*".
bool matches_wildcard(std::string_view host, std::string_view name) {
    if (name.starts_with("*.") || name.starts_with('.')) {
        const std::string_view suffix = name.substr(name.front() == '*' ? 1 : 0);
        return host.ends_with(suffix) ? host.size() > suffix.size()
                                      : (name.front() == '.' && host == suffix.substr(1));
    }
    return name.ends_with(".*") && host.starts_with(name.substr(0, name.size() - 1)) &&
           host.size() >= name.size();
}

#if (NGX_PCRE)
bool matches_regex(std::string_view host, ngx_regex_t* regex) {
    ngx_str_t subject;
    subject.len = host.size();
    subject.data = reinterpret_cast<u_char*>(const_cast<char*>(host.data()));
    return ngx_regex_exec(regex, &subject, nullptr, 0) >= 0;
}
#endif

enum class NameMatch { none, exact, pattern };

NameMatch match_names(const ServerConf& server, std::string_view host) {
    NameMatch match = NameMatch::none;
    for (const ServerName& name : server.compiled->names) {
#if (NGX_PCRE)
        if (name.regex != nullptr) {
            if (matches_regex(host, name.regex)) {
                match = NameMatch::pattern;
            }
            continue;
        }
#endif
        if (name.name == host && !host.starts_with('.')) {
            return NameMatch::exact;
        }
        if (matches_wildcard(host, name.name)) {
            match = NameMatch::pattern;
        }
    }
    return match;
}

// The address the request was reached at, as a host; also "localhost" where that is a loopback address.
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

// The number after the host; 0: there is none. nullopt: what is there is no port.
std::optional<in_port_t> port_of(std::string_view authority, std::string_view host) {
    if (!core::equal_ignoring_case(authority.substr(0, host.size()), host)) {
        return std::nullopt;
    }
    std::string_view rest = authority.substr(host.size());
    if (rest.starts_with('.') && !host.ends_with(']')) { // nginx took the dot off the name
        rest.remove_prefix(1);
    }
    if (rest.empty() || rest == ":") {
        return in_port_t{0};
    }
    constexpr std::size_t longest = 6; // ":65535"
    const auto number = rest.front() == ':' && rest.size() <= longest
                            ? core::parse_decimal(rest.substr(1), 65535)
                            : std::nullopt;
    if (!number || *number == 0) {
        return std::nullopt;
    }
    return static_cast<in_port_t>(*number);
}

in_port_t connection_port(const ngx_http_request_t* r) {
    const ngx_listening_t* listening = r->connection->listening;
    return listening == nullptr ? in_port_t{0} : ngx_inet_get_port(listening->sockaddr);
}

// Whether servers of this nginx answer at that port. `stream` may listen there too: what it passes on to us
// comes from a port that is mapped, as a container's is.
bool is_port_of_ours(in_port_t port) {
    const auto* listening = static_cast<const ngx_listening_t*>(ngx_cycle->listening.elts);
    for (ngx_uint_t i = 0; i < ngx_cycle->listening.nelts; ++i) {
        if (listening[i].handler == ngx_http_init_connection &&
            ngx_inet_get_port(listening[i].sockaddr) == port) {
            return true;
        }
    }
    return false;
}

// The bytes of the address that the connection was accepted at; nginx asks the kernel once per connection.
std::string_view local_address(ngx_http_request_t* r) {
    if (ngx_connection_local_sockaddr(r->connection, nullptr, 0) != NGX_OK) {
        return {};
    }
    return {reinterpret_cast<const char*>(r->connection->local_sockaddr), r->connection->local_socklen};
}

struct Examined {
    std::optional<KnownHost> host; // nullopt: refused
    std::string_view refusal;
};

Examined examine(ngx_http_request_t* r, const ServerConf& server, std::string_view authority) {
    const std::string_view host = view(r->headers_in.server); // lower case, without port and last dot
    const NameMatch name = is_host_text(host) ? match_names(server, host) : NameMatch::none;
    if (authority.empty() || !is_host_text(host) || (name == NameMatch::none && !is_local_address(r, host))) {
        return {std::nullopt,
                "the request's host is none of the server's names: set server_name or oauth_base_url"};
    }
    const auto port = port_of(authority, host);
    if (!port) {
        return {std::nullopt, "the request's host has no valid port"};
    }
    // A host with the port of another server of this nginx: sessions and callbacks would be that server's. No
    // browser sends it, and nothing that maps ports does. Without a port nothing is compared: at the standard
    // ports balancers and `stream` take connections in, to pass them on to others.
    const in_port_t own_port = connection_port(r);
    if (*port != 0 && *port != own_port && is_port_of_ours(*port)) {
        return {std::nullopt, "the request's host has the port of another server of this nginx: set "
                              "oauth_base_url if that is meant"};
    }
    KnownHost found;
    found.authority = authority;
    found.listening = r->connection->listening;
    found.https = is_https(r);
    if (name == NameMatch::none) {
        found.local_address = local_address(r);
    }
    const std::string own_text = std::string(host) + ":" + std::to_string(own_port);
    found.open_ended = name == NameMatch::pattern || (authority != host && authority != own_text);
    found.base_url.append(found.https ? "https://" : "http://").append(host);
    if (*port != 0 && *port != (found.https ? 443 : 80)) {
        found.base_url.append(":").append(std::to_string(*port));
    }
    return {std::move(found), {}};
}

std::string_view remember(ngx_http_request_t* r, KnownHosts& hosts, KnownHost found) {
    const std::string base_url = found.base_url;
    const std::string_view kept = hosts.add(std::move(found));
    if (!kept.empty()) {
        return kept;
    }
    const ngx_str_t text = copy(r->pool, base_url);
    return text.data == nullptr ? std::string_view() : view(text);
}

std::string_view base_url_of_request(ngx_http_request_t* r, const ServerConf& server, KnownHosts& hosts) {
    const std::string_view authority = authority_of(r);
    const KnownHost* last = hosts.last_of(r->connection->number);
    if (last != nullptr && last->authority == authority) {
        return last->base_url;
    }
    const ngx_listening_t* listening = r->connection->listening;
    const bool https = is_https(r);
    // The cheapest comparison first; an address is asked for where the host is not a name.
    const KnownHost* known = hosts.find([&](const KnownHost& each) {
        return each.listening == listening && each.https == https && each.authority == authority &&
               (each.local_address.empty() || each.local_address == local_address(r));
    });
    hosts.found_for(known == nullptr ? 0 : r->connection->number);
    if (known != nullptr) {
        return known->base_url;
    }
    Examined examined = examine(r, server, authority);
    return examined.host ? remember(r, hosts, std::move(*examined.host)) : std::string_view();
}

} // namespace

std::string_view find_base_url(ngx_http_request_t* r, const ServerConf& server) {
    if (server.base_url.len != 0) {
        return view(server.base_url);
    }
    return base_url_of_request(r, server, runtime_of(*main_conf(r)).known_hosts(server));
}

std::string own_origin(ngx_http_request_t* r, const ServerConf& server) {
    if (server.base_url.len == 0) {
        return {};
    }
    const Examined examined = examine(r, server, authority_of(r));
    if (!examined.host || !examined.host->local_address.empty()) {
        return {};
    }
    const std::string& own = examined.host->base_url;
    auto origin = core::parse_url(own);
    const auto base = core::parse_url(view(server.base_url));
    const bool is_behind_proxy = origin && base && origin->scheme == "http" && base->scheme == "https";
    if (!is_behind_proxy) {
        return own;
    }
    // A port that we ourselves listen on without TLS is one that the proxy has put there.
    origin->scheme = "https";
    origin->port = origin->port == connection_port(r) ? base->port : origin->port;
    return core::parse_url(origin->origin()).value_or(*origin).origin(); // without https' own port
}

bool is_server_name(const ServerConf& server, std::string_view host) {
    return is_host_text(host) && match_names(server, host) != NameMatch::none;
}

void doubt_base_url(ngx_http_request_t* r, const ServerConf& server, std::string_view base_url) {
    KnownHosts& hosts = runtime_of(*main_conf(r)).known_hosts(server);
    if (!hosts.told_of_https && base_url.starts_with("http:")) {
        hosts.told_of_https = tell_of_https_proxy(r, base_url);
    }
}

std::string why_no_base_url(ngx_http_request_t* r, const ServerConf& server) {
    return std::string(examine(r, server, authority_of(r)).refusal);
}

} // namespace oauth::ngx
