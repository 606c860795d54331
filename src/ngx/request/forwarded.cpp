// SPDX-License-Identifier: MIT
// See forwarded.hpp. This runs for every request over http until a proxy has been seen: two lengths decide
// nearly always.
#include "forwarded.hpp"

#include "../../core/bytes.hpp"

#include <algorithm>

namespace oauth::ngx {

namespace {

std::string_view trim(std::string_view text) {
    while (text.starts_with(' ') || text.starts_with('\t')) {
        text.remove_prefix(1);
    }
    while (text.ends_with(' ') || text.ends_with('\t')) {
        text.remove_suffix(1);
    }
    return text;
}

// RFC 7239: "for=192.0.2.1;proto=https, for=..."; the first element is the client's.
bool has_https_proto(std::string_view element) {
    while (!element.empty()) {
        const std::size_t end = std::min(element.find(';'), element.size());
        const std::string_view pair = trim(element.substr(0, end));
        if (core::equal_ignoring_case(pair, "proto=https") ||
            core::equal_ignoring_case(pair, "proto=\"https\"")) {
            return true;
        }
        element.remove_prefix(std::min(end + 1, element.size()));
    }
    return false;
}

bool says_https(const ngx_table_elt_t& header) {
    constexpr std::string_view forwarded_proto = "X-Forwarded-Proto";
    constexpr std::string_view forwarded = "Forwarded";
    const std::string_view name = view(header.key);
    if (name.size() != forwarded_proto.size() && name.size() != forwarded.size()) {
        return false;
    }
    const std::string_view value = view(header.value);
    const std::string_view first = value.substr(0, value.find(','));
    return core::equal_ignoring_case(name, forwarded_proto)
               ? core::equal_ignoring_case(trim(first), "https")
               : core::equal_ignoring_case(name, forwarded) && has_https_proto(first);
}

bool is_https_for_proxy(const ngx_http_request_t* r) {
    for (const ngx_list_part_t* part = &r->headers_in.headers.part; part != nullptr; part = part->next) {
        const auto* headers = static_cast<const ngx_table_elt_t*>(part->elts);
        for (ngx_uint_t i = 0; i < part->nelts; ++i) {
            if (says_https(headers[i])) {
                return true;
            }
        }
    }
    return false;
}

} // namespace

bool tell_of_https_proxy(ngx_http_request_t* r, std::string_view base_url) {
    if (!is_https_for_proxy(r)) {
        return false;
    }
    // Without the client and the request that nginx would add: the line is about the configuration, and the
    // request may be a callback whose query no log may have.
    ngx_log_t log = *r->connection->log;
    log.handler = nullptr;
    const ngx_str_t shown = {base_url.size(), reinterpret_cast<u_char*>(const_cast<char*>(base_url.data()))};
    ngx_log_error(NGX_LOG_WARN, &log, 0,
                  "oauth: a proxy in front says that requests came by https, but the base URL is \"%V\": set "
                  "oauth_base_url to the address that people type",
                  &shown);
    return true;
}

} // namespace oauth::ngx
