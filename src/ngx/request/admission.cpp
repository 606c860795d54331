// SPDX-License-Identifier: MIT
// See admission.hpp. On the warm path - a session that is known - a request passes without a system call, a
// lock, a coroutine, or an allocation beyond its pool.
#include "admission.hpp"
#include "fresh_variables.hpp"
#include "headers.hpp"
#include "intake.hpp"
#include "original.hpp"
#include "respond.hpp"

#include "../../flow/signed_identity.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

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
        fresh_->restore_captures(); // a regular expression of the condition before may have changed them
        const ngx_http_variable_value_t* value =
            ngx_http_get_flushed_variable(context_.request(), static_cast<ngx_uint_t>(index));
        if (Decision* decision = decision_of(context_.request())) {
            decision->is_unknowable = decision->is_unknowable || fresh_->has_read_unset();
        }
        return value != nullptr && value->not_found == 0 && value->len != 0 &&
               !(value->len == 1 && value->data[0] == '0');
    }

private:
    Context& context_;
    mutable std::optional<FreshVariables> fresh_;
};

std::shared_ptr<const std::string> identity_of(ngx_http_request_t* r, const flow::Visitor& visitor,
                                               const flow::Admission& admission) {
    const LocationConf& location = *location_conf(r);
    const flow::IdentitySettings& settings = *location.identity_settings;
    if (location.audience == nullptr) {
        return flow::signed_identity(visitor.site(), *admission.session, settings, visitor.base_url());
    }
    if (location.audience->lengths == nullptr) {
        return flow::signed_identity(visitor.site(), *admission.session, settings,
                                     view(location.audience->value));
    }
    // A copy: variables of the audience may end an admission that was only foreseen.
    const session::OpenedSessionPointer session = admission.session;
    Context& context = make_context(r);
    if (context.asks_for_audience) {
        return nullptr; // of itself
    }
    ngx_str_t audience = ngx_null_string;
    ngx_int_t rc = NGX_ERROR;
    {
        const FreshVariables fresh(r);
        context.asks_for_audience = true;
        rc = ngx_http_complex_value(r, location.audience, &audience);
        context.asks_for_audience = false;
    }
    return rc != NGX_OK ? nullptr : flow::signed_identity(visitor.site(), *session, settings, view(audience));
}

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

// Of a main request that did not come as far as its admission, a Cookie header that held nothing but ours.
bool drop_spare_of_main(ngx_http_request_t* r) {
    const Context* context = find_context(r->main);
    if (context == nullptr || context->spare_header == nullptr) {
        return false;
    }
    mark_removed(*context->spare_header);
    return true;
}

