// SPDX-License-Identifier: MIT
// See endpoints.hpp.
#include "endpoints.hpp"

#include "../core/url.hpp"
#include "callback.hpp"
#include "sign_in.hpp"
#include "sign_out.hpp"

namespace oauth::flow {

namespace {

constexpr std::string_view callback_suffix = "/callback";

web::Answer not_allowed(std::string_view allow) {
    web::Answer answer =
        web::json(405, R"({"error":"request_invalid","message":"This method is not allowed here."})");
    answer.headers.emplace_back("Allow", allow);
    answer.code = core::Code::request_invalid;
    return answer;
}

web::Answer not_found() {
    return web::json(404, R"({"error":"request_invalid","message":"There is nothing here."})");
}

bool is_get(const Request& request) {
    return request.method == "GET" || request.method == "HEAD";
}

std::string return_to_parameter(const Request& request) {
    const auto parameters = core::Parameters::parse(request.arguments);
    const auto value = parameters ? parameters->find("return_to") : std::nullopt;
    return value ? local_return_to(*value, request.base_url) : "/";
}

std::vector<web::Choice> choices(const Site& site, const Request& request, const Offer& offer,
                                 const std::string& return_to) {
    std::vector<web::Choice> all;
    for (const Provider* provider : offer) {
        const providers::Settings& settings = provider->settings();
        std::string url = request.base_url + site.options.path + "/" + settings.name;
        if (return_to != "/") {
            core::append_parameter(url, "return_to", return_to);
        }
        all.push_back({settings.name, settings.label, std::move(url)});
    }
    return all;
}

core::Task<web::Answer> login(Site& site, const Request& request, const Offer& offer) {
    std::string return_to = return_to_parameter(request);
    if (offer.size() == 1) {
        co_return co_await sign_in(site, request, *offer.front(), std::move(return_to));
    }
    if (!site.options.login_page.empty()) {
        std::string url = request.base_url + site.options.login_page;
        core::append_parameter(url, "return_to", return_to);
        co_return web::redirect(302, std::move(url));
    }
    co_return web::sign_in_page(choices(site, request, offer, return_to), audience(site, request, return_to));
}

Provider* find_offered(const Offer& offer, std::string_view name) {
    for (Provider* provider : offer) {
        if (provider->settings().name == name) {
            return provider;
        }
    }
    return nullptr;
}

web::Answer jwks(const Site& site) {
    web::Answer answer = web::json(200, site.identity_keys.jwks());
    answer.cache_control = "public, max-age=300";
    return answer;
}

core::Task<web::Answer> serve_callback(Site& site, const Request& request, Provider& provider,
                                       session::OpenedSessionPointer current) {
    const std::string_view method = provider.settings().uses_form_post() ? "POST" : "GET";
    if (request.method != method) {
        co_return not_allowed(method);
    }
    // CB-23, CB-21: what may be asked for twice must not use the sign-in up.
    if (is_prefetch(request)) {
        co_return web::failure({core::Code::request_invalid, "the callback was prefetched"},
                               audience(site, request, "/"));
    }
    if (request.early_data == "1") {
        web::Answer answer =
            web::failure({core::Code::request_invalid, "early data"}, audience(site, request, "/"));
        answer.status = 425;
        co_return answer;
    }
    co_return co_await callback(site, request, provider, std::move(current));
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
        return {Endpoint::not_found, {}};
    }
    rest.remove_prefix(1);
    if (rest == "login") {
        return {Endpoint::login, {}};
    }
    if (rest == "logout") {
        return {Endpoint::logout, {}};
    }
    if (rest == "userinfo") {
        return {Endpoint::userinfo, {}};
    }
    if (rest == "providers") {
        return {Endpoint::providers, {}};
    }
    if (rest == "jwks.json") {
        return {Endpoint::jwks, {}};
    }
    Endpoint endpoint = Endpoint::start;
    if (rest.ends_with(callback_suffix)) {
        endpoint = Endpoint::callback;
        rest.remove_suffix(callback_suffix.size());
    }
    if (rest.empty() || rest.find('/') != std::string_view::npos) {
        return {Endpoint::not_found, {}};
    }
    return {endpoint, rest};
}

bool takes_body(const Site& site, const Route& route, std::string_view method) {
    if (route.endpoint != Endpoint::callback || method != "POST") {
        return false;
    }
    const Provider* provider = site.find_provider(route.provider);
    return provider != nullptr && provider->settings().uses_form_post();
}

core::Task<web::Answer> serve(Site& site, const Request& request, const Offer& offer,
                              session::OpenedSessionPointer current) {
    const Route route = find_route(request.path, site.options.path);
    if (route.endpoint == Endpoint::callback) {
        Provider* provider = site.find_provider(route.provider);
        if (provider == nullptr) {
            co_return not_found();
        }
        co_return co_await serve_callback(site, request, *provider, std::move(current));
    }
    if (route.endpoint == Endpoint::logout) {
        if (!is_get(request) && request.method != "POST") {
            co_return not_allowed("GET, HEAD, POST");
        }
        if (request.method == "HEAD" || is_prefetch(request)) {
            co_return web::redirect(302, request.base_url + "/");
        }
        co_return co_await sign_out(site, request, std::move(current));
    }
    if (!is_get(request)) {
        co_return not_allowed("GET, HEAD");
    }
    switch (route.endpoint) {
    case Endpoint::login:
        co_return co_await login(site, request, offer);
    case Endpoint::start: {
        Provider* provider = find_offered(offer, route.provider);
        if (provider == nullptr) {
            co_return not_found();
        }
        co_return co_await sign_in(site, request, *provider, return_to_parameter(request));
    }
    case Endpoint::userinfo:
        if (!current) {
            co_return web::unauthenticated(request.base_url, audience(site, request, "/"));
        }
        co_return web::json(200, identity::describe(current->session));
    case Endpoint::providers:
        co_return web::providers_json(choices(site, request, offer, "/"));
    case Endpoint::jwks:
        co_return jwks(site);
    default:
        co_return not_found();
    }
}

core::Task<web::Answer> challenge(Site& site, const Request& request, const Offer& offer,
                                  Unauthenticated how) {
    const bool page =
        how == Unauthenticated::redirect || (how == Unauthenticated::automatic && is_page_load(request));
    if (!page) {
        co_return web::unauthenticated(request.base_url, audience(site, request, "/"));
    }
    std::string return_to = is_get(request) ? local_return_to(request.target, request.base_url) : "/";
    web::Answer answer;
    if (offer.size() == 1) {
        answer = co_await sign_in(site, request, *offer.front(), std::move(return_to));
    } else {
        answer = web::redirect(302, login_url(site.options, request.base_url, return_to));
    }
    if (answer.status == 302) {
        answer.code = core::Code::login_required;
        if (!is_get(request)) {
            answer.status = 303;
        }
    }
    co_return answer;
}

web::Answer refuse(const Site& site, const Request& request, const session::Session& session,
                   const policy::Verdict& verdict, std::string reason) {
    const std::string return_to = local_return_to(request.target, request.base_url);
    web::Audience to = audience(site, request, return_to);
    to.account = session.identity.user + " (" + session.identity.provider + ")";
    if (!to.prefers_json) {
        // Without return_to: providers know one address to come back to after signing out, the site's root.
        to.login_url = request.base_url + site.options.path + "/logout";
    }
    const core::Code code =
        verdict.email_unverified ? core::Code::email_unverified : core::Code::policy_denied;
    return web::failure({code, std::move(reason)}, to);
}

} // namespace oauth::flow
