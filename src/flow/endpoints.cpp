// SPDX-License-Identifier: MIT
// See endpoints.hpp.
#include "endpoints.hpp"

#include "../core/bytes.hpp"
#include "../core/url.hpp"
#include "callback.hpp"
#include "ended_elsewhere.hpp"
#include "last_provider.hpp"
#include "sign_in.hpp"
#include "sign_out.hpp"
#include "step_up.hpp"

#include <algorithm>

namespace oauth::flow {

namespace {

// What an endpoint is served with. The references outlive the flow.
struct Call {
    Site& site;
    const Request& request;
    const Offer& offer;
    Visitor& visitor;
    Route route;
    const Guard* page; // see serve()
};

enum class Methods { get, get_or_post, any }; // HEAD goes with GET; any: as the provider is
enum class Scope { site, provider };          // oauth_path/NAME, or oauth_path/PROVIDER/NAME
enum class Query { plain, secret };           // a code, a state or a token is in it

} // namespace

struct Endpoint {
    std::string_view name; // empty: oauth_path/PROVIDER itself
    Scope scope;
    Methods methods;
    Query query;
    core::Task<web::Answer> (*serve)(Call call);
};

namespace {

// For what is no endpoint: a page for browsers alone.
web::Audience lost_audience(const Site& site, const Request& request) {
    web::Audience to = audience(site, request, "/");
    to.prefers_json = !is_page_load(request) && !is_posted_form(request);
    return to;
}

web::Answer not_allowed(const Site& site, const Request& request, std::string_view allow) {
    return web::not_allowed(allow, lost_audience(site, request));
}

web::Answer not_found(const Site& site, const Request& request) {
    return web::not_found(lost_audience(site, request));
}

std::string return_to_parameter(const Request& request) {
    return asked_return_to(request.arguments, request.home()).value_or("/");
}

// What the page asks of a sign-in at that provider. A sign-in at another one leads to no session there.
const session::StepUp& step_up_at(const Call& call, const Provider& provider) {
    static const session::StepUp nothing_more;
    const Guard* page = call.page;
    return page != nullptr && page->step_up != nullptr && takes_provider(*page, provider.settings().name)
               ? *page->step_up
               : nothing_more;
}

// The one chosen last comes first. Who is signed in already and comes here wants another account: the
// provider that knows the present one is to ask.
std::vector<web::Choice> ordered_choices(const Call& call, const Page& return_to,
                                         const session::OpenedSessionPointer& current) {
    const auto& [site, request, offer, visitor, route, its_page] = call;
    std::vector<web::Choice> all = choices(site.options, offer, return_to);
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i].is_last = is_last_provider(site, request, *offer[i]);
        if (current && current->session.identity.provider == all[i].name) {
            all[i].url = confirmed_switch_url(site, *offer[i], return_to, current->session);
        }
    }
    std::stable_partition(all.begin(), all.end(), [](const web::Choice& each) { return each.is_last; });
    return all;
}

bool is_in(const Offer& offer, std::string_view name) {
    return std::any_of(offer.begin(), offer.end(),
                       [&](const Provider* each) { return each->settings().name == name; });
}

core::Task<web::Answer> serve_login(Call call) {
    const auto& [site, request, offer, visitor, route, its_page] = call;
    std::string return_to = return_to_parameter(request);
    if (offer.size() == 1) {
        Provider& provider = *offer.front();
        co_return co_await sign_in(site, request, provider, offer, std::move(return_to),
                                   step_up_at(call, provider));
    }
    const std::string step_up = asked_step_up(request);
    if (!site.options.login_page.empty()) {
        std::string url = request.home() + site.options.login_page;
        append_offer(offer_names(site.options, offer), url);
        if (!step_up.empty()) {
            core::append_parameter(url, step_up_parameter, step_up);
        }
        core::append_parameter(url, "return_to", return_to);
        co_return web::redirect(302, std::move(url));
    }
    const core::Status looked_up = co_await visitor.look_up(); // a store that is away hinders nobody here
    const session::OpenedSessionPointer current = looked_up ? visitor.session() : nullptr;
    const Page page{request.home(), return_to, offer_names(site.options, offer), step_up};
    web::Audience to = audience(site, request, page);
    web::Waiting waiting{site.options.path + "/userinfo", return_to};
    if (current && is_in(offer, current->session.identity.provider)) {
        to.account = account_label(site, current->session.identity);
    } else if (current) { // it does not count at that page
        waiting.asks.clear();
    }
    co_return web::sign_in_page(ordered_choices(call, page, current), waiting, to);
}

