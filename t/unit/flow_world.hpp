// SPDX-License-Identifier: MIT
// Shared by the tests of the flows: a site with two OpenID providers, whose answers a test can change, and
// one browser with its cookies. Nothing here waits: the network answers when the flow is run. The World owns
// everything.
#pragma once

#include "../../src/core/bytes.hpp"
#include "../../src/core/url.hpp"
#include "../../src/flow/endpoints.hpp"
#include "../../src/flow/admission.hpp"
#include "../../src/flow/sign_in.hpp"
#include "../../src/session/cookie_store.hpp"
#include "../../src/session/sign_in.hpp"
#include "late_store.hpp"
#include "tokens.hpp"

#include <deque>
#include <functional>
#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fakes.hpp"

namespace oauth::unit {

using tokens::Object;
using tokens::quote;

inline constexpr std::int64_t start_of_time = 1760000000;
inline const std::string app = "https://app.example";
inline const std::string issuer = "https://op.example";

inline const tokens::Key& provider_key() {
    static const tokens::Key key = tokens::Key::ec("k1", "P-256");
    return key;
}

inline Object metadata_document() {
    return {{"issuer", quote(issuer)},
            {"authorization_endpoint", quote(issuer + "/authorize?tenant=x")},
            {"token_endpoint", quote(issuer + "/token")},
            {"userinfo_endpoint", quote(issuer + "/userinfo")},
            {"jwks_uri", quote(issuer + "/jwks")},
            {"end_session_endpoint", quote(issuer + "/end")},
            {"id_token_signing_alg_values_supported", "[\"ES256\"]"}};
}

inline providers::Settings openid_settings(std::string name, std::string of_issuer) {
    providers::Settings settings = providers::make_settings(*providers::find_type("oidc"), std::move(name));
    settings.client_id = "client";
    settings.client_secret = "secret";
    settings.issuer = std::move(of_issuer);
    return settings;
}

// The provider's answers, by the end of the URL. A test replaces an answer or a part of one.
struct FakeProvider {
    Object metadata = metadata_document();
    Object claims = {{"iss", quote(issuer)},
                     {"aud", "\"client\""},
                     {"sub", "\"user-1\""},
                     {"iat", std::to_string(start_of_time)},
                     {"exp", std::to_string(start_of_time + 300)}};
    Object token = {{"access_token", "\"access-1\""}, {"token_type", "\"Bearer\""}};
    Object userinfo = {{"sub", "\"user-1\""}, {"email", "\"ann@example.org\""}, {"email_verified", "true"}};
    std::map<std::string, net::HttpResult> instead;
    const tokens::Key* signing_key = nullptr; // an ES256 one; null: provider_key()
    bool gives_id_token = true;

    net::HttpResult answer(const net::HttpRequest& request) const {
        for (const auto& [end, result] : instead) {
            if (request.url.ends_with(end)) {
                return result;
            }
        }
        if (request.url.ends_with("/openid-configuration")) {
            return json_response(metadata.text());
        }
        if (request.url.ends_with("/token")) {
            if (!gives_id_token) {
                return json_response(token.text());
            }
            const tokens::Key& key = signing_key != nullptr ? *signing_key : provider_key();
            const std::string id_token = tokens::sign(key, "ES256", claims.text());
            return json_response(token.with("id_token", quote(id_token)).text());
        }
        if (request.url.ends_with("/jwks")) {
            return json_response(tokens::jwk_set({provider_key().jwk()}));
        }
        return json_response(userinfo.text());
    }
};

class World {
public:
    World() { site.providers = {&provider, &other}; }
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    FakeClock clock{start_of_time};
    FakeRandom random;
    FakeLedger ledger;
    FakeHttp http;
    FakeProvider op;
    bool attended = false; // somebody waits, so the process stays
    core::ReadyQueue ready{[] {},
                           [this](core::ReadyQueue::Waiting waiting) {
                               attended = waiting == core::ReadyQueue::Waiting::somebody;
                           }};
    std::int64_t passed = 0; // milliseconds, for timers
    core::Timers timers{ready, [this] { return passed; }, [](std::optional<std::int64_t>) {}};
    int faults_in_background = 0;
    flow::Background background{64, [this](const std::exception_ptr&) { ++faults_in_background; }};
    flow::Turns turns{flow::TurnLimits::for_connections(64)};
    session::SessionCache sessions{7, 16};
    flow::Requirements requirements;
    policy::Needs& needs = requirements.needs;
    flow::SiteOptions options = make_options(requirements);
    providers::Settings settings = openid_settings("op", issuer);
    providers::Settings other_settings = openid_settings("other", "https://other.example");
    std::vector<std::string> reported;
    flow::Provider provider{settings, ready, clock,
                            [this](const std::string& text) { reported.push_back(text); }};
    flow::Provider other{other_settings, ready, clock};
    flow::Site site{options, clock, random,       ledger,          http, ready,           timers, background,
                    turns,   {},    make_store(), sealer("login"), {},   sealer("logout")};
    std::map<std::string, std::string> jar; // the browser's cookies, by name
    // Nothing is left but the name of the provider that was used last.
    bool jar_is_cleared() const {
        return std::all_of(jar.begin(), jar.end(),
                           [](const auto& cookie) { return cookie.first.ends_with("_last"); });
    }
    std::deque<std::string> sent_cookies; // what visitors refer to
    std::deque<std::vector<std::string_view>> sent_sessions;
    LateStore* late_store = nullptr; // the site's, where it has been made late

