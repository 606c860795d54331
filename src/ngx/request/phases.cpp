// SPDX-License-Identifier: MIT
// See phases.hpp. Stripping and deciding is done in PREACCESS because nginx runs it for every request that
// can reach an upstream: for subrequests too, and where "satisfy any" ends the ACCESS phase before us.
#include "phases.hpp"
#include "../boundary.hpp"
#include "flow_host.hpp"
#include "respond.hpp"
#include "../conf/rules.hpp"

#include "../../flow/exchange.hpp"
#include "../../web/pages.hpp"

#include <algorithm>

namespace oauth::ngx {

namespace {

constexpr off_t max_form = 64 * 1024;

flow::Route route_of(const ngx_http_request_t* r, const ServerConf& server) {
    return flow::find_route(view(r->uri), view(server.path));
}

ngx_int_t refuse_request(ngx_http_request_t* r, Context& context, int status, std::string detail) {
    const flow::Request facts = collect_facts(r, context);
    web::Audience audience;
    audience.prefers_json = flow::prefers_json(facts);
    audience.request_id = facts.id;
    web::Answer answer = web::failure({core::Code::request_invalid, std::move(detail)}, audience);
    answer.status = status;
    return respond(r, context, answer);
}

ngx_int_t refuse_host(ngx_http_request_t* r, Context& context) {
    return refuse_request(
        r, context, NGX_HTTP_BAD_REQUEST,
        "the request's host is none of the server's names: set server_name or oauth_base_url");
}

void on_body(ngx_http_request_t* r) {
    make_context(r).body_read = true;
    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}

// Nothing: it is too large, or in a file.
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

ngx_int_t read_body(ngx_http_request_t* r, Context& context) {
    if (r->headers_in.content_length_n > max_form) {
        return refuse_request(r, context, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, "the form is larger than 64k");
    }
    if (r->headers_in.content_length_n < 0) { // nginx would take client_max_body_size of it, into a file
        return refuse_request(r, context, NGX_HTTP_LENGTH_REQUIRED, "the form has no Content-Length");
    }
    r->request_body_in_single_buf = 1;
    const ngx_int_t rc = ngx_http_read_client_request_body(r, guarded<on_body>);
    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }
    ngx_http_finalize_request(r, NGX_DONE);
    return NGX_DONE;
}

ngx_int_t serve_endpoint(ngx_http_request_t* r, const ServerConf& server, const flow::Route& route) {
    Context& context = make_context(r);
    if (context.flow) {
        return continue_flow(r, context);
    }
    const session::OpenedSessionPointer& session = find_session(r, context);
    if (context.base_url.empty()) {
        return refuse_host(r, context);
    }
    Runtime& runtime = runtime_of(*main_conf(r));
    flow::Site& site = runtime.site(server);
    if (!context.body_read && flow::takes_body(site, route, view(r->method_name))) {
        return read_body(r, context);
    }
    context.facts = collect_facts(r, context);
    if (context.body_read) {
        auto body = body_text(r);
        if (!body) {
            return refuse_request(r, context, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                  "the form is larger than 64k");
        }
        context.facts->body = std::move(*body);
    }
    context.offer = runtime.offer(*location_conf(r));
    return start_flow(r, context, flow::serve(site, *context.facts, context.offer, session));
}

std::string denial(ngx_http_request_t* r, const LocationConf& location, const Context& context) {
    const session::Session& session = context.session->session;
    const policy::RuleSet& rules = *location.rules->rules;
    std::string reason = "session " + session::log_id(session) + " of " + session.identity.provider + ": ";
    if (context.verdict.rule >= 0) {
        return reason + "refused by \"" + rules.text(context.verdict.rule) + "\"";
    }
    return reason + rules.explain(session.identity, RequestVariables(r));
}

void log_shadow(ngx_http_request_t* r, const LocationConf& location, const Context& context) {
    log_answer(r, web::LogLevel::warn, "shadow, would be policy_denied: " + denial(r, location, context));
}

// What a request gets that is not allowed in.
ngx_int_t turn_away(ngx_http_request_t* r, const ServerConf& server, const LocationConf& location,
                    Context& context) {
    if (context.base_url.empty()) {
        return refuse_host(r, context);
    }
    Runtime& runtime = runtime_of(*main_conf(r));
    flow::Site& site = runtime.site(server);
    context.facts = collect_facts(r, context);
    if (context.signed_in) {
        context.turned_away_by = &location;
        const web::Answer answer = flow::refuse(site, *context.facts, context.session->session,
                                                context.verdict, denial(r, location, context));
        return respond(r, context, answer);
    }
    context.offer = runtime.offer(location);
    const auto how = static_cast<flow::Unauthenticated>(location.unauthenticated);
    return start_flow(r, context, flow::challenge(site, *context.facts, context.offer, how));
}

// A subrequest cannot sign anybody in: it is let through or refused.
ngx_int_t decide_subrequest(ngx_http_request_t* r, const LocationConf& location, const Decision& decision) {
    if (decision.allowed && decision.context->shadowed) {
        log_shadow(r, location, *decision.context);
    }
    if (location.mode != mode_on || decision.allowed) {
        return NGX_DECLINED;
    }
    Context& context = *decision.context;
    context.turned_away_by = &location;
    context.error = context.signed_in ? core::Code::policy_denied : core::Code::login_required;
    if (context.signed_in) {
        log_answer(r, web::LogLevel::warn, "policy_denied: subrequest, " + denial(r, location, context));
    }
    return core::code_status(*context.error);
}

ngx_int_t on_post_read(ngx_http_request_t* r) {
    const ServerConf& server = *server_conf(r);
    if (!server.in_use || r->args.len == 0 || route_of(r, server).endpoint != flow::Endpoint::callback) {
        return NGX_DECLINED;
    }
    Context& context = make_context(r);
    context.hidden = true;
    context.arguments = string(r->args);
    r->args.len = 0;
    const std::size_t path = view(r->unparsed_uri).find('?');
    r->unparsed_uri.len = std::min(r->unparsed_uri.len, path);
    const std::string line = string(r->request_line);
    const std::size_t query = line.find('?');
    const std::size_t version = line.rfind(' ');
    if (query != std::string::npos) {
        const std::string rest = version != std::string::npos && version > query ? line.substr(version) : "";
        const ngx_str_t shown = copy(r->pool, line.substr(0, query) + rest);
        if (shown.data == nullptr) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
        r->request_line = shown;
    }
    return NGX_DECLINED;
}

ngx_int_t on_preaccess(ngx_http_request_t* r) {
    const ServerConf& server = *server_conf(r);
    if (!server.in_use) {
        return NGX_DECLINED;
    }
    if (r == r->main) {
        const flow::Route route = route_of(r, server);
        if (route.endpoint != flow::Endpoint::none) {
            return serve_endpoint(r, server, route);
        }
    }
    const Decision decision = decide(r);
    return r == r->main ? NGX_DECLINED : decide_subrequest(r, *location_conf(r), decision);
}

ngx_int_t on_access(ngx_http_request_t* r) {
    const ServerConf& server = *server_conf(r);
    const LocationConf& location = *location_conf(r);
    if (!server.in_use || location.mode == mode_off) {
        return NGX_DECLINED;
    }
    const Decision decision = decide(r);
    if (decision.allowed) {
        if (decision.context->shadowed) {
            log_shadow(r, location, *decision.context);
        }
        return NGX_OK;
    }
    if (location.mode == mode_optional) {
        return NGX_DECLINED;
    }
    Context& context = *decision.context;
    return context.flow ? continue_flow(r, context) : turn_away(r, server, location, context);
}

bool add_handler(ngx_http_core_main_conf_t* core_main, ngx_uint_t phase, ngx_http_handler_pt handler) {
    auto* place = static_cast<ngx_http_handler_pt*>(ngx_array_push(&core_main->phases[phase].handlers));
    if (place == nullptr) {
        return false;
    }
    *place = handler;
    return true;
}

} // namespace

bool add_phase_handlers(ngx_conf_t* cf) {
    auto* core_main =
        static_cast<ngx_http_core_main_conf_t*>(ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module));
    return add_handler(core_main, NGX_HTTP_POST_READ_PHASE, guarded_phase<on_post_read>) &&
           add_handler(core_main, NGX_HTTP_PREACCESS_PHASE, guarded_phase<on_preaccess>) &&
           add_handler(core_main, NGX_HTTP_ACCESS_PHASE, guarded_phase<on_access>);
}

} // namespace oauth::ngx
