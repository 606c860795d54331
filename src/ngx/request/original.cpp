// SPDX-License-Identifier: MIT
// See original.hpp.
#include "original.hpp"
#include "../boundary.hpp"
#include "../pool.hpp"
#include "admission.hpp"
#include "base_url.hpp"
#include "located.hpp"
#include "respond.hpp"
#include "turn_away.hpp"

#include "../../core/bytes.hpp"
#include "../../core/url.hpp"
#include "../../flow/decision.hpp"
#include "../../flow/step_up.hpp"

#include <utility>

namespace oauth::ngx {

namespace {

using Progress = Decision::Progress;

// The address as nginx's realip left it.
bool is_trusted(const ngx_http_request_t* r, const ServerConf& server) {
    return server.trusted_proxies != nullptr &&
           ngx_cidr_match(r->connection->sockaddr, server.trusted_proxies) == NGX_OK;
}

flow::OriginalHeaders read_headers(const ngx_http_request_t* r) {
    flow::OriginalHeaders headers;
    for (const ngx_list_part_t* part = &r->headers_in.headers.part; part != nullptr; part = part->next) {
        const auto* each = static_cast<const ngx_table_elt_t*>(part->elts);
        for (ngx_uint_t i = 0; i < part->nelts; ++i) {
            if (auto* values = headers.find(view(each[i].key))) {
                values->push_back(string(each[i].value));
            }
        }
    }
    return headers;
}

// A proxy whose address is not named is not heard, and the rules are not those of the page that it asks
// about.
void tell_of_untrusted(ngx_http_request_t* r, const flow::Visitor& visitor) {
    const flow::OriginalHeaders headers = read_headers(r);
    if (headers.url.empty() && headers.uri.empty()) {
        return;
    }
    const std::string sentence =
        "auth: an original address came from where oauth_trusted_proxy does not say, "
        "and is ignored: name the client's address there if it is the proxy's";
    Notices& notices = runtime_of(*main_conf(r)).notices(*server_conf(r));
    if (const auto line = notices.repeats.line(sentence, "original", visitor.site().clock.now())) {
        log_answer(r, web::LogLevel::warn, *line);
    }
}

bool is_own_host(const ServerConf& server, std::string_view base_url, std::string_view host) {
    const auto base = core::parse_url(base_url);
    return (base && base->host == host) || is_server_name(server, host);
}

// What of the request, beside its path, the variables of a rule may tell.
struct Disguise {
    Disguise(ngx_http_request_t* r, const flow::Original& original)
        : target(stored(r, original.target)), host(stored(r, original.host)),
          authority(stored(r, original.authority)),
          method(original.method.empty() ? r->method_name : stored(r, original.method)),
          request_line(stored(r, string(method) + " " + original.target + " " + string(r->http_protocol))) {
        header = static_cast<ngx_table_elt_t*>(ngx_pcalloc(r->pool, sizeof(ngx_table_elt_t)));
        if (header == nullptr) {
            throw std::bad_alloc();
        }
        ngx_str_set(&header->key, "Host");
        header->value = authority;
        header->hash = 1;
    }

    void put_on(ngx_http_request_t* r) const {
        r->unparsed_uri = target;
        r->request_line = request_line;
        r->headers_in.server = host;
        r->headers_in.host = header;
        r->headers_in.content_length_n = -1; // it has no body that could be too large
        r->main->method_name = method;       // nginx asks the main request for it
    }