    flow::Request request(std::string method, std::string path, std::string arguments = "") const {
        flow::Request request;
        request.method = std::move(method);
        request.path = path;
        request.target = arguments.empty() ? path : path + "?" + arguments;
        request.arguments = std::move(arguments);
        request.base_url = app;
        request.id = "req-1";
        request.accept = "text/html";
        request.cookies.assign(jar.begin(), jar.end());
        return request;
    }

    web::Answer run(core::Task<web::Answer> task) {
        std::optional<web::Answer> answer;
        {
            core::Flow<web::Answer> flow(std::move(task),
                                         [&answer](std::optional<web::Answer> value, std::exception_ptr) {
                                             answer = std::move(value);
                                         });
            flow.start();
            while (!answer && turn()) {
            }
        }
        assert_true(answer.has_value());
        keep_cookies(*answer);
        return std::move(*answer);
    }

    // One turn of the event loop; false if there was nothing to do.
    bool turn() {
        ready.run();
        if (late_store != nullptr && late_store->answer()) {
            return true;
        }
        if (http.pending() == 0) {
            return false;
        }
        http.answer(op.answer(http.oldest()));
        return true;
    }

    web::Answer serve(const flow::Request& request) { return serve(request, site.providers); }
    web::Answer serve(const flow::Request& request, const flow::Offer& offer) {
        flow::Visitor browser = visitor();
        return run(flow::serve(site, request, offer, browser));
    }

    // The store answers when the test has it answer, or at the next turn.
    LateStore& make_store_late() {
        auto late = std::make_unique<LateStore>(std::move(site.store), ready);
        late_store = late.get();
        site.store = std::move(late);
        return *late_store;
    }

    // Starts a sign-in. Gives the parameters for the provider, and tells the provider the nonce.
    core::Parameters begin(const std::string& return_to = "/page") {
        const web::Answer answer =
            run(flow::sign_in(site, request("GET", "/auth/oauth/op"), provider, site.providers, return_to));
        assert_int_equal(answer.status, 302);
        auto parameters = query_of(location(answer));
        op.claims = op.claims.with("nonce", quote(parameters.find("nonce").value_or("none")));
        return parameters;
    }

    flow::Request callback_request(std::string_view state_parameter,
                                   const std::string& rest = "&code=code-1") const {
        return request("GET", "/auth/oauth/op/callback", "state=" + std::string(state_parameter) + rest);
    }

    web::Answer sign_in_as(const std::string& subject) {
        op.claims = op.claims.with("sub", quote(subject));
        op.userinfo = op.userinfo.with("sub", quote(subject));
        const auto parameters = begin();
        const std::string state_parameter(*parameters.find("state"));
        return serve(callback_request(state_parameter));
    }

