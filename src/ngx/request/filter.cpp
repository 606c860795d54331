// SPDX-License-Identifier: MIT
// See filter.hpp. nginx may run it twice for one answer (a range that is not satisfiable): doing it again
// changes nothing.
#include "filter.hpp"
#include "../boundary.hpp"
#include "../compat.hpp"
#include "answer_headers.hpp"
#include "context.hpp"
#include "header_sizes.hpp"
#include "intake.hpp"
#include "mcp_answers.hpp"
#include "respond.hpp"
#include "streams.hpp"

#include "../../core/bytes.hpp"
#include "../../web/cache_control.hpp"

#include <algorithm>
#include <utility>

namespace oauth::ngx {

namespace {

ngx_http_output_header_filter_pt next_filter = nullptr;

constexpr std::string_view cache_control = "Cache-Control";

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

// An answer can take the application longer than the next refresh, or the next sign-in.
void renew_cookies(ngx_http_request_t* r, Context& context) {
    if (!context.visitor || context.visitor->cookies().empty()) {
        return;
    }
    const auto newer = context.visitor->cookies_by_now();
    if (!newer) {
        return;
    }
    const std::vector<std::string>& stale = context.visitor->cookies();
    std::erase_if(context.set_cookies, [&](const ngx_str_t& cookie) {
        return std::find(stale.begin(), stale.end(), view(cookie)) != stale.end();
    });
    for (const std::string& cookie : *newer) {
        set_cookie(r, cookie);
    }
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
void write_cache_control(ngx_http_request_t* r, const ngx_str_t& value) {
    for (const std::string_view name : {cache_control, std::string_view("Expires")}) {
        for_each_header_of(r, name, [](ngx_table_elt_t& header) { header.hash = 0; });
    }
    r->headers_out.expires = nullptr;
    if (!set_only_cache_control(r, push(r, cache_control, value))) {
        throw std::bad_alloc();
    }
}

// Cache-Control, and what speaks to some caches alone and goes before it, as CDN-Cache-Control (RFC 9213).
bool is_about_caches(std::string_view name) {
    return name.size() >= cache_control.size() &&
           core::equal_ignoring_case(name.substr(name.size() - cache_control.size()), cache_control);
}

void set_value(ngx_http_request_t* r, ngx_table_elt_t& header, std::string_view value) {
    const ngx_str_t copied = copy(r->pool, value);
    if (copied.data == nullptr) {
        throw std::bad_alloc();
    }
    header.value = copied;
}

void add_private(ngx_http_request_t* r, ngx_table_elt_t& header) {
    const std::string value = string(header.value);
    set_value(r, header, value.empty() ? "private" : value + ", private");
}

// Takes out what lets a shared cache in. False: the line does not keep one out yet.
bool narrow(ngx_http_request_t* r, ngx_table_elt_t& header) {
    const std::string value = web::for_one_person(view(header.value));
    if (value != view(header.value)) {
        set_value(r, header, value);
    }
    return web::excludes_shared_caches(value);
}

// CA-04: an answer with somebody's cookie is for that person alone. A shared cache that kept it, which it may
// where nothing forbids it, would sign others in.
void make_private(ngx_http_request_t* r) {
    ngx_table_elt_t* last = nullptr;
    bool is_private = false;
    for_each_header(r, [&](ngx_table_elt_t& header) {
        if (!is_about_caches(view(header.key))) {
            return;
        }
        const bool is_narrow = narrow(r, header);
        if (header.key.len == cache_control.size()) {
            last = &header;
            is_private = is_private || is_narrow;
        } else if (!is_narrow) {
            add_private(r, header);
        }
    });
    if (is_private) {
        return;
    }
    if (last != nullptr) {
        add_private(r, *last);
    } else if (!set_only_cache_control(r, push(r, cache_control, ngx_str_t ngx_string("private")))) {
        throw std::bad_alloc();
    }
}

// At level debug nginx writes the whole header into the log when it sends it.
class WithoutDebug {
public:
    explicit WithoutDebug(ngx_log_t* log) : log_(log), level_(log->log_level) {
        log->log_level = std::min<ngx_uint_t>(level_, NGX_LOG_DEBUG);
    }
    WithoutDebug(const WithoutDebug&) = delete;
    WithoutDebug& operator=(const WithoutDebug&) = delete;
    ~WithoutDebug() { log_->log_level = level_; }

private:
    ngx_log_t* log_;
    ngx_uint_t level_;
};

// What add_header of the site says is about its own pages: ours would lose their style and their script, and
// of two frame rules a browser may take neither.
void keep_page_headers(ngx_http_request_t* r, const Context& context) {
    const auto is_own = [&](const ngx_table_elt_t& header) {
        return std::find(context.headers.begin(), context.headers.end(), header.key.data) !=
               context.headers.end();
    };
    for (const std::string_view name :
         {"Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"}) {
        bool has_own = false;
        for_each_header_of(r, name, [&](const ngx_table_elt_t& header) { has_own |= is_own(header); });
        for_each_header_of(r, name, [&](ngx_table_elt_t& header) {
            header.hash = has_own && !is_own(header) ? 0 : header.hash;
        });
    }
}

ngx_int_t send_on(ngx_http_request_t* r, const Context* context) {
    if (context == nullptr || !context->is_secret) {
        return next_filter(r);
    }
    const WithoutDebug quiet(r->connection->log);
    return next_filter(r);
}

// Of a main request that the module has had to do with.
void write_own_headers(ngx_http_request_t* r, Context& context) {
    if (context.outcome) {
        context.count_outcome();
    }
    renew_cookies(r, context);
    write_cookies(r, context);
    if (context.cache_control.len != 0) {
        write_cache_control(r, context.cache_control);
        keep_page_headers(r, context);
    } else if (context.route) { // nginx's own answer: a body that is too large, a limit
        write_cache_control(r, ngx_str_t ngx_string("no-store"));
    }
    if (!context.set_cookies.empty()) {
        make_private(r);
    }
}

ngx_int_t on_header(ngx_http_request_t* r) {
    if (!server_conf(r)->in_use) {
        return next_filter(r);
    }
    if (may_be_endless(r)) {
        watch_stream(r);
    }
    Context* context = find_context(r);
    if (r == r->main) {
        remove_foreign_cookies(r, context);
        if (context != nullptr) {
            write_own_headers(r, *context);
        }
        if (is_of_mcp(r) || (context != nullptr && context->is_for_any_origin)) {
            finish_mcp_answer(r);
        } else if (context != nullptr && !context->headers.empty()) {
            put_bearer_first(r);
        }
        if (r->headers_out.status >= NGX_HTTP_BAD_REQUEST ||
            (context != nullptr && !context->set_cookies.empty())) {
            tell_of_header_sizes(r, context);
        }
    }
    return send_on(r, context);
}

} // namespace

void add_header_filter() {
    next_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = guarded<on_header>;
}

} // namespace oauth::ngx