bool is_asked_ahead(const Request& request) {
    return request.method == "HEAD" || is_prefetch(request);
}

// Ends nothing ahead of time. A browser follows what it has fetched ahead, unless that has failed.
web::Answer not_yet(const Call& call) {
    if (call.request.method == "HEAD") {
        return web::redirect(302, call.request.home() + "/");
    }
    return web::failure({core::Code::request_invalid, "the request was a prefetch"},
                        audience(call.site, call.request, "/"));
}

core::Task<web::Answer> serve_start(Call call) {
    Provider* provider = find_offered(call.site, call.offer, call.route.provider);
    if (provider == nullptr) {
        co_return not_found(call.site, call.request);
    }
    std::string return_to = return_to_parameter(call.request);
    const auto parameters = core::Parameters::parse(call.request.arguments);
    if (!parameters || parameters->find("account").value_or("") != "other") {
        co_return co_await sign_in(call.site, call.request, *provider, call.offer, std::move(return_to),
                                   step_up_at(call, *provider));
    }
    if (is_asked_ahead(call.request)) {
        co_return not_yet(call);
    }
    Asked asked{web::Leaving::another_account,
                call.site.options.path + "/" + std::string(call.route.provider), "&account=other", return_to};
    if (const std::string names = offer_names(call.site.options, call.offer); !names.empty()) {
        asked.arguments += "&providers=" + names;
    }
    if (return_to != "/") {
        asked.arguments += "&return_to=" + core::percent_encode(return_to);
    }
    auto instead = co_await end_sessions(call.site, call.request, call.visitor, std::move(asked));
    if (instead) {
        co_return std::move(*instead);
    }
    web::Answer answer = co_await sign_in(call.site, call.request, *provider, call.offer,
                                          std::move(return_to), Account::another);
    delete_session_cookies(call.site, call.request, answer);
    remember_switch(call.site, call.request, *provider, answer); // also for "try again"
    co_return answer;
}

core::Task<web::Answer> serve_callback(Call call) {
    Provider* provider = call.site.find_provider(call.route.provider);
    if (provider == nullptr) {
        co_return not_found(call.site, call.request);
    }
    const std::string_view method = provider->settings().uses_form_post() ? "POST" : "GET";
    if (call.request.method != method) {
        co_return not_allowed(call.site, call.request, method);
    }
    // CB-21, CB-23: a request that may be repeated must not use up the sign-in.
    if (is_prefetch(call.request)) {
        co_return web::failure({core::Code::request_invalid, "the callback was prefetched"},
                               audience(call.site, call.request, "/"));
    }
    if (call.request.early_data == "1") {
        web::Answer answer =
            web::failure({core::Code::request_invalid, "early data"}, audience(call.site, call.request, "/"));
        answer.status = 425;
        co_return answer;
    }
    co_return co_await callback(call.site, call.request, *provider, call.offer, call.visitor);
}

core::Task<web::Answer> serve_logout(Call call) {
    if (is_asked_ahead(call.request)) {
        co_return not_yet(call);
    }
    co_return co_await sign_out(call.site, call.request, call.visitor);
}

core::Task<web::Answer> serve_signed_out(Call call) {
    co_return co_await signed_out(call.site, call.request, call.visitor);
}

