// SPDX-License-Identifier: MIT
// See phases.hpp.
#include "phases.hpp"
#include "../boundary.hpp"
#include "admission.hpp"
#include "endpoint.hpp"
#include "intake.hpp"
#include "mcp_answers.hpp"
#include "original.hpp"
#include "respond.hpp"
#include "turn_away.hpp"

#include <algorithm>

namespace oauth::ngx {

namespace {

// POST_READ: before any directive can copy what the request holds.
ngx_int_t on_post_read(ngx_http_request_t* r) {
    const ServerConf& server = *server_conf(r);
    if (server.in_use) {
        take_in(r, server);
    }
    return NGX_DECLINED;
}

// Past the handlers of this phase, to the first one that has this checker. nginx adds one to what is written
// here.
ngx_int_t carry_past_phase(ngx_http_request_t* r,
                           ngx_int_t (*next)(ngx_http_request_t* r, ngx_http_phase_handler_t* ph)) {
    const auto* core_main =
        static_cast<ngx_http_core_main_conf_t*>(ngx_http_get_module_main_conf(r, ngx_http_core_module));
    const ngx_http_phase_handler_t* handlers = core_main->phase_engine.handlers;
    ngx_int_t index = r->phase_handler;
    while (handlers[index].checker != next) {
        ++index;
    }
    r->phase_handler = index - 1;
    return NGX_DECLINED;
}

flow::Route route_of(ngx_http_request_t* r) {
    return flow::find_route(view(r->uri), view(server_conf(r)->path));
}

bool needs_intake(const Context* context) {
    return context == nullptr || context->intake_broke_off;
}

// SERVER_REWRITE, before the rewrite module: an endpoint is answered whatever `return` and `rewrite` say.
ngx_int_t on_server_rewrite(ngx_http_request_t* r) {
    if (!server_conf(r)->in_use) {
        return NGX_DECLINED;
    }
    if (r != r->main) {
        return is_asked(r) || route_of(r) ? carry_past_phase(r, ngx_http_core_find_config_phase)
                                          : NGX_DECLINED;
    }
    Context* context = find_context(r);
    if (r->internal !=
        0) { // another path now; and where an error ended its reading, POST_READ was not passed
        needs_intake(context) ? take_in(r, *server_conf(r)) : find_route_again(r, *server_conf(r));
        context = find_context(r);
    }
    return context != nullptr && context->route ? carry_past_phase(r, ngx_http_core_find_config_phase)
                                                : NGX_DECLINED;
}

// A subrequest cannot sign anybody in, so it is either allowed or refused.
ngx_int_t admit_subrequest(ngx_http_request_t* r) {
    switch (admit(r)) {
    case Admitting::waiting:
        return NGX_DONE; // in a rewrite phase NGX_AGAIN would end it
    case Admitting::failed:
        return fail_subrequest(r);
    default:
        break;
    }
    const flow::Admission* admission = admission_of(r);
    const bool is_refused =
        admission != nullptr && !admission->passes() && admission->standing != flow::Standing::anonymous;
    return is_refused ? refuse_subrequest(r, *admission) : NGX_DECLINED;
}

// An endpoint asked by a subrequest, as auth_request asks userinfo or auth: what the location has - the
// application, an error_page - must not answer in its place. The others belong to a browser.
ngx_int_t answer_subrequest(ngx_http_request_t* r, const flow::Route& route) {
    r->error_page = 1;                          // none is looked for
    if (flow::endpoint_name(route) == "auth") { // by the rules of the location that it is in
        const ngx_int_t rc = admit_subrequest(r);
        return rc == NGX_DECLINED ? NGX_HTTP_NO_CONTENT : rc;
    }
    if (flow::endpoint_name(route) != "userinfo") {
        return NGX_HTTP_NOT_FOUND;
    }
    Context& context = make_context(r);
    context.route = route;
    const ngx_int_t rc = serve_endpoint(r, context);
    return rc == NGX_AGAIN ? NGX_DONE : rc; // in a rewrite phase NGX_AGAIN would end it
}

// REWRITE, before the rewrite module: a location was found. nginx skips the ACCESS phase for subrequests, and
// `return` answers before it, so they are decided here.
ngx_int_t on_rewrite(ngx_http_request_t* r) {
    if (!server_conf(r)->in_use) {
        return NGX_DECLINED;
    }
    Context* context = find_context(r);
    if (context != nullptr && !(context->under_way && context->under_way->admission.is_started())) {
        context->admitted_to = nullptr; // that was elsewhere, or before
    }
    if (is_asked(r)) {
        return decide(r);
    }
    if (r != r->main) {
        const flow::Route route = route_of(r);
        return route ? answer_subrequest(r, route) : admit_subrequest(r);
    }
    if (needs_intake(context) && r->internal != 0) { // a named location, where an error ended the reading
        take_in(r, *server_conf(r));
    }
    return context != nullptr && context->route ? carry_past_phase(r, ngx_http_core_post_rewrite_phase)
                                                : NGX_DECLINED;
}

// PREACCESS runs for all that can reach an upstream, also where "satisfy any" ends the ACCESS phase before
// us; after limit_req and limit_conn, which count for endpoints too.
ngx_int_t on_preaccess(ngx_http_request_t* r) {
    if (!server_conf(r)->in_use) {
        return NGX_DECLINED;
    }
    Context* context = find_context(r);
    if (r != r->main) {
        const flow::Guard* guard = location_conf(r)->guard;
        const bool is_early =
            guard != nullptr && guard->rules != nullptr && guard->rules->depends_on_request();
        if (context != nullptr &&
            is_early) { // it was decided before `set`: rules about variables are asked again
            context->admitted_to = nullptr;
        }
        return admit_subrequest(r);
    }
    const bool is_endpoint = context != nullptr && context->route;
    if (is_of_mcp(r) || (is_endpoint && context->resource != nullptr)) {
        make_context(r).is_for_any_origin = true; // whatever location an error_page leads to
    }
    if (is_preflight_of_mcp(r) && (!is_endpoint || context->resource != nullptr)) {
        return answer_preflight(r);
    }
    if (is_endpoint) {
        return serve_endpoint(r, *context);
    }
    switch (admit(r)) {
    case Admitting::waiting:
        return NGX_AGAIN;
    case Admitting::failed:
        return fail_request(r);
    default:
        return NGX_DECLINED;
    }
}

// ACCESS acts on the admission.
ngx_int_t on_access(ngx_http_request_t* r) {
    if (!server_conf(r)->in_use || location_conf(r)->guard == nullptr) {
        return NGX_DECLINED;
    }
    const flow::Admission* admission = admission_of(r);
    if (admission == nullptr) { // never, as long as every request passes PREACCESS
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (admission->passes()) {
        return NGX_OK;
    }
    return admission->standing == flow::Standing::anonymous ? NGX_DECLINED : turn_away(r, *admission);
}

// PRECONTENT, where "satisfy any" stands somewhere: whom the rules do not let pass and who is here all the
// same was let in by another method.
ngx_int_t on_precontent(ngx_http_request_t* r) {
    Context* context = server_conf(r)->in_use ? find_context(r) : nullptr;
    const flow::Admission* admission = r == r->main ? admission_of(r) : nullptr;
    if (context != nullptr && admission != nullptr && !admission->passes()) {
        note_outcome(r, *context, figures::Request::anonymous);
    }
    return NGX_DECLINED;
}

bool has_satisfy_any(ngx_conf_t* cf) {
    const auto& locations = main_conf(cf)->compiled->locations;
    return std::any_of(locations.begin(), locations.end(), [](const LocationConf* location) {
        return location->core->satisfy == NGX_HTTP_SATISFY_ANY;
    });
}

bool add_handler(ngx_conf_t* cf, ngx_uint_t phase, ngx_http_handler_pt handler) {
    auto* core_main =
        static_cast<ngx_http_core_main_conf_t*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
    auto* place = static_cast<ngx_http_handler_pt*>(ngx_array_push(&core_main->phases[phase].handlers));
    if (place == nullptr) {
        return false;
    }
    *place = handler;
    return true;
}

} // namespace

bool add_phase_handlers(ngx_conf_t* cf) {
    return add_handler(cf, NGX_HTTP_POST_READ_PHASE, guarded_phase<on_post_read>) &&
           add_handler(cf, NGX_HTTP_PREACCESS_PHASE, guarded_phase<on_preaccess>) &&
           add_handler(cf, NGX_HTTP_ACCESS_PHASE, guarded_phase<on_access>) &&
           (!has_satisfy_any(cf) || add_handler(cf, NGX_HTTP_PRECONTENT_PHASE, guarded_phase<on_precontent>));
}

bool add_rewrite_handlers(ngx_conf_t* cf) {
    return add_handler(cf, NGX_HTTP_SERVER_REWRITE_PHASE, guarded_phase<on_server_rewrite>) &&
           add_handler(cf, NGX_HTTP_REWRITE_PHASE, guarded_phase<on_rewrite>);
}

} // namespace oauth::ngx
