// SPDX-License-Identifier: MIT
// See endpoint.hpp.
#include "endpoint.hpp"
#include "form.hpp"
#include "intake.hpp"
#include "located.hpp"
#include "original.hpp"
#include "respond.hpp"
#include "turn_away.hpp"

namespace oauth::ngx {

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
    if (flow::endpoint_name(context.route) == "auth") {
        return serve_decision(r, context, *visitor);
    }
    const flow::Guard* page = nullptr;
    const bool is_get = (r->method & (NGX_HTTP_GET | NGX_HTTP_HEAD)) != 0;
    if (main_conf(r)->compiled->steps_up && is_get && flow::begins_sign_in(context.route)) {
        const ngx_int_t rc = find_page(r, context, page);
        if (rc != NGX_OK) {
            return rc;
        }
    }
    UnderWay& under_way = make_under_way(context);
    if (context.resource != nullptr) {
        under_way.facts = collect_facts(r, context);
        return start_answer(
            r, context, flow::serve_resource_metadata(visitor->site(), *under_way.facts, *context.resource));
    }
    if (flow::takes_body(visitor->site(), context.route, view(r->method_name)) &&
        under_way.body == UnderWay::Body::unread) {
        const ngx_int_t rc = read_form(r);
        if (rc != NGX_OK) {
            return rc;
        }
    }
    if (under_way.body == UnderWay::Body::too_large) {
        return refuse_request(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, "the form is larger than 64k");
    }
    under_way.facts = collect_facts(r, context);
    under_way.facts->body = std::move(under_way.form);
    under_way.offer = runtime_of(*main_conf(r)).offer(*location_conf(r));
    return start_answer(r, context,
                        flow::serve(visitor->site(), *under_way.facts, under_way.offer, *visitor, page));
}

} // namespace oauth::ngx