    // The browser, with the session cookie that it has now.
    flow::Visitor visitor() { return visitor_with(session_cookies()); }
    // A browser with several cookies of the session's name.
    flow::Visitor visitor_with(const std::vector<std::string>& values) {
        auto& sent = sent_sessions.emplace_back();
        for (const std::string& value : values) {
            sent.push_back(sent_cookies.emplace_back(value));
        }
        return flow::Visitor(site, sent, app);
    }
    // The session that a cookie is of; null: none.
    session::OpenedSessionPointer open(const std::string& cookie, const std::string& base_url = app) {
        const std::string_view sent[] = {cookie};
        flow::Visitor visitor(site, sent, base_url);
        assert_true(visitor.is_known());
        return visitor.session();
    }
    session::OpenedSessionPointer current() {
        const auto cookies = session_cookies();
        return cookies.empty() ? nullptr : open(cookies.front());
    }
    // The ID token of the session that the browser has, which stays sealed for all others.
    std::string id_token() {
        session::OpenedSession copy = *current();
        site.store->read_id_token(copy);
        return copy.session.id_token;
    }
    // Put together from their parts.
    std::vector<std::string> session_cookies() const {
        const std::vector<session::CookieView> views(jar.begin(), jar.end());
        return session::session_values(views, session_name());
    }

    std::string session_name() const { return session::cookie_name(options.cookie, app); }
    std::string sign_in_name(std::string_view state_parameter) const {
        return session::sign_in_cookie_name(session_name(), *session::sign_in_id(state_parameter));
    }

    static std::string header(const web::Answer& answer, std::string_view name) {
        for (const auto& [header_name, value] : answer.headers) {
            if (header_name == name) {
                return value;
            }
        }
        return "";
    }
    static std::string location(const web::Answer& answer) { return header(answer, "Location"); }

    static core::Parameters query_of(const std::string& url) {
        const std::size_t question = url.find('?');
        auto parameters =
            core::Parameters::parse(question == std::string::npos ? "" : url.substr(question + 1));
        assert_true(parameters.has_value());
        return std::move(*parameters);
    }

    // The whole Set-Cookie value for that name; empty if there is none.
    static std::string cookie_set(const web::Answer& answer, const std::string& name) {
        for (const std::string& cookie : answer.set_cookies) {
            if (cookie.starts_with(name + "=")) {
                return cookie;
            }
        }
        return "";
    }

    static bool sets_session(const web::Answer& answer, const std::string& name) {
        for (const std::string& cookie : answer.set_cookies) {
            const bool is_session = cookie.starts_with(name + "=") || cookie.starts_with(name + ".");
            if (is_session && cookie.find("; Max-Age=0;") == std::string::npos) {
                return true;
            }
        }
        return false;
    }

    void keep_cookies(const web::Answer& answer) {
        for (const std::string& cookie : answer.set_cookies) {
            const std::size_t equals = cookie.find('=');
            const std::string name = cookie.substr(0, equals);
            if (cookie.find("; Max-Age=0;") != std::string::npos) {
                jar.erase(name);
            } else {
                jar[name] = cookie.substr(equals + 1, cookie.find(';') - equals - 1);
            }
        }
    }

private:
    static flow::SiteOptions make_options(const flow::Requirements& requirements) {
        flow::SiteOptions options;
        options.requirements = &requirements;
        return options;
    }
    std::unique_ptr<session::Store> make_store() {
        const session::CookieStore::Parts parts{options.cookie, clock,    random,
                                                ledger,         sessions, options.session_lifetime};
        return std::make_unique<session::CookieStore>(parts, sealer("session"));
    }
    static session::Sealer sealer(std::string_view purpose) {
        auto sealer = session::Sealer::create({"a secret that seals cookies in tests"}, purpose);
        assert_true(sealer.has_value());
        return std::move(*sealer);
    }
};

// Asserts code and status, and that the page or JSON is never cached.
inline void check_failure(const web::Answer& answer, std::string_view code, int status, const char* file,
                          int line) {
    const std::string_view actual =
        answer.code ? core::code_name(*answer.code) : std::string_view("no failure");
    if (actual != code || answer.status != status || answer.cache_control != "no-store") {
        print_error("%.*s, status %d, log: %s\n", static_cast<int>(actual.size()), actual.data(),
                    answer.status, answer.log.c_str());
        _fail(file, line);
    }
}

} // namespace oauth::unit

#define assert_failure(answer, code, status)                                                                 \
    oauth::unit::check_failure(answer, code, status, __FILE__, __LINE__)
