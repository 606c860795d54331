// SPDX-License-Identifier: MIT
// See admission.hpp. On the warm path - a session that is known - a request passes without a system call, a
// lock, a coroutine, or an allocation beyond its pool.
#include "admission.hpp"
#include "fresh_variables.hpp"
#include "headers.hpp"
#include "intake.hpp"
#include "respond.hpp"

#include "../../flow/signed_identity.hpp"

#include <stdexcept>

namespace oauth::ngx {

namespace {

// if=$variable, for one decision: evaluated when the first rule asks, for this location and this visitor.
class RequestCircumstances final : public flow::Circumstances {
public:
    explicit RequestCircumstances(Context& context) : context_(context) {}
    RequestCircumstances(const RequestCircumstances&) = delete;
    RequestCircumstances& operator=(const RequestCircumstances&) = delete;
    ~RequestCircumstances() override { context_.candidate = nullptr; }

    void about(const flow::Admission* candidate) const override {
        context_.candidate = candidate;
        fresh_.reset();
    }

    bool variable_is_true(int index) const override {
        if (!fresh_) {
            fresh_.emplace(context_.request());
        }
        const ngx_http_variable_value_t* value =
            ngx_http_get_flushed_variable(context_.request(), static_cast<ngx_uint_t>(index));
        return value != nullptr && value->not_found == 0 && value->len != 0 &&
               !(value->len == 1 && value->data[0] == '0');
    }

private:
    Context& context_;
    mutable std::optional<FreshVariables> fresh_;
};

// The element for the identity: that of a former location, or a Cookie header that held nothing but ours.
ngx_table_elt_t* free_element(Context& context) {
    ngx_table_elt_t* former = std::exchange(context.identity_header, nullptr);
    ngx_table_elt_t* spare = std::exchange(context.spare_header, nullptr);
    return former != nullptr ? former : spare;
}

// A subrequest has its parent's list, with its parent's identity: it gets one of its own.
void detach_headers(ngx_http_request_t* r) {
    remove_headers(r, server_conf(r)->compiled->identity_headers);
}

void tell_nobody(ngx_http_request_t* r, Context* context) {
    if (r != r->main) {
        if (has_header(r, server_conf(r)->compiled->identity_headers)) {
            detach_headers(r);
        }
        return;
    }
    ngx_table_elt_t* element = context == nullptr ? nullptr : free_element(*context);
    if (element != nullptr) {
        mark_removed(*element);
        remove_headers(r, server_conf(r)->compiled->identity_headers);
    }
}

void tell_identity(ngx_http_request_t* r, Context& context, const flow::Admission& admission) {
    const LocationConf& location = *location_conf(r);
    if (!admission.passes() || location.identity == 0) {
        tell_nobody(r, &context);
        return;
    }
    const std::string_view token = identity_of(r, admission);
    if (r != r->main) {
        detach_headers(r);
    }
    context.identity_header =
        token.empty() ? nullptr : add_identity_header(r, location, token, free_element(context));
    if (context.identity_header == nullptr) {
        throw std::runtime_error("the identity cannot be signed");
    }
}

void settle(ngx_http_request_t* r, Context& context, flow::Admission&& admission) {
    for (const std::string& cookie : admission.cookies) {
        set_cookie(r->main, cookie);
    }
    tell_identity(r, context, admission);
    context.admission = std::move(admission);
    context.admitted_to = location_conf(r);
    context.foreseen.reset();
    if (context.admission.standing == flow::Standing::shadowed) {
        log_answer(r, web::LogLevel::warn,
                   "shadow, would be policy_denied: " + explain(r, context.admission));
    }
}

Admitting take_result(ngx_http_request_t* r, Context& context) {
    auto& waiting = context.under_way->admission;
    if (!waiting.is_done()) {
        return Admitting::waiting;
    }
    end_waiting(r);
    auto result = waiting.take();
    context.under_way.reset();
    if (!result || !result->ok()) {
        context.failure = std::make_unique<core::Error>(result ? result->error() : core::Error{});
        return Admitting::failed;
    }
    settle(r, context, std::move(result->value()));
    return Admitting::decided;
}

Admitting begin_to_wait(ngx_http_request_t* r, Context& context) {
    UnderWay& under_way = make_under_way(context);
    under_way.circumstances = std::make_unique<RequestCircumstances>(context);
    const flow::Guard& guard = *location_conf(r)->guard;
    if (!under_way.admission.start(flow::admit(visitor_of(r), guard, *under_way.circumstances)) &&
        !prepare_to_wait(r)) {
        throw std::bad_alloc();
    }
    return take_result(r, context);
}

} // namespace

Admitting admit(ngx_http_request_t* r) {
    const LocationConf* location = location_conf(r);
    Context* known = find_context(r);
    if (location->guard == nullptr) {
        tell_nobody(r, known);
        return Admitting::decided;
    }
    Context& context = known == nullptr ? make_context(r) : *known;
    if (context.admitted_to == location) {
        return Admitting::decided;
    }
    if (context.under_way && context.under_way->admission.is_started()) {
        return take_result(r, context);
    }
    if (site_of(r) == nullptr) {
        context.failure = std::make_unique<core::Error>(no_site());
        return Admitting::failed;
    }
    auto admission = flow::admit_now(visitor_of(r), *location->guard, RequestCircumstances(context));
    if (!admission) {
        return begin_to_wait(r, context);
    }
    settle(r, context, std::move(*admission));
    return Admitting::decided;
}

const flow::Admission* admission_of(ngx_http_request_t* r) {
    const Context* context = find_context(r);
    const LocationConf* location = location_conf(r);
    return context != nullptr && location->guard != nullptr && context->admitted_to == location
               ? &context->admission
               : nullptr;
}

const flow::Admission* foresee_admission(ngx_http_request_t* r) {
    const LocationConf* location = location_conf(r);
    if (location->guard == nullptr) {
        return nullptr;
    }
    if (const Context* context = find_context(r)) {
        if (context->candidate != nullptr) {
            return context->candidate;
        }
        if (context->admitted_to == location) {
            return &context->admission;
        }
    }
    flow::Visitor* visitor = find_visitor(r);
    if (visitor == nullptr) {
        return nullptr;
    }
    Context& context = make_context(r);
    auto admission = flow::admit_now(*visitor, *location->guard, RequestCircumstances(context));
    context.foreseen = admission ? std::make_unique<flow::Admission>(std::move(*admission)) : nullptr;
    return context.foreseen.get();
}

bool may_be_named(ngx_http_request_t* r, const flow::Admission& admission) {
    const Context* context = find_context(r);
    return admission.identity != nullptr &&
           (admission.passes() || (context != nullptr && (context->candidate == &admission ||
                                                          context->turned_away_by == location_conf(r))));
}

std::string_view identity_of(ngx_http_request_t* r, const flow::Admission& admission) {
    const LocationConf& location = *location_conf(r);
    flow::Visitor& visitor = visitor_of(r);
    flow::Site& site = *site_of(r); // there is one: it has a session
    const flow::IdentitySettings& settings = *location.identity_settings;
    if (location.audience == nullptr) {
        return flow::signed_identity(site, *admission.session, settings, visitor.base_url());
    }
    if (location.audience->lengths == nullptr) {
        return flow::signed_identity(site, *admission.session, settings, view(location.audience->value));
    }
    const FreshVariables fresh(r);
    ngx_str_t audience = ngx_null_string;
    if (ngx_http_complex_value(r, location.audience, &audience) != NGX_OK) {
        return {};
    }
    return flow::signed_identity(site, *admission.session, settings, view(audience));
}

std::string explain(ngx_http_request_t* r, const flow::Admission& denied) {
    const policy::RuleSet& rules = *location_conf(r)->guard->rules;
    std::string reason =
        "session " + session::log_id(denied.session->session) + " of " + denied.identity->provider + ": ";
    if (denied.verdict.rule >= 0) {
        return reason + "refused by \"" + rules.text(denied.verdict.rule) + "\"";
    }
    const RequestCircumstances circumstances(make_context(r));
    circumstances.about(&denied);
    return reason + rules.explain(*denied.identity, circumstances);
}

} // namespace oauth::ngx
