// SPDX-License-Identifier: MIT
// See filter.hpp. nginx may run it twice for one answer (a range that is not satisfiable): doing it again
// changes nothing.
#include "filter.hpp"
#include "../boundary.hpp"
#include "../compat.hpp"
#include "context.hpp"
#include "intake.hpp"
#include "respond.hpp"

#include "../../core/bytes.hpp"

#include <algorithm>

namespace oauth::ngx {

namespace {

ngx_http_output_header_filter_pt next_filter = nullptr;

template <class Visit>
void for_each_header_of(ngx_http_request_t* r, std::string_view name, Visit visit) {
    for (ngx_list_part_t* part = &r->headers_out.headers.part; part != nullptr; part = part->next) {
        auto* headers = static_cast<ngx_table_elt_t*>(part->elts);
        for (ngx_uint_t i = 0; i < part->nelts; ++i) {
            if (headers[i].hash != 0 && headers[i].key.len == name.size() &&
                core::equal_ignoring_case(view(headers[i].key), name)) {
                visit(headers[i]);
            }
        }
    }
}

ngx_table_elt_t* push(ngx_http_request_t* r, std::string_view name, ngx_str_t value) {
    auto* header = static_cast<ngx_table_elt_t*>(ngx_list_push(&r->headers_out.headers));
    if (header == nullptr) {
        throw std::bad_alloc();
    }
    header->hash = 1;
    header->key = {name.size(), reinterpret_cast<u_char*>(const_cast<char*>(name.data()))};
    header->value = value;
    header->lowcase_key = nullptr;
    terminate_chain(*header);
    return header;
}

bool is_ours(const Context* context, const ngx_table_elt_t& header) {
    return context != nullptr &&
           std::any_of(context->set_cookies.begin(), context->set_cookies.end(),
                       [&](const ngx_str_t& cookie) { return cookie.data == header.value.data; });
}

// HD-13: a Set-Cookie of the application under our names would sign a visitor out, or in as somebody else.
void remove_foreign_cookies(ngx_http_request_t* r, const Context* context) {
    for_each_header_of(r, "Set-Cookie", [&](ngx_table_elt_t& header) {
        const std::string_view pair = view(header.value);
        std::string_view rest = core::trim(pair.substr(0, pair.find(';')));
        if (rest.starts_with('=')) { // browsers send the value of a cookie without a name as it is
            rest.remove_prefix(1);
        }
        const std::string_view name = core::trim(rest.substr(0, rest.find('=')));
        if (!is_own_cookie(r, name) || is_ours(context, header)) {
            return;
        }
        header.hash = 0;
        log_answer(r, web::LogLevel::warn,
                   "removed Set-Cookie \"" + std::string(name.substr(0, 64)) +
                       "\" of the application: the name is this module's, see oauth_cookie");
    });
}

void write_cookies(ngx_http_request_t* r, const Context& context) {
    for (const ngx_str_t& cookie : context.set_cookies) {
        bool is_there = false;
        for_each_header_of(r, "Set-Cookie", [&](const ngx_table_elt_t& header) {
            is_there = is_there || header.value.data == cookie.data;
        });
        if (!is_there) {
            push(r, "Set-Cookie", cookie);
        }
    }
}

// One line alone, and known to modules that ask nginx what may be stored.
void write_cache_control(ngx_http_request_t* r, const Context& context) {
    for (const std::string_view name : {std::string_view("Cache-Control"), std::string_view("Expires")}) {
        for_each_header_of(r, name, [](ngx_table_elt_t& header) { header.hash = 0; });
    }
    r->headers_out.expires = nullptr;
    if (!set_only_cache_control(r, push(r, "Cache-Control", context.cache_control))) {
        throw std::bad_alloc();
    }
}

ngx_int_t on_header(ngx_http_request_t* r) {
    if (r == r->main && server_conf(r)->in_use) {
        const Context* context = find_context(r);
        remove_foreign_cookies(r, context);
        if (context != nullptr) {
            write_cookies(r, *context);
        }
        if (context != nullptr && context->cache_control.len != 0) {
            write_cache_control(r, *context);
        }
    }
    return next_filter(r);
}

} // namespace

void add_header_filter() {
    next_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = guarded<on_header>;
}

} // namespace oauth::ngx
