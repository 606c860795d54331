// SPDX-License-Identifier: MIT
// The way to the provider: what the redirect says and what it does not (AR-01, AR-02, AR-11, AR-14, AR-15),
// the cookie that remembers it (CS-05, SC-18, T6), and what stops it (SC-27, MD-04).
#include "../../src/flow/sign_in.hpp"
#include "../../src/oidc/authorization.hpp"
#include "flow_world.hpp"

using namespace oauth;
using unit::app;
using unit::World;

namespace {

web::Answer start(World& world, const std::string& return_to = "/") {
    return world.run(flow::sign_in(world.site, world.request("GET", "/auth/oauth/op"), world.provider,
                                   world.site.providers, return_to));
}

session::SignIn sealed_login(World& world, const std::string& state) {
    const std::string name = world.sign_in_name(state);
    const auto record = world.site.sign_in_sealer.open(session::binding(name, app), world.jar[name]);
    assert_true(record.has_value());
    const auto sign_in = session::deserialize_sign_in(*record);
    assert_true(sign_in.has_value());
    return *sign_in;
}

void the_redirect_has_what_the_protocol_asks_for(void**) {
    World world;
    const web::Answer answer = start(world, "/page");
    assert_int_equal(answer.status, 302);
    assert_text_equal(answer.cache_control, "no-store"); // AR-15
    assert_text_equal(World::header(answer, "Referrer-Policy"), "no-referrer");
    const std::string location = World::location(answer);
    assert_true(location.starts_with("https://op.example/authorize?tenant=x&")); // AR-07
    const auto asked = World::query_of(location);
    assert_text_equal(asked.find("response_type").value_or(""), "code");
    assert_text_equal(asked.find("client_id").value_or(""), "client");
    assert_text_equal(asked.find("redirect_uri").value_or(""), app + "/auth/oauth/op/callback");
    assert_text_equal(asked.find("scope").value_or(""), "openid profile email");
    assert_text_equal(asked.find("code_challenge_method").value_or(""), "S256");
    const session::SignIn sign_in = sealed_login(world, std::string(*asked.find("state")));
    assert_text_equal(sign_in.state(), *asked.find("state"));
    assert_text_equal(sign_in.nonce(), *asked.find("nonce"));
    assert_text_equal(oidc::code_challenge_s256(sign_in.code_verifier()), *asked.find("code_challenge"));
    assert_true(location.find(sign_in.code_verifier()) == std::string::npos);
    assert_text_equal(sign_in.provider, "op");
    assert_text_equal(sign_in.return_to, "/page");
    assert_int_equal(sign_in.started_at, unit::start_of_time);
    assert_text_equal(sign_in.token_endpoint, "https://op.example/token");
    assert_text_equal(sign_in.userinfo_endpoint, "https://op.example/userinfo");
}

void ar_11_nothing_of_the_request_gets_there(void**) {
    World world;
    flow::Request request =
        world.request("GET", "/auth/oauth/op",
                      "scope=admin&prompt=none&login_hint=eve&return_to=%2Fa%3Fsecret&state=x&acr_values=y");
    const web::Answer answer = world.serve(request);
    const std::string location = World::location(answer);
    for (const char* part : {"admin", "prompt", "login_hint", "eve", "secret", "acr_values", "return_to"}) {
        assert_true(location.find(part) ==
                    std::string::npos); // AR-14: nor does the address grow with the page's
    }
    const auto asked = World::query_of(location);
    assert_int_equal(asked.count("state"), 1);
    assert_text_equal(sealed_login(world, std::string(*asked.find("state"))).return_to, "/a?secret");
}

void what_the_operator_adds(void**) {
    World world;
    world.settings.authorize_parameters = {{"acr_values", "urn:mfa"}, {"state", "fixed"}};
    world.settings.prompt = "select_account";
    flow::Request request = world.request("GET", "/auth/oauth/op");
    request.authorize_parameters = {
        {"op", "ui_locales", "de en"}, {"other", "audience", "x"}, {"op", "nonce", "fixed"}};
    const auto asked = World::query_of(World::location(
        world.run(flow::sign_in(world.site, request, world.provider, world.site.providers, "/"))));
    assert_text_equal(asked.find("acr_values").value_or(""), "urn:mfa");
    assert_text_equal(asked.find("prompt").value_or(""), "select_account");
    assert_text_equal(asked.find("ui_locales").value_or(""), "de en");
    assert_false(asked.has("audience"));
    assert_int_equal(asked.count("state"), 1); // AR-10
    assert_int_equal(asked.count("nonce"), 1);
    assert_true(asked.find("nonce") != "fixed");
}

void pkce_and_nonce_can_be_turned_off(void**) {
    World world;
    world.settings.pkce = false;
    world.settings.nonce = false;
    const auto asked = World::query_of(World::location(start(world)));
    assert_false(asked.has("code_challenge"));
    assert_false(asked.has("code_challenge_method"));
    assert_false(asked.has("nonce"));
    assert_true(asked.has("state"));
}

void userinfo_off_is_not_remembered(void**) {
    World world;
    world.settings.userinfo = providers::UserinfoUse::off;
    const auto asked = World::query_of(World::location(start(world)));
    assert_text_equal(sealed_login(world, std::string(*asked.find("state"))).userinfo_endpoint, "");
}

void cs_05_one_short_lived_cookie(void**) {
    World world;
    const web::Answer answer = start(world);
    assert_int_equal(answer.set_cookies.size(), 1);
    const std::string& cookie = answer.set_cookies.front();
    assert_true(cookie.starts_with("__Host-oauth_login_"));
    assert_true(cookie.ends_with("; Path=/; Max-Age=4200; HttpOnly; Secure; SameSite=Lax"));
}

void t6_the_cookie_comes_back_with_the_provider_s_answer(void**) {
    World strict; // Strict would not be sent with the redirect back
    strict.options.cookie.same_site = session::CookieSettings::SameSite::strict;
    assert_true(start(strict).set_cookies.front().ends_with("SameSite=Lax"));
    World posted; // nor Lax with a form that is posted
    posted.settings.response_mode = "form_post";
    const web::Answer answer = start(posted);
    assert_true(answer.set_cookies.front().ends_with("; Secure; SameSite=None"));
    assert_text_equal(World::query_of(World::location(answer)).find("response_mode").value_or(""),
                      "form_post");
    World query;
    query.settings.response_mode = "query";
    assert_false(World::query_of(World::location(start(query))).has("response_mode"));
}

void sc_18_five_attempts_at_most(void**) {
    World world;
    std::vector<std::string> names;
    for (int i = 0; i < 200; ++i) {
        const auto asked = World::query_of(World::location(start(world)));
        names.push_back(world.sign_in_name(*asked.find("state")));
        world.clock.advance(1);
        assert_true(world.jar.size() <= session::max_sign_ins);
    }
    assert_int_equal(world.jar.size(), session::max_sign_ins);
    for (std::size_t i = names.size() - session::max_sign_ins; i < names.size(); ++i) {
        assert_true(world.jar.contains(names[i])); // the newest
    }
}

void sc_18_long_addresses_push_out_more(void**) {
    World world;
    for (int i = 0; i < 10; ++i) {
        start(world, "/" + std::string(1400, 'x'));
        world.clock.advance(1);
        std::size_t bytes = 0;
        for (const auto& [name, value] : world.jar) {
            bytes += name.size() + value.size();
        }
        assert_true(bytes <= session::max_sign_in_bytes);
    }
}

void the_session_is_not_pushed_out(void**) {
    World world;
    world.sign_in_as("user-1");
    for (int i = 0; i < 8; ++i) {
        start(world, "/" + std::string(1400, 'x'));
    }
    assert_non_null(world.current().get());
}

void sc_27_without_randomness_there_is_no_sign_in(void**) {
    for (const std::uint64_t draws : {0, 1}) { // the seed, and the seal's nonce
        World world;
        world.random.fail_draw(draws);
        const web::Answer answer = start(world);
        assert_failure(answer, "internal_error", 500);
        assert_true(answer.set_cookies.empty());
        assert_text_equal(World::location(answer), "");
    }
}

void md_04_a_provider_that_is_down_is_told_and_asked_again(void**) {
    World world;
    world.op.instead.emplace("/openid-configuration", unit::unreachable());
    const web::Answer answer = start(world);
    assert_failure(answer, "provider_unreachable", 502);
    assert_true(answer.set_cookies.empty());
    assert_text_equal(answer.log,
                      "provider_unreachable: op: metadata: cannot connect to op.example, reference req-1");
    world.op.instead.clear();
    assert_int_equal(start(world).status, 302);
}

void return_addresses_stay_on_the_site(void**) {
    const std::pair<const char*, const char*> cases[] = {
        {"/a?b=c#d", "/a?b=c#d"},
        {"", "/"},
        {"https://app.example", "/"},
        {"https://app.example/x?y", "/x?y"},
        {"https://app.example?y", "/?y"},
        {"https://app.example.evil.example/", "/"},
        {"https://app.example@evil.example/", "/"},
        {"http://app.example/x", "/"},
        {"//evil.example", "/"},
        {"/\\evil.example", "/"},
        {"/%2F/evil.example", nullptr},
        {"javascript:alert(1)", "/"},
        {"evil", "/"},
        {"/a\r\nX: y", "/"},
    };
    for (const auto& [value, expected] : cases) {
        const std::string path = flow::local_return_to(value, app);
        assert_true(path.starts_with("/") && !path.starts_with("//") && !path.starts_with("/\\"));
        if (expected != nullptr) {
            assert_text_equal(path, expected);
        }
    }
}

void addresses_of_our_own(void**) {
    World world;
    assert_text_equal(flow::redirect_uri(world.options, app, "op"), app + "/auth/oauth/op/callback");
    const auto login_url = [&](const flow::Page& page) { return flow::login_url(world.options, page); };
    assert_text_equal(login_url({app, "/"}), app + "/auth/oauth/login");
    assert_text_equal(login_url({app, "/a?b&c"}), app + "/auth/oauth/login?return_to=%2Fa%3Fb%26c");
    assert_text_equal(login_url({app, "/a", "op.other"}),
                      app + "/auth/oauth/login?providers=op.other&return_to=%2Fa");
    const flow::Offer both = {&world.provider, &world.other};
    assert_text_equal(flow::offer_names(world.options, both), ""); // where all pages have one offer
    world.options.has_several_offers = true;
    assert_text_equal(flow::offer_names(world.options, both), "op.other");
    assert_true(flow::named_offer(world.site, "other.nobody.other.op", {}) ==
                (flow::Offer{&world.other, &world.provider}));
    assert_true(flow::named_offer(world.site, "nobody", both) == both);
    flow::Request request = world.request("GET", "/auth/oauth/login", "providers=other");
    assert_true(flow::asked_offer(world.site, request, {&world.provider}) == flow::Offer{&world.provider});
    world.options.offered = {"other"};
    assert_true(flow::asked_offer(world.site, request, {&world.provider}) == flow::Offer{&world.other});
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(the_redirect_has_what_the_protocol_asks_for),
        cmocka_unit_test(ar_11_nothing_of_the_request_gets_there),
        cmocka_unit_test(what_the_operator_adds),
        cmocka_unit_test(pkce_and_nonce_can_be_turned_off),
        cmocka_unit_test(userinfo_off_is_not_remembered),
        cmocka_unit_test(cs_05_one_short_lived_cookie),
        cmocka_unit_test(t6_the_cookie_comes_back_with_the_provider_s_answer),
        cmocka_unit_test(sc_18_five_attempts_at_most),
        cmocka_unit_test(sc_18_long_addresses_push_out_more),
        cmocka_unit_test(the_session_is_not_pushed_out),
        cmocka_unit_test(sc_27_without_randomness_there_is_no_sign_in),
        cmocka_unit_test(md_04_a_provider_that_is_down_is_told_and_asked_again),
        cmocka_unit_test(return_addresses_stay_on_the_site),
        cmocka_unit_test(addresses_of_our_own),
    };
    return cmocka_run_group_tests_name("sign_in", tests, nullptr, nullptr);
}