void tell_nobody(ngx_http_request_t* r, Context* context) {
    if (r != r->main) {
        if (context != nullptr) {
            context->identity_header = nullptr;
        }
        if (drop_spare_of_main(r) || has_header(r, server_conf(r)->compiled->identity_headers)) {
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

void tell_identity(ngx_http_request_t* r, Context& context, const flow::Visitor& visitor,
                   const flow::Admission& admission) {
    const LocationConf& location = *location_conf(r);
    if (!admission.passes() || location.identity == 0) {
        tell_nobody(r, &context);
        return;
    }
    auto identity = identity_of(r, visitor, admission);
    if (identity == nullptr) {
        tell_nobody(r, &context);
        throw std::runtime_error("the identity cannot be signed");
    }
    if (context.identity != nullptr && context.identity != identity) {
        context.former_identities.push_back(context.identity);
    }
    context.identity = std::move(identity);
    if (r != r->main) {
        context.identity_header = nullptr; // not in the list that it gets now
        drop_spare_of_main(r);
        detach_headers(r);
    }
    context.identity_header = add_identity_header(r, location, *context.identity, free_element(context));
    if (context.identity_header == nullptr) {
        throw std::bad_alloc();
    }
}

// Whoever runs several machines, or has restarted this one, wonders why everybody has to sign in again.
void tell_of_other_key(ngx_http_request_t* r, const Context& main, const flow::Visitor& visitor) {
    using Look = session::SealMarks::Look;
    const ServerConf& server = *server_conf(r->main);
    Notices& notices = runtime_of(*main_conf(r)).notices(server);
    const std::string_view name =
        session::cookie_name_view(server.compiled->options.cookie, visitor.base_url());
    const bool has_other_key =
        std::any_of(main.own_cookies.begin(), main.own_cookies.end(), [&](auto& cookie) {
            const bool has_beginning = cookie.first == name || cookie.first == std::string(name) + ".0";
            return has_beginning && notices.session_seals.look_at(cookie.second) == Look::other_key;
        });
    if (!has_other_key) {
        return;
    }
    const std::string sentence = "a session's cookie " + std::string(session::of_other_key);
    if (const auto line = notices.repeats.line(sentence, "key", visitor.site().clock.now())) {
        log_answer(r, web::LogLevel::warn, *line);
    }
}

figures::Request outcome_of(flow::Standing standing) {
    switch (standing) {
    case flow::Standing::anonymous:
        return figures::Request::anonymous;
    case flow::Standing::unauthenticated:
    case flow::Standing::insufficient:
        return figures::Request::unauthenticated;
    case flow::Standing::denied:
        return figures::Request::denied;
    case flow::Standing::shadowed:
    case flow::Standing::allowed:
        break;
    }
    return figures::Request::allowed;
}

// Once for a request, though it may be decided again on its way to another location.
void tell_of_shadow(ngx_http_request_t* r, Context& context) {
    const std::string& rule = location_conf(r)->guard->rules->text(context.admission.verdict.rule);
    if (std::exchange(context.shadowed_by, &rule) == &rule) {
        return;
    }
    count_denied(r, context.admission);
    log_answer(r, web::LogLevel::warn, "shadow, would be policy_denied: " + explain(r, context.admission));
}

// A subrequest has its parent's list, and gets one of its own.
void take_token_of_subrequest(ngx_http_request_t* r) {
    std::vector<std::string> names = server_conf(r)->compiled->identity_headers;
    names.emplace_back("authorization");
    remove_headers(r, names);
    r->headers_in.authorization = nullptr;
}

// An access token is for this nginx. Its element of the header list is free for the identity.
void take_token(ngx_http_request_t* r, Context& context, const flow::Visitor& visitor) {
    ngx_table_elt_t* header = r->headers_in.authorization;
    if (location_conf(r)->resource == nullptr || header == nullptr || !visitor.credentials().decide() ||
        visitor.site().options.keep_tokens) {
        return;
    }
    if (r != r->main) {
        take_token_of_subrequest(r);
        return;
    }
    r->headers_in.authorization = nullptr;
    if (context.identity_header == nullptr && context.spare_header == nullptr) {
        ngx_str_set(&header->value, "");
        context.spare_header = header;
        return;
    }
    for (ngx_table_elt_t* each : {header, std::exchange(context.identity_header, nullptr),
                                  std::exchange(context.spare_header, nullptr)}) {
        if (each != nullptr) {
            mark_removed(*each);
        }
    }
    remove_headers(r, server_conf(r)->compiled->identity_headers);
}

// It is decided what the context's admission says.
void settle(ngx_http_request_t* r, Context& context, const flow::Visitor& visitor) {
    const flow::Admission& admission = context.admission;
    for (const std::string& cookie : admission.cookies) {
        set_cookie(r->main, cookie);
    }
    take_token(r, context, visitor);
    tell_identity(r, context, visitor, admission);
    if (!admission.session && r == r->main && !context.own_cookies.empty()) {
        tell_of_other_key(r, context, visitor);
    }
    context.admitted_to = location_conf(r);
    context.foreseen.reset();
    note_outcome(r, context, outcome_of(admission.standing));
    if (admission.standing == flow::Standing::shadowed) {
        tell_of_shadow(r, context);
    }
}

Admitting take_result(ngx_http_request_t* r, Context& context, const flow::Visitor& visitor) {
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
    context.admission = std::move(result->value());
    settle(r, context, visitor);
    return Admitting::decided;
}

Admitting begin_to_wait(ngx_http_request_t* r, Context& context, flow::Visitor& visitor) {
    UnderWay& under_way = make_under_way(context);
    under_way.circumstances = std::make_unique<RequestCircumstances>(context);
    const flow::Guard& guard = *location_conf(r)->guard;
    if (!under_way.admission.start(flow::admit(visitor, guard, *under_way.circumstances)) &&
        !prepare_to_wait(r)) {
        throw std::bad_alloc();
    }
    return take_result(r, context, visitor);
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
    flow::Visitor* visitor = visitor_of(r);
    if (visitor == nullptr) {
        context.failure = std::make_unique<core::Error>(no_site());
        return Admitting::failed;
    }
    if (context.under_way && context.under_way->admission.is_started()) {
        return take_result(r, context, *visitor);
    }
    context.admitted_to = nullptr; // what it says is of another location from now on
    if (!flow::admit_now(*visitor, *location->guard, RequestCircumstances(context), context.admission)) {
        return begin_to_wait(r, context, *visitor);
    }
    settle(r, context, *visitor);
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
    // Without a context there is no cookie of ours.
    flow::Visitor* visitor = find_context(r->main) == nullptr ? nullptr : visitor_of(r);
    if (visitor == nullptr) {
        return nullptr;
    }
    Context& context = make_context(r);
    auto admission = flow::foresee(*visitor, *location->guard, RequestCircumstances(context));
    context.foreseen = admission ? std::make_unique<flow::Admission>(std::move(*admission)) : nullptr;
    return context.foreseen.get();
}

bool may_be_named(ngx_http_request_t* r, const flow::Admission& admission) {
    const Context* context = find_context(r);
    return admission.identity != nullptr &&
           (admission.passes() || (context != nullptr && (context->candidate == &admission ||
                                                          context->turned_away_by == location_conf(r))));
}

std::shared_ptr<const std::string> identity_of(ngx_http_request_t* r, const flow::Admission& admission) {
    return identity_of(r, *visitor_of(r), admission); // there is a visitor: it was admitted
}

void count_denied(ngx_http_request_t* r, const flow::Admission& denied) {
    const int rule = denied.verdict.rule;
    runtime_of(*main_conf(r))
        .figures()
        .count_denied(rule >= 0 ? location_conf(r)->guard->rules->text(rule) : figures::no_rule);
}

std::vector<std::string> lacking_scopes(ngx_http_request_t* r, const flow::Admission& denied) {
    const RequestCircumstances circumstances(make_context(r));
    circumstances.about(&denied);
    return location_conf(r)->guard->rules->lacking_scopes(*denied.identity, circumstances);
}

std::string explain(ngx_http_request_t* r, const flow::Admission& denied) {
    const policy::RuleSet& rules = *location_conf(r)->guard->rules;
    std::string reason =
        (denied.credentials == flow::Credentials::Kind::none ? "session " : "access token ") +
        session::log_id(denied.session->session) + " of " + denied.identity->provider + ": ";
    if (denied.verdict.rule >= 0) {
        return reason + "refused by \"" + rules.text(denied.verdict.rule) + "\"";
    }
    const RequestCircumstances circumstances(make_context(r));
    circumstances.about(&denied);
    return reason + rules.explain(*denied.identity, circumstances);
}

} // namespace oauth::ngx
