// SPDX-License-Identifier: MIT
// See turn_away.hpp.
#include "turn_away.hpp"
#include "admission.hpp"
#include "base_url.hpp"
#include "headers.hpp"
#include "intake.hpp"
#include "respond.hpp"

#include "../../flow/program_answers.hpp"
#include "../../flow/step_up.hpp"
#include "../../web/pages.hpp"

namespace oauth::ngx {

namespace {

// What is over when whatever failed works again may be tried again.
enum class Again { same_page, never };

web::Answer failure(ngx_http_request_t* r, const core::Error& error, Again again) {
    const flow::Request facts = collect_facts(r, make_context(r));
    web::Audience to = flow::audience(server_conf(r)->compiled->options, facts);
    if (again == Again::same_page) {
        to.start_url = "/";
        to.retry_url = flow::is_get(facts) ? flow::local_return_to(facts.target, facts.home()) : "/";
        to.retry_is_sign_in = false;
        to.has_own_address = flow::is_get(facts);
        core::SystemRandom random;
        to.nonce = flow::page_nonce(random);
    }
    return web::failure(error, to);
}

} // namespace

ngx_int_t refuse_request(ngx_http_request_t* r, int status, std::string detail) {
    web::Answer answer = failure(r, {core::Code::request_invalid, std::move(detail)}, Again::never);
    answer.status = status;
    return respond(r, make_context(r), answer);
}

ngx_int_t refuse_host(ngx_http_request_t* r) {
    return refuse_request(r, NGX_HTTP_BAD_REQUEST, why_no_base_url(r, *server_conf(r)));
}

ngx_int_t fail_request(ngx_http_request_t* r) {
    Context& context = make_context(r);
    return respond(r, context,
                   failure(r, context.failure ? *context.failure : core::Error{}, Again::same_page));
}

ngx_int_t fail_subrequest(ngx_http_request_t* r) {
    Context& context = make_context(r);
    const core::Error error = context.failure ? *context.failure : core::Error{};
    context.error = error.code;
    log_answer(r, web::LogLevel::error,
               std::string(core::code_name(error.code)) + ": subrequest, " + error.detail);
    return core::code_status(error.code);
}

ngx_int_t refuse_subrequest(ngx_http_request_t* r, const flow::Admission& admission) {
    Context& context = make_context(r);
    const bool is_known = admission.standing == flow::Standing::denied;
    context.turned_away_by = location_conf(r);
    context.error = is_known ? core::Code::policy_denied : core::Code::login_required;
    const bool is_first =
        note_refusal(r, context, is_known ? figures::Request::denied : figures::Request::unauthenticated);
    if (is_known && is_first) {
        count_denied(r, admission);
    }
    if (is_known) {
        log_answer(r, web::LogLevel::warn, "policy_denied: subrequest, " + explain(r, admission));
    }
    return core::code_status(*context.error);
}

bool is_preflight_of_mcp(ngx_http_request_t* r) {
    const flow::Guard* guard = location_conf(r)->guard;
    const Context* context = find_context(r);
    const bool is_of_metadata = context != nullptr && context->route && context->resource != nullptr;
    return (is_of_metadata || (guard != nullptr && guard->resource != nullptr && guard->resource->is_mcp)) &&
           r->method == NGX_HTTP_OPTIONS && find_header(r, "access-control-request-method") != nullptr;
}

ngx_int_t answer_preflight(ngx_http_request_t* r) {
    const ngx_table_elt_t* requested = find_header(r, "access-control-request-headers");
    return respond(r, make_context(r),
                   flow::preflight(requested == nullptr ? std::string_view() : view(requested->value)));
}

std::optional<web::Answer> answer_program(ngx_http_request_t* r, const flow::Site& site,
                                          const flow::Request& facts, const flow::Admission& admission) {
    const flow::ProtectedResource* resource = location_conf(r)->resource;
    const bool by_token = admission.credentials != flow::Credentials::Kind::none;
    if (resource == nullptr || (!by_token && !flow::is_for_program(*resource, facts))) {
        return std::nullopt;
    }
    if (admission.standing == flow::Standing::unauthenticated) {
        return flow::challenge_program(site, facts, *resource, admission);
    }
    if (!by_token) {
        return std::nullopt;
    }
    if (admission.standing == flow::Standing::insufficient) {
        return flow::challenge_for_step_up(site, facts, *resource, *location_conf(r)->guard->step_up);
    }
    return flow::refuse_program(site, facts, *resource, lacking_scopes(r, admission), explain(r, admission));
}

ngx_int_t turn_away(ngx_http_request_t* r, const flow::Admission& admission) {
    Context& context = make_context(r);
    if (context.under_way && context.under_way->answer.is_started()) {
        return continue_answer(r, context);
    }
    flow::Visitor& visitor = *visitor_of(r); // there is one: the request was admitted
    if (visitor.base_url().empty()) {
        context.outcome.reset();
        return refuse_host(r);
    }
    const LocationConf& location = *location_conf(r);
    flow::Site& site = visitor.site();
    if (admission.standing == flow::Standing::denied) {
        if (note_refusal(r, context, figures::Request::denied)) {
            count_denied(r, admission);
        }
        context.turned_away_by = &location;
        const flow::Request facts = collect_facts(r, context);
        if (const auto answer = answer_program(r, site, facts, admission)) {
            return respond(r, context, *answer);
        }
        const flow::Offer offer = runtime_of(*main_conf(r)).offer(location);
        return respond(r, context, flow::refuse(site, facts, offer, admission, explain(r, admission)));
    }
    note_refusal(r, context, figures::Request::unauthenticated);
    UnderWay& under_way = make_under_way(context);
    under_way.facts = collect_facts(r, context);
    if (server_conf(r)->compiled->takes_tokens && flow::is_discovery_path(view(r->uri))) {
        context.is_for_any_origin = true;
        return respond(r, context, flow::nothing_to_discover(site, *under_way.facts));
    }
    if (const auto answer = answer_program(r, site, *under_way.facts, admission)) {
        return respond(r, context, *answer);
    }
    under_way.offer = runtime_of(*main_conf(r)).offer(location);
    const auto how = static_cast<flow::Unauthenticated>(location.unauthenticated);
    const session::StepUp* step_up = location.guard->step_up;
    if (admission.standing == flow::Standing::insufficient) {
        under_way.offer = {site.find_provider(admission.identity->provider)};
        return start_answer(r, context,
                            flow::step_up(site, *under_way.facts, under_way.offer, how, *step_up));
    }
    return start_answer(r, context, flow::challenge(site, *under_way.facts, under_way.offer, how, step_up));
}

ngx_int_t start_answer(ngx_http_request_t* r, Context& context, core::Task<web::Answer> task) {
    if (!context.under_way->answer.start(std::move(task)) && !prepare_to_wait(r)) {
        context.under_way.reset();
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return continue_answer(r, context);
}

ngx_int_t continue_answer(ngx_http_request_t* r, Context& context) {
    if (!context.under_way->answer.is_done()) {
        return NGX_AGAIN;
    }
    end_waiting(r);
    const std::optional<web::Answer> answer = context.under_way->answer.take();
    context.under_way.reset();
    if (!answer) {
        context.error = core::Code::internal_error;
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    return respond(r, context, *answer);
}

} // namespace oauth::ngx