    ngx_str_t target;
    ngx_str_t host;
    ngx_str_t authority;
    ngx_str_t method;
    ngx_str_t request_line;
    ngx_table_elt_t* header;
};

ngx_int_t ask(ngx_http_request_t* r, Decision& decision, Target target) {
    const Disguise disguise(r, *decision.original);
    const ngx_int_t rc = send_there(r, decision, target);
    if (rc == NGX_AGAIN) {
        disguise.put_on(decision.asked);
    }
    return rc;
}

ngx_int_t refuse_original(ngx_http_request_t* r, std::string detail) {
    return refuse_request(r, NGX_HTTP_BAD_REQUEST, std::move(detail));
}

// Endpoints of ours are open to everybody, whatever location they are in: who is sent to one is not asked to
// sign in first.
bool is_open_endpoint(const flow::Site& site, const ServerConf& server, std::string_view path) {
    const flow::Route route = flow::find_route(path, view(server.path));
    const bool is_known = route && flow::endpoint_name(route) != "not_found";
    return is_known && (route.provider.empty() || site.find_provider(route.provider) != nullptr);
}

ngx_int_t ask_about_original(ngx_http_request_t* r, Context& context, const flow::Visitor& visitor) {
    Decision& decision = *context.decision;
    const ServerConf& server = *server_conf(r);
    if (!is_own_host(server, visitor.base_url(), decision.original->host)) {
        return refuse_original(r, "the original address: its host is none of the server's names, nor that of "
                                  "the base URL: set server_name or oauth_base_url");
    }
    auto target = parse_target(r, stored(r, decision.original->target));
    if (!target) {
        return refuse_original(r, "the original address: its path is one that nginx answers with 400");
    }
    if (is_open_endpoint(visitor.site(), server, view(target->uri))) {
        return respond(r, context, flow::pass(nullptr, {}, nullptr));
    }
    return ask(r, decision, *target);
}

// As the visitor sent it to the other proxy. Without an address there is no page to come back to.
flow::Request facts_of(ngx_http_request_t* r, const Context& context, const Decision& decision) {
    flow::Request facts =
        collect_facts(decision.asked != nullptr && decision.original ? decision.asked : r, context);
    facts.own_origin.clear();
    facts.family_origin.clear();
    const auto base = core::parse_url(facts.base_url);
    if (decision.original && base && decision.original->origin.starts_with(base->scheme + "://")) {
        facts.own_origin = decision.original->origin;
        facts.family_origin =
            flow::family_origin(server_conf(r)->compiled->options, facts.base_url, facts.own_origin);
    }
    const auto home = core::parse_url(facts.home());
    if (!decision.original || !home || home->host != decision.original->host) {
        facts.target = "/";
    }
    facts.method =
        decision.original && !decision.original->method.empty() ? decision.original->method : "GET";
    return facts;
}

web::Answer closed() {
    web::Answer answer;
    answer.status = NGX_HTTP_FORBIDDEN;
    answer.log_level = web::LogLevel::warn;
    answer.log = "auth: the original path falls into an internal location, which nginx lets nobody into";
    return answer;
}

core::Error undecided(const Decision& decision) {
    if (decision.is_unknowable) {
        return {core::Code::internal_error,
                "auth: a rule of the location asks for a variable that \"set\" makes, which does not run for "
                "the original address: use map, or leave it out of if="};
    }
    return {core::Code::internal_error, "auth: the location of the original address cannot be found: nginx "
                                        "would answer " +
                                            std::to_string(decision.ended_with)};
}

ngx_int_t turn_away_by_proxy(ngx_http_request_t* r, Context& context, flow::Visitor& visitor,
                             const flow::Admission& admission) {
    ngx_http_request_t* asked = context.decision->asked;
    const LocationConf& location = *location_conf(asked);
    UnderWay& under_way = make_under_way(context);
    under_way.facts = facts_of(r, context, *context.decision);
    under_way.offer = runtime_of(*main_conf(r)).offer(location);
    const bool by_token = admission.credentials != flow::Credentials::Kind::none;
    if (admission.standing == flow::Standing::denied) {
        count_denied(asked, admission);
    }
    if (by_token || !flow::wants_redirect(view(r->args))) {
        if (const auto answer = answer_program(asked, visitor.site(), *under_way.facts, admission)) {
            return respond(r, context, *answer);
        }
    }
    if (admission.standing == flow::Standing::denied) {
        return respond(r, context,
                       flow::refuse(visitor.site(), *under_way.facts, under_way.offer, admission,
                                    explain(asked, admission)));
    }
    const auto how = flow::wants_redirect(view(r->args))
                         ? static_cast<flow::Unauthenticated>(location.unauthenticated)
                         : flow::Unauthenticated::status_401;
    if (admission.standing == flow::Standing::insufficient) {
        under_way.offer = {visitor.site().find_provider(admission.identity->provider)};
        return start_answer(r, context,
                            flow::ask_to_step_up(visitor.site(), *under_way.facts, under_way.offer, how,
                                                 *location.guard->step_up));
    }
    return start_answer(r, context,
                        flow::ask_to_sign_in(visitor.site(), *under_way.facts, under_way.offer, how));
}

ngx_int_t answer(ngx_http_request_t* r, Context& context, flow::Visitor& visitor) {
    const Decision& decision = *context.decision;
    ngx_http_request_t* asked = decision.asked;
    const LocationConf& location = *location_conf(asked);
    const flow::Admission* admission = admission_of(asked);
    if (decision.is_unknowable || (location.guard != nullptr && admission == nullptr)) {
        return respond(
            r, context,
            flow::cannot_decide(visitor.site(), facts_of(r, context, decision), undecided(decision)));
    }
    if (admission == nullptr || admission->standing == flow::Standing::anonymous) {
        return respond(r, context, flow::pass(nullptr, {}, nullptr));
    }
    if (!admission->passes()) {
        return turn_away_by_proxy(r, context, visitor, *admission);
    }
    const auto identity = location.identity != 0 ? find_context(asked)->identity : nullptr;
    return respond(r, context, flow::pass(admission, view(location.identity_header), identity));
}

ngx_int_t conclude(ngx_http_request_t* r, Context& context, flow::Visitor& visitor) {
    Decision& decision = *context.decision;
    context.outcome.reset(); // endpoints are not among the requests that are counted
    if (decision.method_name.data != nullptr) {
        r->method_name = std::exchange(decision.method_name, ngx_str_t ngx_null_string);
    }
    switch (decision.progress) {
    case Progress::closed:
        return respond(r, context, closed());
    case Progress::failed: {
        const Context& failed = *find_context(decision.asked);
        return respond(r, context,
                       flow::cannot_decide(visitor.site(), facts_of(r, context, decision),
                                           failed.failure ? *failed.failure : core::Error{}));
    }
    case Progress::decided:
        return answer(r, context, visitor);
    default:
        return respond(
            r, context,
            flow::cannot_decide(visitor.site(), facts_of(r, context, decision), undecided(decision)));
    }
}

// By the rules of the location that `auth` itself falls into.
bool decide_here(ngx_http_request_t* r, Decision& decision) {
    switch (admit(r)) {
    case Admitting::waiting:
        return false;
    case Admitting::failed:
        decision.progress = Progress::failed;
        return true;
    default:
        decision.progress = Progress::decided;
        return true;
    }
}

} // namespace

Decision* decision_of(ngx_http_request_t* r) {
    if (is_asked(r)) {
        return static_cast<Decision*>(r->post_subrequest->data);
    }
    const Context* context = r == r->main ? find_context(r) : nullptr;
    return context == nullptr ? nullptr : context->decision;
}

ngx_int_t serve_decision(ngx_http_request_t* r, Context& context, flow::Visitor& visitor) {
    if (context.decision == nullptr) {
        auto* decision = pool_make<Decision>(r->pool);
        if (is_trusted(r, *server_conf(r))) {
            auto original = flow::read_original(read_headers(r));
            if (!original) {
                return refuse_original(r, original.error().detail);
            }
            decision->original = std::move(original.value());
        } else {
            tell_of_untrusted(r, visitor);
        }
        context.decision = decision;
        decision->method_name = r->method_name;
        if (decision->original) {
            return ask_about_original(r, context, visitor);
        }
        decision->asked = r;
    }
    Decision& decision = *context.decision;
    if (decision.asked == r) {
        return decide_here(r, decision) ? conclude(r, context, visitor) : NGX_AGAIN;
    }
    if (decision.progress == Progress::asking) {
        return NGX_AGAIN;
    }
    if (needs_slash(decision)) {
        return ask_about_original(r, context, visitor);
    }
    return conclude(r, context, visitor);
}

ngx_int_t decide(ngx_http_request_t* r) {
    Decision& decision = *decision_of(r);
    if (decision.about == Decision::About::location) {
        decision.progress = Progress::decided;
        return NGX_OK;
    }
    const auto* core_location =
        static_cast<ngx_http_core_loc_conf_t*>(ngx_http_get_module_loc_conf(r, ngx_http_core_module));
    if (core_location->internal != 0) {
        decision.progress = Progress::closed;
        return NGX_OK;
    }
    switch (admit(r)) {
    case Admitting::waiting:
        return NGX_DONE;
    case Admitting::failed:
        decision.progress = Progress::failed;
        break;
    default:
        decision.progress = Progress::decided;
    }
    return NGX_OK;
}

} // namespace oauth::ngx
