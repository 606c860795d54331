// SPDX-License-Identifier: MIT
// See context.hpp.
#include "context.hpp"
#include "../pool.hpp"

#include <utility>

namespace oauth::ngx {

namespace {

// nginx forgets r->ctx on an internal redirect, and where a filter ends a request.
bool may_be_lost(const ngx_http_request_t* r) {
    return r->internal != 0 || r->filter_finalize != 0 || r != r->main;
}

} // namespace

Context* find_context(ngx_http_request_t* r) {
    auto* context = static_cast<Context*>(ngx_http_get_module_ctx(r, ngx_http_oauth_module));
    if (context == nullptr && may_be_lost(r)) {
        context = pool_find<Context>(r->pool, [r](const Context& each) { return each.request() == r; });
        if (context != nullptr) {
            ngx_http_set_ctx(r, context, ngx_http_oauth_module);
        }
    }
    return context;
}

Context& make_context(ngx_http_request_t* r) {
    Context* context = find_context(r);
    if (context == nullptr) {
        context = pool_make<Context>(r->pool, r);
        ngx_http_set_ctx(r, context, ngx_http_oauth_module);
    }
    return *context;
}

UnderWay::UnderWay(Context& context) : context_(context), wake(context.request()) {}

void UnderWay::abandon() noexcept {
    context_.under_way.reset();
}

UnderWay& make_under_way(Context& context) {
    if (!context.under_way) {
        context.under_way = std::make_unique<UnderWay>(context);
    }
    return *context.under_way;
}

flow::Site* site_of(ngx_http_request_t* r) {
    return runtime_of(*main_conf(r)).site(*server_conf(r));
}

void Context::count_outcome() noexcept {
    const MainConf& main = *main_conf(request_);
    if (outcome && main.runtime != nullptr) {
        main.runtime->figures().count(*outcome);
    }
    outcome.reset();
    is_counted = true;
}

void note_outcome_of_subrequest(ngx_http_request_t* r, figures::Request outcome) {
    Context& main = make_context(r->main);
    if (main.admitted_to == nullptr && !main.is_refused && !main.is_counted) {
        main.outcome = outcome;
    }
}

bool note_refusal(ngx_http_request_t* r, Context& context, figures::Request outcome) {
    if (std::exchange(context.is_refused, true)) {
        return false;
    }
    Context& main = make_context(r->main);
    const bool is_gate = r != r->main && r->main->header_sent == 0 && r->background == 0;
    if (r == r->main || is_gate || main.admitted_to == nullptr) {
        main.is_refused = true;
        if (!main.is_counted) {
            main.outcome = outcome;
        }
    }
    return true;
}

core::Error no_site() {
    return {core::Code::internal_error,
            "this worker cannot make what the server needs, and tries again: its error log has said why"};
}

} // namespace oauth::ngx
