// SPDX-License-Identifier: MIT
// The page to which providers lead back, and the way on from it: CONF-047..049, LO-02, LO-05.
#include "../../src/flow/sign_out.hpp"
#include "../../src/session/sign_out.hpp"
#include "flow_world.hpp"

using namespace oauth;
using unit::app;
using unit::World;

namespace {

const std::string path = "/auth/oauth/signed-out";
const std::string cookie = "__Host-oauth_logout";

// Signs out from a page of ours; the state that the provider is given.
std::string state_of_sign_out(World& world, const std::string& arguments) {
    flow::Request request = world.request("POST", "/auth/oauth/logout", arguments);
    request.sec_fetch_site = "same-origin";
    const auto asked = World::query_of(World::location(world.serve(request)));
    assert_text_equal(asked.find("post_logout_redirect_uri").value_or(""), app + path);
    return std::string(asked.find("state").value_or(""));
}

web::Answer come_back(World& world, const std::string& arguments, const std::string& method = "GET") {
    return world.serve(world.request(method, path, arguments));
}

void assert_page(const web::Answer& answer) {
    assert_int_equal(answer.status, 200);
    assert_text_equal(World::location(answer), "");
    assert_true(answer.body.find("You are signed out") != std::string::npos);
    assert_true(answer.body.find("href=\"https://app.example/auth/oauth/login\"") != std::string::npos);
    assert_text_equal(answer.cache_control, "no-store");
    assert_text_equal(World::header(answer, "X-Frame-Options"), "DENY");
    assert_false(answer.code.has_value());
}

void conf_047_the_way_on_is_kept_over_the_provider(void**) {
    World world;
    world.sign_in_as("user-1");
    const std::string state = state_of_sign_out(world, "return_to=%2Fbye%3Fa%3D1%23top");
    assert_int_equal(state.size(), 22);
    const web::Answer answer = come_back(world, "state=" + state);
    assert_int_equal(answer.status, 302);
    assert_text_equal(World::location(answer), app + "/bye?a=1#top");
    assert_true(world.jar_is_cleared());
    assert_page(come_back(world, "state=" + state)); // once
}

void without_a_return_to_the_visitor_stays(void**) {
    World world;
    world.sign_in_as("user-1");
    const std::string state = state_of_sign_out(world, "");
    assert_true(world.jar_is_cleared());
    assert_page(come_back(world, "state=" + state));
    assert_page(come_back(world, ""));
}

void conf_048_conf_049_another_state_is_no_error(void**) {
    for (const char* arguments : {"", "state=", "state=other", "state=%zz", "error=x&state"}) {
        World world;
        world.sign_in_as("user-1");
        const std::string state = state_of_sign_out(world, "return_to=%2Fbye");
        assert_page(come_back(world, arguments));
        assert_page(come_back(world, "state=" + state + "_INVALID"));
        assert_text_equal(World::location(come_back(world, "state=" + state)), app + "/bye");
    }
}

void lo_05_it_stays_on_the_site(void**) {
    for (const char* target : {"https%3A%2F%2Fevil.example%2F", "%2F%2Fevil.example", "%2F%5Cevil.example"}) {
        World world;
        world.sign_in_as("user-1");
        const std::string state = state_of_sign_out(world, std::string("return_to=") + target);
        assert_text_equal(World::location(come_back(world, "state=" + state)), app + "/");
    }
    World world; // nobody signed out here: what the query asks for is not heard
    assert_page(come_back(world, "return_to=%2Fbye&state=x"));
}

void a_cookie_of_another_make_leads_nowhere(void**) {
    World world;
    world.sign_in_as("user-1");
    const std::string state = state_of_sign_out(world, "return_to=%2Fbye");
    const std::string sealed = world.jar.at(cookie);
    const session::SignOut forged{state, "", "/forged", unit::start_of_time + 60};
    const std::string bound = session::binding(cookie, app);
    const auto of_a_sign_in =
        world.site.sign_in_sealer.seal(world.random, bound, session::serialize(forged)); // another purpose
    for (const std::string& value : {std::string("x"), sealed.substr(1), *of_a_sign_in}) {
        world.jar[cookie] = value;
        assert_page(come_back(world, "state=" + state));
    }
    world.jar[cookie] = sealed;
    flow::Request elsewhere = world.request("GET", path, "state=" + state);
    elsewhere.base_url = "https://tenant.example";
    assert_int_equal(world.serve(elsewhere).status, 200);
    world.clock.advance(session::sign_out_lifetime + 1);
    assert_page(come_back(world, "state=" + state));
}

void the_cookie_comes_with_a_page_load_from_the_provider(void**) {
    for (const auto same_site :
         {session::CookieSettings::SameSite::strict, session::CookieSettings::SameSite::none,
          session::CookieSettings::SameSite::lax}) {
        World world;
        world.options.cookie.same_site = same_site;
        world.sign_in_as("user-1");
        flow::Request request = world.request("POST", "/auth/oauth/logout", "return_to=%2Fbye");
        const std::string set = World::cookie_set(world.serve(request), cookie);
        assert_true(set.ends_with("; Path=/; Max-Age=600; HttpOnly; Secure; SameSite=Lax"));
    }
}

void what_is_asked_ahead_uses_nothing_up(void**) {
    World world;
    world.sign_in_as("user-1");
    const std::string state = state_of_sign_out(world, "return_to=%2Fbye");
    assert_page(come_back(world, "state=" + state, "HEAD"));
    flow::Request prefetch = world.request("GET", path, "state=" + state);
    prefetch.sec_purpose = "prefetch";
    assert_page(world.serve(prefetch));
    assert_text_equal(World::location(come_back(world, "state=" + state)), app + "/bye");
}

// Cognito has parameters of its own, and gives no state back.
void a_provider_that_takes_no_state(void**) {
    World world;
    world.settings.type = providers::find_type("aws-cognito");
    world.sign_in_as("user-1");
    const flow::Request request = world.request("POST", "/auth/oauth/logout", "return_to=%2Fbye");
    const auto asked = World::query_of(World::location(world.serve(request)));
    assert_text_equal(asked.find("logout_uri").value_or(""), app + path);
    assert_false(asked.find("state").has_value());
    assert_text_equal(World::location(come_back(world, "")), app + "/bye");
}

void without_randomness_it_is_a_sign_out_all_the_same(void**) {
    World world;
    world.sign_in_as("user-1");
    world.random.fail_draw(0);
    const flow::Request request = world.request("POST", "/auth/oauth/logout", "return_to=%2Fbye");
    const web::Answer answer = world.serve(request);
    assert_int_equal(answer.status, 303);
    assert_true(World::location(answer).starts_with("https://op.example/end?"));
    assert_null(world.current().get());
}

void the_page_is_true(void**) {
    World world;
    world.sign_in_as("user-1");
    const web::Answer answer = come_back(world, "");
    assert_int_equal(answer.status, 200);
    assert_true(answer.body.find("You are signed in to <bdi>app.example</bdi> as "
                                 "<bdi>ann@example.org (Single sign-on)</bdi>.") != std::string::npos);
    assert_true(answer.body.find("/auth/oauth/logout?confirm=") != std::string::npos);
    flow::Request program = world.request("GET", path);
    program.accept = "application/json";
    assert_text_equal(world.serve(program).body, R"({"signed_in":true})");
    world.jar.clear();
    program.cookies.clear();
    assert_text_equal(world.serve(program).body, R"({"signed_in":false})");
}

void a_store_that_is_away_promises_nothing(void**) {
    World world;
    world.sign_in_as("user-1");
    unit::LateStore& store = world.make_store_late();
    store.fails = true;
    const web::Answer answer = come_back(world, "");
    assert_int_equal(answer.status, 503);
    assert_true(answer.body.find("You have not been signed out") != std::string::npos);
    assert_true(answer.body.find("href=\"https://app.example/auth/oauth/signed-out\"") != std::string::npos);
    world.jar.clear(); // as after a sign-out: nothing has to be asked for
    assert_page(come_back(world, ""));
}

// A browser sends no strict cookies with what another site has begun: a page of ours asks once more.
void strict_cookies_are_asked_for_once_more(void**) {
    World world;
    world.options.cookie.same_site = session::CookieSettings::SameSite::strict;
    flow::Request request = world.request("GET", path);
    request.sec_fetch_site = "cross-site";
    const web::Answer first = world.serve(request);
    assert_int_equal(first.status, 200);
    assert_true(first.body.find("0;url=https://app.example/auth/oauth/signed-out?again=1") !=
                std::string::npos);
    assert_true(first.body.find("signed out") == std::string::npos);
    request.arguments = "again=1"; // a foreign page cannot say so
    assert_text_equal(world.serve(request).body, first.body);
    request.sec_fetch_site.clear(); // a browser that never tells
    assert_page(world.serve(request));
    request.arguments.clear();
    request.sec_fetch_site = "same-origin";
    assert_page(world.serve(request));
    flow::Request foreign = world.request("GET", "/auth/oauth/logout", "return_to=%2Fbye");
    foreign.sec_fetch_site = "cross-site";
    assert_text_equal(World::location(world.serve(foreign)), "https://app.example/auth/oauth/signed-out");
}

void a_sign_in_takes_what_is_left_of_it(void**) { // its room is the session's
    World world;
    world.sign_in_as("user-1");
    state_of_sign_out(world, "return_to=%2Fbye");
    assert_int_equal(world.jar.count(cookie), 1);
    world.sign_in_as("user-1");
    assert_int_equal(world.jar.count(cookie), 0);
}

void a_second_sign_out_leaves_the_first_ones_way(void**) { // a double click; a page of another site
    World world;
    world.sign_in_as("user-1");
    const std::string state = state_of_sign_out(world, "return_to=%2Fbye");
    for (const char* site : {"same-origin", "cross-site"}) {
        flow::Request again = world.request("GET", "/auth/oauth/logout", "return_to=%2Fbye");
        again.sec_fetch_site = site;
        world.serve(again);
    }
    assert_text_equal(World::location(come_back(world, "state=" + state)), app + "/bye");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(conf_047_the_way_on_is_kept_over_the_provider),
        cmocka_unit_test(without_a_return_to_the_visitor_stays),
        cmocka_unit_test(conf_048_conf_049_another_state_is_no_error),
        cmocka_unit_test(lo_05_it_stays_on_the_site),
        cmocka_unit_test(a_cookie_of_another_make_leads_nowhere),
        cmocka_unit_test(the_cookie_comes_with_a_page_load_from_the_provider),
        cmocka_unit_test(what_is_asked_ahead_uses_nothing_up),
        cmocka_unit_test(a_provider_that_takes_no_state),
        cmocka_unit_test(without_randomness_it_is_a_sign_out_all_the_same),
        cmocka_unit_test(the_page_is_true),
        cmocka_unit_test(a_store_that_is_away_promises_nothing),
        cmocka_unit_test(strict_cookies_are_asked_for_once_more),
        cmocka_unit_test(a_sign_in_takes_what_is_left_of_it),
        cmocka_unit_test(a_second_sign_out_leaves_the_first_ones_way),
    };
    return cmocka_run_group_tests_name("signed_out", tests, nullptr, nullptr);
}
