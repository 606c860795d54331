// SPDX-License-Identifier: MIT
// A request's facts for a flow: copied once, off the warm path.
#include "fresh_variables.hpp"
#include "base_url.hpp"
#include "context.hpp"

#include "../../core/bytes.hpp"

namespace oauth::ngx {

namespace {

struct Wanted {
    std::string_view name; // lower case
    std::string flow::Request::* field;
};

constexpr Wanted wanted_headers[] = {
    {"accept", &flow::Request::accept},
    {"accept-language", &flow::Request::accept_language},
    {"sec-fetch-mode", &flow::Request::sec_fetch_mode},
    {"sec-fetch-dest", &flow::Request::sec_fetch_dest},
    {"sec-fetch-site", &flow::Request::sec_fetch_site},
    {"x-requested-with", &flow::Request::requested_with},
    {"origin", &flow::Request::origin},
    {"referer", &flow::Request::referer},
    {"early-data", &flow::Request::early_data},
    {"content-type", &flow::Request::content_type},
};

void read_header(const ngx_table_elt_t& header, flow::Request& facts) {
    const std::string_view name = view(header.key);
    if (core::equal_ignoring_case(name, "upgrade")) {
        facts.upgrade = true;
        return;
    }
    // Browsers have had several names for one thing, and one must not hide another.
    for (const std::string_view purpose : {"sec-purpose", "purpose", "x-purpose", "x-moz"}) {
        if (core::equal_ignoring_case(name, purpose)) {
            facts.sec_purpose.append(facts.sec_purpose.empty() ? "" : ", ").append(view(header.value));
            return;
        }
    }
    for (const Wanted& wanted : wanted_headers) {
        if (core::equal_ignoring_case(name, wanted.name)) {
            facts.*wanted.field = string(header.value);
        }
    }
}

std::string request_id(ngx_http_request_t* r) {
    ngx_str_t name = ngx_string("request_id");
    const ngx_uint_t key = ngx_hash_key(name.data, name.len);
    const ngx_http_variable_value_t* value = ngx_http_get_variable(r, &name, key);
    if (value == nullptr || value->not_found != 0) {
        return {};
    }
    return {reinterpret_cast<const char*>(value->data), value->len};
}

// authorize_param with variables.
void add_authorize_parameters(ngx_http_request_t* r, flow::Request& facts) {
    for (const auto& entry : main_conf(r)->compiled->providers) {
        for (const DynamicParameter& parameter : entry->dynamic_parameters) {
            const FreshVariables fresh(r);
            ngx_str_t value = ngx_null_string;
            auto* complex = const_cast<ngx_http_complex_value_t*>(&parameter.value);
            if (ngx_http_complex_value(r, complex, &value) == NGX_OK && value.len != 0) {
                facts.authorize_parameters.push_back({entry->settings.name, parameter.name, string(value)});
            }
        }
    }
}

} // namespace

std::string client_of(const ngx_http_request_t* r) {
    constexpr std::size_t network = 8;
    const sockaddr* address = r->connection->sockaddr;
    if (address->sa_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
        return {reinterpret_cast<const char*>(&v4), sizeof(v4)};
    }
#if (NGX_HAVE_INET6)
    if (address->sa_family == AF_INET6) {
        const auto& v6 = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
        const char* bytes = reinterpret_cast<const char*>(&v6);
        return IN6_IS_ADDR_V4MAPPED(&v6) ? std::string(bytes + 12, 4) : std::string(bytes, network);
    }
#endif
    return {};
}

flow::Request collect_facts(ngx_http_request_t* r, const Context& context) {
    flow::Request facts;
    facts.method = string(r->method_name);
    facts.path = string(r->uri);
    facts.target = string(r->unparsed_uri);
    facts.arguments = context.hidden_arguments ? *context.hidden_arguments : string(r->args);
    facts.base_url = find_base_url(r->main, *server_conf(r));
    doubt_base_url(r, *server_conf(r), facts.base_url);
    facts.own_origin = own_origin(r->main, *server_conf(r));
    facts.family_origin =
        flow::family_origin(server_conf(r)->compiled->options, facts.base_url, facts.own_origin);
    facts.id = request_id(r);
    facts.client = client_of(r);
    for (const ngx_list_part_t* part = &r->headers_in.headers.part; part != nullptr; part = part->next) {
        const auto* headers = static_cast<ngx_table_elt_t*>(part->elts);
        for (ngx_uint_t i = 0; i < part->nelts; ++i) {
            read_header(headers[i], facts);
        }
    }
    for (const auto& [name, value] : context.own_cookies) {
        facts.cookies.emplace_back(name, value);
    }
    add_authorize_parameters(r, facts);
    return facts;
}

} // namespace oauth::ngx
