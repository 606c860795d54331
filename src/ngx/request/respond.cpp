// SPDX-License-Identifier: MIT
// See respond.hpp.
#include "respond.hpp"
#include "../compat.hpp"

#include "../../core/bytes.hpp"

#include <algorithm>
#include <stdexcept>

namespace oauth::ngx {

namespace {

// Whatever a value was made from, no byte of it begins another line. Nothing that is sent should come here
// with one; if it does, no part of the answer is to be trusted.
void check_value(std::string_view value) {
    if (core::has_control_characters(value)) {
        throw std::runtime_error("a header of an answer has a control character");
    }
}

} // namespace

ngx_table_elt_t* push_header(ngx_http_request_t* r, std::string_view name, std::string_view value) {
    check_value(value);
    auto* header = static_cast<ngx_table_elt_t*>(ngx_list_push(&r->headers_out.headers));
    if (header == nullptr) {
        throw std::bad_alloc();
    }
    header->hash = 1;
    header->key = copy(r->pool, name);
    header->value = copy(r->pool, value);
    header->lowcase_key = nullptr;
    terminate_chain(*header);
    if (header->key.data == nullptr || header->value.data == nullptr) {
        header->hash = 0;
        throw std::bad_alloc();
    }
    return header;
}

namespace {

// What belongs to the status, whoever makes the page.
bool goes_with_status(std::string_view name) {
    return name == "Location" || name == "WWW-Authenticate" || name == "Allow";
}

enum class Page { ours, of_the_location };

// What an answer before this one has left: that of the location whose error_page led here. Known by its key,
// which is ours alone, since nginx may have emptied the list and used its elements again.
void drop_former_headers(ngx_http_request_t* r, Context& context) {
    for (ngx_list_part_t* part = &r->headers_out.headers.part; part != nullptr; part = part->next) {
        auto* headers = static_cast<ngx_table_elt_t*>(part->elts);
        for (ngx_uint_t i = 0; i < part->nelts; ++i) {
            const auto& own = context.headers;
            if (std::find(own.begin(), own.end(), headers[i].key.data) == own.end()) {
                continue;
            }
            headers[i].hash = 0;
            if (r->headers_out.location == &headers[i]) {
                r->headers_out.location = nullptr;
            }
            if (r->headers_out.www_authenticate == &headers[i]) {
                r->headers_out.www_authenticate = nullptr;
            }
        }
    }
    context.headers.clear();
}

void set_headers(ngx_http_request_t* r, Context& context, const web::Answer& answer, Page page) {
    if (!context.headers.empty()) {
        drop_former_headers(r, context);
    }
    for (const auto& [name, value] : answer.headers) {
        if (page == Page::of_the_location && !goes_with_status(name)) {
            continue;
        }
        ngx_table_elt_t* header = push_header(r, name, value);
        context.headers.push_back(header->key.data);
        if (name == "Location") {
            r->headers_out.location = header;
        } else if (name == "WWW-Authenticate") {
            r->headers_out.www_authenticate = header;
        }
    }
}

// The way to the provider's sign-out has an ID token in it, what another proxy is told an identity.
bool holds_token(const web::Answer& answer) {
    return answer.status == NGX_HTTP_NO_CONTENT ||
           std::any_of(answer.headers.begin(), answer.headers.end(), [](const auto& header) {
               return header.second.find("id_token_hint=") != std::string::npos;
           });
}

ngx_str_t stored(ngx_http_request_t* r, std::string_view text) {
    const ngx_str_t copied = copy(r->pool, text);
    if (copied.data == nullptr) {
        throw std::bad_alloc();
    }
    return copied;
}

// error_page of the location wins over our own page, but not twice, and not where nginx would give the last
// of its internal redirects for it, which is a 500.
bool has_error_page(ngx_http_request_t* r, int status) {
    const auto* location =
        static_cast<ngx_http_core_loc_conf_t*>(ngx_http_get_module_loc_conf(r, ngx_http_core_module));
    if (r->error_page || location->error_pages == nullptr || r->uri_changes <= 1) {
        return false;
    }
    const auto* pages = static_cast<ngx_http_err_page_t*>(location->error_pages->elts);
    for (ngx_uint_t i = 0; i < location->error_pages->nelts; ++i) {
        if (pages[i].status == status) {
            return true;
        }
    }
    return false;
}

ngx_int_t send(ngx_http_request_t* r, const web::Answer& answer) {
    const ngx_int_t discarded = ngx_http_discard_request_body(r);
    if (discarded != NGX_OK) {
        return discarded;
    }
    ngx_http_finalize_request(r, write(r, answer));
    return NGX_DONE;
}

ngx_uint_t level_of(web::LogLevel level) {
    switch (level) {
    case web::LogLevel::error:
        return NGX_LOG_ERR;
    case web::LogLevel::warn:
        return NGX_LOG_WARN;
    case web::LogLevel::notice:
        return NGX_LOG_NOTICE;
    default:
        return NGX_LOG_INFO;
    }
}

} // namespace

ngx_int_t write(ngx_http_request_t* r, const web::Answer& answer) {
    r->headers_out.status = static_cast<ngx_uint_t>(answer.status);
    r->headers_out.content_type = stored(r, answer.content_type);
    r->headers_out.content_type_len = answer.content_type.size();
    r->headers_out.content_length_n = static_cast<off_t>(answer.body.size());
    ngx_int_t rc = ngx_http_send_header(r);
    if (rc == NGX_OK && r->header_only == 0 && answer.body.empty()) {
        rc = ngx_http_send_special(r, NGX_HTTP_LAST);
    } else if (rc == NGX_OK && r->header_only == 0) {
        ngx_buf_t* buffer = ngx_create_temp_buf(r->pool, answer.body.size() + 1);
        if (buffer == nullptr) {
            rc = NGX_ERROR;
        } else {
            buffer->last = ngx_cpymem(buffer->last, answer.body.data(), answer.body.size());
            buffer->last_buf = r == r->main ? 1 : 0; // after a subrequest's comes the rest of the page
            buffer->last_in_chain = 1;
            ngx_chain_t out{buffer, nullptr};
            rc = ngx_http_output_filter(r, &out);
        }
    }
    return rc;
}

void log_answer(ngx_http_request_t* r, web::LogLevel level, std::string_view text) {
    if (level == web::LogLevel::none || text.empty()) {
        return;
    }
    std::string line;
    for (const char c : text.substr(0, 1024)) {
        line += core::has_control_characters({&c, 1}) ? '?' : c;
    }
    const ngx_str_t shown = {line.size(), reinterpret_cast<u_char*>(line.data())};
    ngx_log_error(level_of(level), r->connection->log, 0, "oauth: %V", &shown);
}

void set_cookie(ngx_http_request_t* r, const std::string& cookie) {
    check_value(cookie);
    std::vector<ngx_str_t>& cookies = make_context(r->main).set_cookies;
    const auto is_same = [&](const ngx_str_t& known) { return view(known) == cookie; };
    if (std::none_of(cookies.begin(), cookies.end(), is_same)) { // once, however often it was admitted
        cookies.push_back(stored(r, cookie));
    }
}

ngx_int_t respond(ngx_http_request_t* r, Context& context, const web::Answer& answer) {
    if (answer.code) {
        context.error = answer.code;
    }
    r->expect_tested = 1; // a body that is refused is not asked for, not by an error_page either
    log_answer(r, answer.log_level, answer.log);
    for (const std::string& cookie : answer.set_cookies) {
        set_cookie(r, cookie);
    }
    context.cache_control = stored(r, answer.cache_control);
    context.is_secret = holds_token(answer);
    const bool is_endpoint = static_cast<bool>(std::exchange(context.route, {})); // answered now
    const bool has_page = has_error_page(r, answer.status);
    const bool is_redirect = answer.content_type.empty() && answer.status >= 300;
    // An endpoint answers whatever error_page says; elsewhere it takes the place of our pages.
    const bool leaves_it = is_redirect ? !has_page : (answer.status >= 400 && has_page && !is_endpoint);
    set_headers(r, context, answer, leaves_it && !is_redirect ? Page::of_the_location : Page::ours);
    return leaves_it ? answer.status : send(r, answer);
}

} // namespace oauth::ngx
