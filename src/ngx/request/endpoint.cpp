// SPDX-License-Identifier: MIT
// See endpoint.hpp.
#include "endpoint.hpp"
#include "../boundary.hpp"
#include "intake.hpp"
#include "respond.hpp"
#include "turn_away.hpp"

namespace oauth::ngx {

namespace {

constexpr off_t max_form = 64 * 1024;

void on_body(ngx_http_request_t* r) {
    make_under_way(make_context(r)).body = UnderWay::Body::read;
    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}

// nullopt: it is too large, or in a file.
std::optional<std::string> body_text(const ngx_http_request_t* r) {
    std::string text;
    if (r->request_body == nullptr || r->request_body->temp_file != nullptr) {
        return r->request_body == nullptr ? std::optional(text) : std::nullopt;
    }
    for (const ngx_chain_t* chain = r->request_body->bufs; chain != nullptr; chain = chain->next) {
        text.append(reinterpret_cast<const char*>(chain->buf->pos),
                    static_cast<std::size_t>(chain->buf->last - chain->buf->pos));
        if (text.size() > static_cast<std::size_t>(max_form)) {
            return std::nullopt;
        }
    }
    return text;
}

ngx_int_t read_body(ngx_http_request_t* r) {
    if (r->headers_in.content_length_n > max_form) {
        return refuse_request(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, "the form is larger than 64k");
    }
    if (r->headers_in.content_length_n < 0) { // nginx would take client_max_body_size of it, into a file
        return refuse_request(r, NGX_HTTP_LENGTH_REQUIRED, "the form has no Content-Length");
    }
    r->request_body_in_single_buf = 1;
    const ngx_int_t rc = ngx_http_read_client_request_body(r, guarded<on_body>);
    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }
    ngx_http_finalize_request(r, NGX_DONE);
    return NGX_DONE;
}

} // namespace

ngx_int_t serve_endpoint(ngx_http_request_t* r, Context& context) {
    if (context.under_way && context.under_way->answer.is_started()) {
        return continue_answer(r, context);
    }
    flow::Visitor* visitor = visitor_of(r);
    if (visitor == nullptr) {
        context.failure = std::make_unique<core::Error>(no_site());
        return fail_request(r);
    }
    if (visitor->base_url().empty()) {
        return refuse_host(r);
    }
    const bool takes_body = flow::takes_body(visitor->site(), context.route, view(r->method_name));
    UnderWay& under_way = make_under_way(context);
    if (takes_body && under_way.body == UnderWay::Body::unread) {
        return read_body(r);
    }
    under_way.facts = collect_facts(r, context);
    if (takes_body) {
        auto body = body_text(r);
        if (!body) {
            return refuse_request(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, "the form is larger than 64k");
        }
        under_way.facts->body = std::move(*body);
    }
    under_way.offer = runtime_of(*main_conf(r)).offer(*location_conf(r));
    return start_answer(r, context,
                        flow::serve(visitor->site(), *under_way.facts, under_way.offer, *visitor));
}

} // namespace oauth::ngx
