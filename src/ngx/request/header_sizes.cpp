// SPDX-License-Identifier: MIT
// See header_sizes.hpp. Nothing is decided here. Below a quarter of the usual buffers the module is not what
// makes headers too large.
#include "header_sizes.hpp"
#include "../compat.hpp"
#include "respond.hpp"

#include "../../core/bytes.hpp"
#include "../../session/cookies.hpp"

#include <algorithm>

namespace oauth::ngx {

namespace {

constexpr std::size_t worth_telling = 2000; // bytes: a quarter of nginx's buffers of 8k
constexpr std::size_t large_answer = 3500;  // nginx's proxy_buffer_size is 4k, and there is more in an answer
constexpr ngx_uint_t fields_too_large = 431;

void tell(ngx_http_request_t* r, std::string_view what, const std::string& sentence) {
    Notices& notices = runtime_of(*main_conf(r)).notices(*server_conf(r));
    if (const auto line = notices.repeats.line(sentence, what, ngx_time())) {
        log_answer(r, web::LogLevel::warn, *line);
    }
}

bool keeps_sessions_in_cookies(ngx_http_request_t* r) {
    return server_conf(r)->compiled->options.store.kind == session::StoreSettings::Kind::cookie;
}

std::size_t own_bytes(const std::vector<std::string>& names, std::string_view cookies) {
    std::size_t bytes = 0;
    session::Cookie cookie;
    while (!cookies.empty()) {
        const std::string_view pair = session::next_pair(cookies);
        const bool is_own = session::read_cookie(pair, cookie) &&
                            std::any_of(names.begin(), names.end(), [&](const std::string& name) {
                                return session::is_own_cookie(cookie.name, name);
                            });
        bytes += is_own ? pair.size() + 1 : 0;
    }
    return bytes;
}

// The line that nginx had begun to read when its buffers were full; empty: it was between lines.
std::string_view unfinished_line(const ngx_http_request_t* r) {
    const u_char* begin = r->header_name_start;
    const ngx_buf_t* buffer = r->header_in;
    if (begin == nullptr || buffer == nullptr || begin < buffer->start || begin >= buffer->last) {
        return {};
    }
    return {reinterpret_cast<const char*>(begin), static_cast<std::size_t>(buffer->last - begin)};
}

// nginx has given up reading the headers, because they fill its buffers. What it answers is 400, as for other
// faults.
bool has_too_large_headers(const ngx_http_request_t* r) {
    return r->headers_out.status == NGX_HTTP_BAD_REQUEST && r->http_state == NGX_HTTP_READING_REQUEST_STATE &&
           r->header_in != nullptr && r->header_in->pos == r->header_in->end;
}

void tell_of_cookies(ngx_http_request_t* r) {
    const std::vector<std::string>& names = main_conf(r)->compiled->cookie_names;
    std::size_t bytes = 0;
    keep_cookie_headers(r, [&](const ngx_table_elt_t& header) {
        bytes += own_bytes(names, view(header.value));
        return true;
    });
    constexpr std::string_view begins = "cookie:";
    const std::string_view line = unfinished_line(r);
    if (core::equal_ignoring_case(line.substr(0, begins.size()), begins)) {
        bytes += own_bytes(names, line.substr(begins.size()));
    }
    if (bytes >= worth_telling) {
        tell(r, "request",
             "a request's headers are larger than large_client_header_buffers takes (4 8k by default), and "
             "this "
             "module's cookies are " +
                 std::to_string(bytes) + " bytes of them: raise large_client_header_buffers" +
                 (keeps_sessions_in_cookies(r) ? ", or keep sessions elsewhere by \"oauth_session shared\""
                                               : ""));
    }
}

void tell_of_identity(ngx_http_request_t* r, const Context& context) {
    const std::size_t bytes = context.identity == nullptr ? 0 : context.identity->size();
    if (bytes < worth_telling) {
        return;
    }
    tell(
        r, "identity",
        "the application refuses the request's headers as too large (431), and " +
            string(location_conf(r)->identity_header) + " is " + std::to_string(bytes) +
            " bytes of them: have the application take larger headers, or make the identity smaller by fewer "
            "groups at the provider, or fewer oauth_identity_claims");
}

bool has_proxy_in_front(const ngx_http_request_t* r) {
    static constexpr std::string_view names[] = {"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
                                                 "Forwarded",       "X-Real-IP",         "Via"};
    for (const ngx_list_part_t* part = &r->headers_in.headers.part; part != nullptr; part = part->next) {
        const auto* headers = static_cast<const ngx_table_elt_t*>(part->elts);
        for (ngx_uint_t i = 0; i < part->nelts; ++i) {
            if (std::any_of(std::begin(names), std::end(names), [&](std::string_view name) {
                    return core::equal_ignoring_case(view(headers[i].key), name);
                })) {
                return true;
            }
        }
    }
    return false;
}

void tell_of_answer(ngx_http_request_t* r, const Context& context) {
    std::size_t bytes = r->headers_out.location == nullptr ? 0 : r->headers_out.location->value.len;
    for (const ngx_str_t& cookie : context.set_cookies) {
        constexpr std::string_view around = "Set-Cookie: \r\n";
        bytes += around.size() + cookie.len;
    }
    Notices& notices = runtime_of(*main_conf(r)).notices(*server_conf(r));
    if (bytes < large_answer || notices.told_of_large_answer || !has_proxy_in_front(r)) {
        return;
    }
    notices.told_of_large_answer = true;
    log_answer(
        r, web::LogLevel::warn,
        "this module's headers are " + std::to_string(bytes) +
            " bytes of an answer, and a proxy is in front: where that is nginx, raise its "
            "proxy_buffer_size (4k by default; it answers 502 and logs \"upstream sent too big header\")" +
            (keeps_sessions_in_cookies(r) ? ", or keep sessions elsewhere by \"oauth_session shared\"" : ""));
}

} // namespace

void tell_of_header_sizes(ngx_http_request_t* r, const Context* context) {
    if (has_too_large_headers(r)) {
        tell_of_cookies(r);
    }
    if (context == nullptr) {
        return;
    }
    if (r->headers_out.status == fields_too_large && r->upstream != nullptr) {
        tell_of_identity(r, *context);
    }
    if (!context->set_cookies.empty()) {
        tell_of_answer(r, *context);
    }
}

} // namespace oauth::ngx
