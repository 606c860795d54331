// SPDX-License-Identifier: MIT
// oauth_trusted_proxy: from where the headers count by which another proxy names an address to be decided.
#include "directives.hpp"

namespace oauth::ngx {

namespace {

constexpr const char* accepted =
    "an address or a network such as 10.0.0.2, 10.0.0.0/24 or 2001:db8::/64, or unix: for unix sockets";

bool is_everywhere(const ngx_cidr_t& cidr) {
    if (cidr.family == AF_INET) {
        return cidr.u.in.mask == 0;
    }
#if (NGX_HAVE_INET6)
    static constexpr in6_addr no_bits{};
    return cidr.family == AF_INET6 && ngx_memcmp(&cidr.u.in6.mask, &no_bits, sizeof(no_bits)) == 0;
#else
    return false;
#endif
}

// False: it is none.
bool read_network(ngx_conf_t* cf, ngx_str_t text, ngx_cidr_t& cidr) {
    ngx_memzero(&cidr, sizeof(cidr));
#if (NGX_HAVE_UNIX_DOMAIN)
    if (view(text) == "unix:") {
        cidr.family = AF_UNIX;
        return true;
    }
#endif
    const ngx_int_t rc = ngx_ptocidr(&text, &cidr);
    if (rc == NGX_DONE) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "\"oauth_trusted_proxy\": low address bits of %V are "
                           "meaningless",
                           &text);
    }
    return rc != NGX_ERROR;
}

} // namespace

char* set_trusted_proxy(ngx_conf_t* cf, ngx_command_t*, void* conf) {
    auto* server = static_cast<ServerConf*>(conf);
    const auto* words = static_cast<ngx_str_t*>(cf->args->elts);
    if (server->trusted_proxies == nullptr) {
        server->trusted_proxies = ngx_array_create(cf->pool, cf->args->nelts, sizeof(ngx_cidr_t));
    }
    for (ngx_uint_t i = 1; i < cf->args->nelts; ++i) {
        ngx_cidr_t cidr;
        if (!read_network(cf, words[i], cidr)) {
            return refuse_value(cf, view(words[i]), accepted);
        }
        auto* place = static_cast<ngx_cidr_t*>(
            server->trusted_proxies == nullptr ? nullptr : ngx_array_push(server->trusted_proxies));
        if (place == nullptr) {
            return conf_failed();
        }
        *place = cidr;
        if (is_everywhere(cidr)) {
            ngx_conf_log_error(
                NGX_LOG_WARN, cf, 0,
                "\"oauth_trusted_proxy\": found \"%V\", which is everybody: any client can "
                "choose the address that auth under oauth_path decides about, accepted: the addresses of "
                "the proxies that ask there",
                &words[i]);
        }
    }
    return NGX_CONF_OK;
}

} // namespace oauth::ngx