core::Task<web::Answer> serve_userinfo(Call call) {
    const core::Status looked_up = co_await call.visitor.look_up();
    if (!looked_up) {
        co_return web::failure(looked_up.error(), audience(call.site, call.request, "/"));
    }
    const core::Status attended = co_await call.visitor.attend();
    if (!attended) {
        co_return web::failure(attended.error(), audience(call.site, call.request, "/"));
    }
    const session::OpenedSessionPointer& current = call.visitor.session();
    web::Answer answer =
        current ? web::json(200, identity::describe(current->session, current->ends_at))
                : web::unauthenticated(call.request.base_url, audience(call.site, call.request, "/"));
    const std::vector<std::string>& renewed = call.visitor.cookies();
    answer.set_cookies.insert(answer.set_cookies.end(), renewed.begin(), renewed.end());
    co_return answer;
}

core::Task<web::Answer> serve_providers(Call call) {
    co_return web::providers_json(
        choices(call.site.options, call.offer,
                {call.request.home(), "/", offer_names(call.site.options, call.offer)}));
}

core::Task<web::Answer> serve_jwks(Call call) {
    web::Answer answer = web::json(200, call.site.identity_keys.jwks());
    answer.cache_control = "public, max-age=300";
    co_return answer;
}

core::Task<web::Answer> serve_back_channel(Call call) {
    Provider* provider = call.site.find_provider(call.route.provider);
    if (provider == nullptr || !provider->settings().is_openid()) {
        co_return not_found(call.site, call.request);
    }
    if (call.request.method != "POST") {
        co_return not_allowed(call.site, call.request, "POST");
    }
    co_return co_await back_channel_logout(call.site, call.request, *provider);
}

core::Task<web::Answer> serve_front_channel(Call call) {
    Provider* provider = call.site.find_provider(call.route.provider);
    if (provider == nullptr || !provider->settings().is_openid()) {
        co_return not_found(call.site, call.request);
    }
    if (!is_get(call.request)) {
        co_return not_allowed(call.site, call.request, "GET, HEAD");
    }
    co_return co_await front_channel_logout(call.site, call.request, *provider, call.visitor);
}

core::Task<web::Answer> serve_not_found(Call call) {
    co_return not_found(call.site, call.request);
}

constexpr Endpoint endpoints[] = {
    {"login", Scope::site, Methods::get, Query::plain, serve_login},
    {"logout", Scope::site, Methods::get_or_post, Query::plain, serve_logout},
    {"signed-out", Scope::site, Methods::get, Query::plain, serve_signed_out},
    {"userinfo", Scope::site, Methods::get, Query::plain, serve_userinfo},
    {"providers", Scope::site, Methods::get, Query::plain, serve_providers},
    {"jwks.json", Scope::site, Methods::get, Query::plain, serve_jwks},
    {"auth", Scope::site, Methods::any, Query::plain, serve_not_found}, // by nginx's locations: decision.hpp
    {"", Scope::provider, Methods::get, Query::plain, serve_start},
    {"callback", Scope::provider, Methods::any, Query::secret, serve_callback},
    {"backchannel-logout", Scope::provider, Methods::any, Query::secret, serve_back_channel},
    {"frontchannel-logout", Scope::provider, Methods::any, Query::secret, serve_front_channel},
};

constexpr Endpoint resource_metadata_endpoint = {"oauth-protected-resource", Scope::site, Methods::any,
                                                 Query::plain, serve_not_found};

constexpr Endpoint unknown_endpoint = {"", Scope::site, Methods::any, Query::plain, serve_not_found};

const Endpoint& find_endpoint(Scope scope, std::string_view name) {
    for (const Endpoint& endpoint : endpoints) {
        if (endpoint.scope == scope && endpoint.name == name) {
            return endpoint;
        }
    }
    return unknown_endpoint;
}

