// SPDX-License-Identifier: MIT
// The endpoints: exact paths (CB-17), methods, what may be asked for ahead of time or twice (CB-21, CB-23),
// providers on offer (MX-06), and what a request without a session, or with one that no rule lets in, gets
// (AR-12, AR-13).
#include "../../src/flow/endpoints.hpp"
#include "flow_world.hpp"

using namespace oauth;
using flow::Unauthenticated;
using unit::app;
using unit::World;

namespace {

struct RouteCase {
    const char* path;
    const char* endpoint;
    const char* provider;
};

void cb_17_routes_are_exact(void**) {
    const RouteCase cases[] = {
        {"/auth/oauth/login", "login", ""},
        {"/auth/oauth/logout", "logout", ""},
        {"/auth/oauth/signed-out", "signed-out", ""},
        {"/auth/oauth/userinfo", "userinfo", ""},
        {"/auth/oauth/providers", "providers", ""},
        {"/auth/oauth/jwks.json", "jwks.json", ""},
        {"/auth/oauth/auth", "auth", ""},
        {"/auth/oauth/op", "start", "op"},
        {"/auth/oauth/op/callback", "callback", "op"},
        {"/auth/oauth/callback", "start", "callback"},
        {"/auth/oauth/op/callback/", "not_found", ""},
        {"/auth/oauth/op/callback/x", "not_found", ""},
        {"/auth/oauth/op/Callback", "not_found", ""},
        {"/auth/oauth/op/x/callback", "not_found", ""},
        {"/auth/oauth/op/callback%2e", "not_found", ""},
        {"/auth/oauth/op/", "not_found", ""},
        {"/auth/oauth//callback", "not_found", ""},
        {"/auth/oauth//op", "not_found", ""},
        {"/auth/oauth/login/", "not_found", ""},
        {"/auth/oauth/op/backchannel-logout", "backchannel-logout", "op"},
        {"/auth/oauth/", "not_found", ""},
        {"/auth/oauth", "not_found", ""},
        {"/auth/oauth2", "none", ""},
        {"/auth/oauthlogin", "none", ""},
        {"/Auth/oauth/login", "none", ""},
        {"/x/auth/oauth/login", "none", ""},
        {"/auth", "none", ""},
        {"/", "none", ""},
        {"", "none", ""},
    };
    for (const RouteCase& each : cases) {
        const flow::Route route = flow::find_route(each.path, "/auth/oauth");
        if (flow::endpoint_name(route) != each.endpoint || route.provider != each.provider) {
            fail_msg("%s: %s %s", each.path, std::string(flow::endpoint_name(route)).c_str(),
                     std::string(route.provider).c_str());
        }
    }
}

void methods(void**) {
    World world;
    for (const char* path : {"login", "op", "signed-out", "userinfo", "providers", "jwks.json"}) {
        for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PROPFIND"}) {
            const web::Answer answer = world.serve(world.request(method, std::string("/auth/oauth/") + path));
            assert_int_equal(answer.status, 405);
            assert_text_equal(World::header(answer, "Allow"), "GET, HEAD");
            assert_text_equal(answer.cache_control, "no-store");
        }
    }
    const web::Answer logout = world.serve(world.request("PUT", "/auth/oauth/logout"));
    assert_int_equal(logout.status, 405);
    assert_text_equal(World::header(logout, "Allow"), "GET, HEAD, POST");
    for (const char* method : {"POST", "HEAD", "PUT"}) {
        const web::Answer callback = world.serve(world.request(method, "/auth/oauth/op/callback", "state=x"));
        assert_int_equal(callback.status, 405);
        assert_text_equal(World::header(callback, "Allow"), "GET");
    }
    assert_int_equal(world.http.sent.size(), 0);
}

void unknown_paths_and_providers_are_not_found(void**) {
    World world;
    for (const char* path :
         {"/auth/oauth/", "/auth/oauth/nobody", "/auth/oauth/nobody/callback", "/auth/oauth/op/x"}) {
        const web::Answer answer = world.serve(world.request("GET", path, "state=x"));
        assert_int_equal(answer.status, 404);
        assert_text_equal(answer.cache_control, "no-store");
    }
    assert_int_equal(world.http.sent.size(), 0);
}

void mx_06_only_providers_on_offer_start(void**) {
    World world;
    const flow::Offer only_op = {&world.provider};
    const web::Answer other = world.serve(world.request("GET", "/auth/oauth/other"), only_op);
    assert_int_equal(other.status, 404);
    assert_int_equal(world.http.sent.size(), 0);
    const web::Answer op = world.serve(world.request("GET", "/auth/oauth/op"), only_op);
    assert_int_equal(op.status, 302);
}

void one_provider_needs_no_page(void**) {
    World world;
    const flow::Offer only_op = {&world.provider};
    const flow::Request request = world.request("GET", "/auth/oauth/login", "return_to=%2Fx");
    const web::Answer answer = world.serve(request, only_op);
    assert_int_equal(answer.status, 302);
    assert_true(World::location(answer).starts_with("https://op.example/authorize"));
}

void several_providers_are_offered(void**) {
    World world;
    world.other_settings.label = "Other & Co";
    const web::Answer page = world.serve(world.request("GET", "/auth/oauth/login", "return_to=%2Fx%3Fy"));
    assert_int_equal(page.status, 200);
    assert_true(page.body.find("href=\"https://app.example/auth/oauth/op?return_to=%2Fx%3Fy\"") !=
                std::string::npos);
    assert_true(page.body.find("Sign in with <bdi>Other &amp; Co</bdi>") != std::string::npos);
    assert_true(page.set_cookies.empty());
    const web::Answer evil =
        world.serve(world.request("GET", "/auth/oauth/login", "return_to=https%3A%2F%2Fevil.example"));
    assert_true(evil.body.find("evil") == std::string::npos);
    world.options.login_page = "/welcome";
    const web::Answer own = world.serve(world.request("GET", "/auth/oauth/login", "return_to=%2Fx%3Fy"));
    assert_text_equal(World::location(own), app + "/welcome?return_to=%2Fx%3Fy");
}

void cs_07_each_page_has_a_nonce_of_its_own(void**) {
    World world;
    const auto nonce = [&] {
        const web::Answer page = world.serve(world.request("GET", "/auth/oauth/login"));
        const std::string begin = "<script nonce=\"";
        const std::size_t at = page.body.find(begin);
        return at == std::string::npos ? "" : page.body.substr(at + begin.size(), 22);
    };
    const std::string first = nonce();
    const std::string second = nonce();
    assert_int_equal(first.size(), 22); // 128 bits
    assert_true(first != second && first != std::string(22, 'A'));
    world.random.fail_draw(0); // without one the page is whole, and has no script
    assert_text_equal(nonce(), "");
}