bool takes_method(const Endpoint& endpoint, const Request& request) {
    return endpoint.methods == Methods::any || is_get(request) ||
           (endpoint.methods == Methods::get_or_post && request.method == "POST");
}

} // namespace

Route find_route(std::string_view path, std::string_view oauth_path) {
    if (!path.starts_with(oauth_path)) {
        return {};
    }
    std::string_view rest = path.substr(oauth_path.size());
    if (!rest.empty() && rest.front() != '/') {
        return {};
    }
    if (rest.size() < 2) {
        return {&unknown_endpoint, {}};
    }
    rest.remove_prefix(1);
    const std::size_t slash = rest.find('/');
    if (slash == std::string_view::npos) {
        return is_endpoint_name(rest) ? Route{&find_endpoint(Scope::site, rest), {}}
                                      : Route{&find_endpoint(Scope::provider, ""), rest};
    }
    const std::string_view name = rest.substr(slash + 1);
    const Endpoint& endpoint = find_endpoint(Scope::provider, name);
    if (slash == 0 || name.empty() || &endpoint == &unknown_endpoint) {
        return {&unknown_endpoint, {}};
    }
    return {&endpoint, rest.substr(0, slash)};
}

Route resource_metadata_route() {
    return {&resource_metadata_endpoint, {}};
}

std::string login_page_path(std::string_view login_page) {
    std::string encoded; // in a path "+" is no space
    for (const char c : login_page.substr(0, login_page.find_first_of("?#"))) {
        c == '+' ? encoded.append("%2B") : encoded.append(1, c);
    }
    const std::string decoded = core::form_decode(encoded).value_or(encoded);
    std::string path;
    const auto segments = core::split(decoded, '/');
    for (const std::string_view segment : segments) {
        if (segment == "..") {
            path.erase(path.empty() ? 0 : path.rfind('/'));
        } else if (!segment.empty() && segment != ".") {
            path.append("/").append(segment);
        }
    }
    const bool is_folder = decoded.ends_with('/') || decoded.ends_with("/.") || decoded.ends_with("/..");
    return is_folder ? path + "/" : path;
}

std::string_view endpoint_name(const Route& route) {
    if (!route) {
        return "none";
    }
    if (route.endpoint == &unknown_endpoint) {
        return "not_found";
    }
    return route.endpoint->name.empty() ? "start" : route.endpoint->name;
}

bool is_endpoint_name(std::string_view name) {
    return &find_endpoint(Scope::site, name) != &unknown_endpoint;
}

bool has_secret_query(const Route& route) {
    return route && route.endpoint->query == Query::secret;
}

bool takes_body(const Site& site, const Route& route, std::string_view method) {
    const Provider* provider = route && method == "POST" ? site.find_provider(route.provider) : nullptr;
    if (provider == nullptr) {
        return false;
    }
    const std::string_view name = route.endpoint->name;
    return name == "callback" ? provider->settings().uses_form_post()
                              : name == "backchannel-logout" && provider->settings().is_openid();
}

bool begins_sign_in(const Route& route) {
    return route && (route.endpoint->serve == serve_login || route.endpoint->serve == serve_start);
}

core::Task<web::Answer> serve(Site& site, const Request& request, const Offer& offer, Visitor& visitor,
                              const Guard* page) {
    const Route route = find_route(request.path, site.options.path);
    const Endpoint& endpoint = route ? *route.endpoint : unknown_endpoint;
    if (!takes_method(endpoint, request)) {
        co_return not_allowed(site, request,
                              endpoint.methods == Methods::get ? "GET, HEAD" : "GET, HEAD, POST");
    }
    const Offer asked = asked_offer(site, request, offer);
    web::Answer answer = co_await endpoint.serve({site, request, asked, visitor, route, page});
    if (const auto link = core::find_as_typed(request.arguments, "return_to")) {
        tell_of_long_link(*link, answer);
    }
    co_return answer;
}

} // namespace oauth::flow