void providers_as_json(void**) {
    World world;
    const web::Answer answer = world.serve(world.request("GET", "/auth/oauth/providers", "return_to=%2Fx"));
    assert_int_equal(answer.status, 200);
    assert_text_equal(
        answer.body,
        R"([{"name":"op","label":"Single sign-on","url":"https://app.example/auth/oauth/op"},)"
        R"({"name":"other","label":"Single sign-on","url":"https://app.example/auth/oauth/other"}])");
    assert_text_equal(answer.cache_control, "no-store");
}

void the_keys_may_be_cached(void**) {
    World world;
    world.site.identity_keys.add(*jose::SigningKey::generate_es256());
    const web::Answer answer = world.serve(world.request("GET", "/auth/oauth/jwks.json"));
    assert_int_equal(answer.status, 200);
    assert_text_equal(answer.cache_control, "public, max-age=300");
    assert_true(answer.set_cookies.empty());
    assert_true(jose::JwkSet::parse(answer.body)->has_kid(world.site.identity_keys.signing().kid()));
}

void cs_10_userinfo(void**) {
    World world;
    const web::Answer stranger = world.serve(world.request("GET", "/auth/oauth/userinfo"));
    assert_failure(stranger, "login_required", 401);
    assert_true(World::header(stranger, "WWW-Authenticate").starts_with("Bearer "));
    world.sign_in_as("user-1");
    const web::Answer answer = world.serve(world.request("GET", "/auth/oauth/userinfo"));
    assert_int_equal(answer.status, 200);
    assert_text_equal(answer.content_type, "application/json");
    assert_text_equal(answer.cache_control, "no-store");
    const auto json = core::Json::parse(answer.body);
    assert_true(json.has_value());
    assert_text_equal(json->root().get("sub").as_string().value_or(""), "op|user-1");
}

void cb_23_what_is_asked_for_ahead_uses_nothing_up(void**) {
    World world;
    const auto asked = world.begin();
    flow::Request request = world.callback_request(*asked.find("state"));
    const std::size_t sent = world.http.sent.size();
    flow::Request prefetch = request;
    prefetch.sec_purpose = "prefetch";
    assert_failure(world.serve(prefetch), "request_invalid", 400);
    flow::Request early = request; // CB-21
    early.early_data = "1";
    assert_failure(world.serve(early), "request_invalid", 425);
    flow::Request head = request;
    head.method = "HEAD";
    assert_int_equal(world.serve(head).status, 405);
    assert_int_equal(world.http.sent.size(), sent);
    assert_true(world.ledger.used.empty());
    assert_int_equal(world.serve(request).status, 302);
    assert_non_null(world.current().get());
}

void what_is_asked_for_ahead_starts_nothing(void**) {
    World world;
    for (const char* path : {"/auth/oauth/op", "/auth/oauth/login"}) {
        flow::Request ahead = world.request("GET", path);
        ahead.sec_purpose = "prefetch";
        const web::Answer answer = world.serve(ahead, {&world.provider});
        assert_failure(answer, "request_invalid", 400);
        assert_true(answer.set_cookies.empty());
    }
    flow::Request page = world.request("GET", "/a");
    page.sec_purpose = "prefetch;prerender";
    for (const auto how : {Unauthenticated::automatic, Unauthenticated::redirect}) {
        const web::Answer answer = world.run(flow::challenge(world.site, page, {&world.provider}, how));
        assert_failure(answer, "login_required", 401);
        assert_text_equal(World::location(answer), "");
        assert_true(answer.set_cookies.empty());
    }
    assert_int_equal(world.http.sent.size(), 0);
    assert_true(world.jar.empty());
}

void bodies_are_read_for_a_posted_callback_only(void**) {
    World world;
    world.other_settings.response_mode = "form_post";
    const auto takes = [&world](const char* path, const char* method) {
        return flow::takes_body(world.site, flow::find_route(path, "/auth/oauth"), method);
    };
    assert_true(takes("/auth/oauth/other/callback", "POST"));
    assert_false(takes("/auth/oauth/other/callback", "GET"));
    assert_false(takes("/auth/oauth/op/callback", "POST"));
    assert_false(takes("/auth/oauth/nobody/callback", "POST"));
    assert_false(takes("/auth/oauth/other", "POST"));
    assert_false(takes("/auth/oauth/logout", "POST"));
}

web::Answer challenge(World& world, const flow::Request& request,
                      Unauthenticated how = Unauthenticated::automatic,
                      bool several = true) { // NOLINT: one provider or several
    flow::Offer offer = {&world.provider};
    if (several) {
        offer.push_back(&world.other);
    }
    return world.run(flow::challenge(world.site, request, offer, how));
}

void a_page_load_is_sent_to_sign_in(void**) {
    World world;
    const web::Answer several = challenge(world, world.request("GET", "/a", "b=c"));
    assert_int_equal(several.status, 302);
    assert_text_equal(World::location(several), app + "/auth/oauth/login?return_to=%2Fa%3Fb%3Dc");
    assert_true(several.code == core::Code::login_required);
    assert_text_equal(several.cache_control, "no-store");
    assert_true(several.set_cookies.empty()); // SC-19
    const web::Answer one = challenge(world, world.request("GET", "/a"), Unauthenticated::automatic, false);
    assert_int_equal(one.status, 302);
    assert_true(World::location(one).starts_with("https://op.example/authorize"));
    assert_true(one.code == core::Code::login_required);
    assert_int_equal(one.set_cookies.size(), 1);
}

void ar_13_a_program_gets_401_and_no_cookie(void**) {
    World world;
    flow::Request fetch = world.request("GET", "/a");
    fetch.sec_fetch_mode = "cors";
    flow::Request upgrade = world.request("GET", "/a");
    upgrade.upgrade = true;
    flow::Request post = world.request("POST", "/a");
    post.accept = "*/*";
    flow::Request scripted = world.request("POST", "/a");
    scripted.requested_with = "XMLHttpRequest";
    for (const flow::Request& request : {fetch, upgrade, post, scripted, world.request("OPTIONS", "/a")}) {
        const web::Answer answer = challenge(world, request, Unauthenticated::automatic, false);
        assert_failure(answer, "login_required", 401);
        assert_text_equal(answer.content_type, "application/json");
        assert_text_equal(World::location(answer), "");
        assert_true(answer.set_cookies.empty());
        assert_true(answer.body.find("\"login_url\":\"https://app.example/auth/oauth/login\"") !=
                    std::string::npos);
    }
    assert_int_equal(world.http.sent.size(), 0);
}

void the_operator_chooses(void**) {
    World world;
    const web::Answer refused = challenge(world, world.request("GET", "/a"), Unauthenticated::status_401);
    assert_failure(refused, "login_required", 401);
    flow::Request fetch = world.request("GET", "/a");
    fetch.sec_fetch_mode = "cors";
    assert_int_equal(challenge(world, fetch, Unauthenticated::redirect).status, 302);
}

void ar_12_a_body_is_not_sent_to_the_provider(void**) {
    World world;
    for (const bool several : {true, false}) {
        const web::Answer answer =
            challenge(world, world.request("POST", "/form"), Unauthenticated::redirect, several);
        assert_int_equal(answer.status, 303);
        assert_true(World::location(answer).find("form") == std::string::npos); // nor come back to by GET
    }
}

void a_provider_that_is_down_is_no_redirect(void**) {
    World world;
    world.op.instead.emplace("/openid-configuration", unit::unreachable());
    const web::Answer answer =
        challenge(world, world.request("GET", "/a"), Unauthenticated::automatic, false);
    assert_failure(answer, "provider_unreachable", 502);
}

// Where the session's cookie is never sent, a sign-in would lead back to the same question for ever.
void a_page_that_the_cookie_does_not_reach_starts_no_sign_in(void**) {
    World world;
    world.options.cookie.path = "/app";
    for (const char* path : {"/", "/other/page", "/apple"}) {
        const web::Answer answer =
            challenge(world, world.request("GET", path), Unauthenticated::automatic, false);
        assert_failure(answer, "login_required", 401);
        assert_true(answer.set_cookies.empty());
        assert_true(answer.log.find("oauth_cookie path=/app") != std::string::npos);
        assert_true(answer.log_level == web::LogLevel::error);
    }
    for (const char* path : {"/app", "/app/page"}) {
        assert_int_equal(
            challenge(world, world.request("GET", path), Unauthenticated::automatic, false).status, 302);
    }
}

void a_sign_in_page_that_is_protected_is_no_loop(void**) {
    World world;
    world.options.login_page = "/sign%2Din//a+b.html?theme=1";
    const auto page = world.request("GET", "/sign-in/a+b.html");
    const web::Answer answer = challenge(world, page, Unauthenticated::automatic);
    assert_failure(answer, "login_required", 401);
    assert_true(answer.log.find("\"oauth off\"") != std::string::npos);
    assert_true(answer.log_level == web::LogLevel::error);
    assert_text_equal(World::header(answer, "WWW-Authenticate"), "Bearer realm=\"https://app.example\"");
    assert_text_equal(World::location(answer), "");
    assert_int_equal(challenge(world, page, Unauthenticated::automatic, false).status,
                     302); // no choice: no page
    assert_int_equal(
        challenge(world, world.request("GET", "/sign-in/a+b"), Unauthenticated::automatic).status, 302);
}

void the_path_of_a_sign_in_page(void**) {
    const std::pair<const char*, const char*> rows[] = {
        {"/signin.html", "/signin.html"},
        {"/a/?b=/c", "/a/"},
        {"/a//b/./c/../d", "/a/b/d"},
        {"/%61%2fb", "/a/b"},
        {"/../x", "/x"},
        {"/", "/"},
        {"/a/..", "/"},
        {"/100%", "/100%"},
        {"/a+b", "/a+b"},
    };
    for (const auto& [page, path] : rows) {
        assert_text_equal(flow::login_page_path(page), path);
    }
}

void a_posted_form_gets_a_page(void**) {
    World world;
    flow::Request form = world.request("POST", "/a");
    form.accept = "text/html,*/*;q=0.8";
    struct {
        const char* referer;
        const char* link;
    } const rows[] = {{"https://app.example/form?x=1", "/auth/oauth/login?return_to=%2Fform%3Fx%3D1\""},
                      {"https://evil.example/form", "/auth/oauth/login\""},
                      {"", "/auth/oauth/login\""}};
    for (const auto& row : rows) {
        form.referer = row.referer;
        const web::Answer answer = challenge(world, form, Unauthenticated::automatic, false);
        assert_failure(answer, "login_required", 401);
        assert_text_equal(answer.content_type, "text/html; charset=utf-8");
        assert_text_equal(World::header(answer, "WWW-Authenticate"), "Bearer realm=\"https://app.example\"");
        assert_true(answer.body.find(row.link) != std::string::npos);
        assert_true(answer.body.find("evil") == std::string::npos);
        assert_true(answer.set_cookies.empty());
    }
    form.content_type = "application/grpc+proto";
    assert_text_equal(World::header(challenge(world, form, Unauthenticated::automatic, false), "grpc-status"),
                      "16");
}

void a_refusal_says_who_and_offers_another(void**) {
    World world;
    world.sign_in_as("user-1");
    const auto session = world.current();
    flow::Admission denied;
    denied.standing = flow::Standing::denied;
    denied.session = session;
    denied.identity = {session, &session->session.identity};
    flow::Request request = world.request("GET", "/admin/", "x=1");
    const web::Answer page = flow::refuse(world.site, request, world.site.providers, denied, "no rule");
    assert_failure(page, "policy_denied", 403);
    assert_true(page.body.find("ann@example.org (Single sign-on)") != std::string::npos);
    assert_true(page.body.find("href=\"https://app.example/auth/oauth/op?account=other&amp;confirm=") !=
                std::string::npos);
    assert_true(page.body.find("return_to=%2Fadmin%2F%3Fx%3D1") != std::string::npos);
    assert_true(page.body.find("no rule") == std::string::npos);
    assert_text_equal(page.log, "policy_denied: no rule, reference req-1");
    assert_true(page.set_cookies.empty());
    denied.verdict.email_unverified = true;
    assert_failure(flow::refuse(world.site, request, world.site.providers, denied, ""), "email_unverified",
                   403);
    denied.verdict = {};
    request.accept = "application/json";
    const web::Answer json = flow::refuse(world.site, request, world.site.providers, denied, "");
    assert_text_equal(json.content_type, "application/json");
    assert_true(json.body.find("login?return_to=%2Fadmin%2F%3Fx%3D1") != std::string::npos);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(cb_17_routes_are_exact),
        cmocka_unit_test(methods),
        cmocka_unit_test(unknown_paths_and_providers_are_not_found),
        cmocka_unit_test(mx_06_only_providers_on_offer_start),
        cmocka_unit_test(one_provider_needs_no_page),
        cmocka_unit_test(several_providers_are_offered),
        cmocka_unit_test(cs_07_each_page_has_a_nonce_of_its_own),
        cmocka_unit_test(providers_as_json),
        cmocka_unit_test(the_keys_may_be_cached),
        cmocka_unit_test(cs_10_userinfo),
        cmocka_unit_test(cb_23_what_is_asked_for_ahead_uses_nothing_up),
        cmocka_unit_test(what_is_asked_for_ahead_starts_nothing),
        cmocka_unit_test(bodies_are_read_for_a_posted_callback_only),
        cmocka_unit_test(a_page_load_is_sent_to_sign_in),
        cmocka_unit_test(ar_13_a_program_gets_401_and_no_cookie),
        cmocka_unit_test(the_operator_chooses),
        cmocka_unit_test(ar_12_a_body_is_not_sent_to_the_provider),
        cmocka_unit_test(a_provider_that_is_down_is_no_redirect),
        cmocka_unit_test(a_page_that_the_cookie_does_not_reach_starts_no_sign_in),
        cmocka_unit_test(a_sign_in_page_that_is_protected_is_no_loop),
        cmocka_unit_test(the_path_of_a_sign_in_page),
        cmocka_unit_test(a_posted_form_gets_a_page),
        cmocka_unit_test(a_refusal_says_who_and_offers_another),
    };
    return cmocka_run_group_tests_name("endpoints", tests, nullptr, nullptr);
}
