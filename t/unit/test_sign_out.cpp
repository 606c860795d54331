// SPDX-License-Identifier: MIT
// Signing out: here first and then at the provider (LO-02, LO-04, LO-05, LO-25), for copies of the cookie too
// (LO-06), and with deletions that a browser takes for the same cookies (LO-07).
#include "../../src/flow/sign_out.hpp"
#include "flow_world.hpp"

#include <set>

using namespace oauth;
using unit::app;
using unit::World;

namespace {

const std::string signed_out = app + "/auth/oauth/signed-out";

// From a page of ours.
web::Answer sign_out(World& world, const std::string& arguments = "", const std::string& method = "GET") {
    flow::Request request = world.request(method, "/auth/oauth/logout", arguments);
    request.sec_fetch_site = "same-origin";
    return world.serve(request);
}

void lo_02_here_first_then_at_the_provider(void**) {
    World world;
    world.options.keep_tokens = true;
    world.sign_in_as("user-1");
    const std::string id = world.current()->session.id;
    const std::string id_token = world.id_token();
    assert_true(id_token.starts_with("ey"));
    const std::string cookie = world.jar.at(world.session_name());
    const web::Answer answer = sign_out(world, "return_to=%2Fbye");
    assert_int_equal(answer.status, 302);
    assert_text_equal(answer.cache_control, "no-store");
    const std::string location = World::location(answer);
    assert_true(location.starts_with("https://op.example/end?"));
    const auto asked = World::query_of(location);
    assert_text_equal(asked.find("client_id").value_or(""), "client");
    assert_text_equal(asked.find("id_token_hint").value_or(""), id_token);
    assert_text_equal(asked.find("post_logout_redirect_uri").value_or(""), signed_out);
    assert_int_equal(asked.find("state").value_or("").size(), 22);
    assert_int_equal(world.jar.erase("__Host-oauth_logout"), 1); // where it is to lead: test_signed_out.cpp
    assert_true(world.jar_is_cleared());
    assert_text_equal(world.jar.at("__Host-oauth_last"), "op");
    assert_true(world.ledger.is_revoked(session::Marks{id, "", "", 0})); // LO-06
    assert_null(world.open(cookie).get());
}

void lo_06_a_copy_is_worth_nothing_after_a_cold_start_either(void**) {
    World world;
    world.sign_in_as("user-1");
    const std::string cookie = world.jar.at(world.session_name());
    sign_out(world);
    world.sessions = session::SessionCache(8, 16); // another worker, which never saw it
    assert_null(world.open(cookie).get());
    world.clock.advance(world.options.session_lifetime - 1);
    assert_null(world.open(cookie).get());
    assert_int_equal(world.ledger.revoked.begin()->second,
                     unit::start_of_time + world.options.session_lifetime);
}

void lo_04_without_an_end_session_endpoint(void**) {
    World world;
    world.op.metadata = world.op.metadata.without("end_session_endpoint");
    world.sign_in_as("user-1");
    const web::Answer answer = sign_out(world, "return_to=%2Fbye");
    assert_text_equal(World::location(answer), app + "/bye");
    assert_true(world.jar_is_cleared());
    world.sign_in_as("user-1");
    assert_text_equal(World::location(sign_out(world)), signed_out);
}

// The provider knows its user still: without a question the next sign-in would be his again.
void the_next_sign_in_asks_for_the_account(void**) {
    World world;
    world.op.metadata = world.op.metadata.without("end_session_endpoint");
    assert_false(world.begin().has("prompt"));
    world.sign_in_as("user-1");
    assert_false(world.begin().has("prompt"));
    sign_out(world);
    assert_text_equal(world.jar.at("__Host-oauth_last"), "op!");
    assert_text_equal(world.begin().find("prompt").value_or(""), "login");
    world.sign_in_as("user-1");
    assert_text_equal(world.jar.at("__Host-oauth_last"), "op");
    assert_false(world.begin().has("prompt"));
    world.jar["__Host-oauth_last"] = "other!";
    assert_false(world.begin().has("prompt"));
}

void lo_05_the_return_address_stays_on_the_site(void**) {
    World world;
    for (const char* value :
         {"https%3A%2F%2Fevil.example%2F", "%2F%2Fevil.example", "%2F%5Cevil.example", "%zz"}) {
        assert_text_equal(World::location(sign_out(world, std::string("return_to=") + value)), app + "/");
    }
    flow::Request posted = world.request("POST", "/auth/oauth/logout");
    posted.body = "return_to=%2Fbye";
    const web::Answer answer = world.serve(posted);
    assert_int_equal(answer.status, 303);
    assert_text_equal(World::location(answer), app + "/bye");
}

void lo_25_a_provider_that_is_down_keeps_nobody_signed_in(void**) {
    World world;
    world.sign_in_as("user-1");
    const std::string id = world.current()->session.id;
    flow::Provider cold(world.settings, world.ready, world.clock); // has not seen the metadata
    world.site.providers = {&cold, &world.other};
    world.op.instead.emplace("/openid-configuration", unit::unreachable());
    const web::Answer answer = sign_out(world);
    assert_int_equal(answer.status, 302);
    assert_false(answer.code.has_value());
    assert_text_equal(World::location(answer), signed_out);
    assert_true(world.jar_is_cleared());
    assert_true(world.ledger.is_revoked(session::Marks{id, "", "", 0}));
}

void lo_25_known_metadata_are_not_asked_for_again(void**) {
    World world;
    world.sign_in_as("user-1");
    world.clock.advance(flow::usable_for - world.options.session_lifetime);
    const auto current = world.open(world.jar.at(world.session_name()));
    assert_null(current.get()); // expired: signing out is still an answer
    const std::size_t sent = world.http.sent.size();
    assert_int_equal(sign_out(world).status, 302);
    assert_int_equal(world.http.sent.size(), sent);

    World fresh;
    fresh.sign_in_as("user-1");
    fresh.clock.advance(flow::fresh_for + 1);
    const std::size_t before = fresh.http.sent.size();
    assert_true(World::location(sign_out(fresh)).starts_with("https://op.example/end?"));
    assert_int_equal(fresh.http.sent.size(), before);
}

void where_the_configuration_tells_nothing_is_asked(void**) {
    World world;
    world.sign_in_as("user-1");
    providers::Settings settings = world.settings;
    settings.end_session_endpoint = "https://op.example/configured";
    flow::Provider cold(settings, world.ready, world.clock);
    world.site.providers = {&cold, &world.other};
    const std::size_t sent = world.http.sent.size();
    assert_true(World::location(sign_out(world)).starts_with("https://op.example/configured?"));
    assert_int_equal(world.http.sent.size(), sent);
}

void it_is_over_before_the_provider_answers(void**) {
    World world;
    world.sign_in_as("user-1");
    const auto current = world.current();
    flow::Provider cold(world.settings, world.ready, world.clock);
    world.site.providers = {&cold};
    const flow::Request request = world.request("POST", "/auth/oauth/logout");
    flow::Visitor browser = world.visitor();
    core::Flow<web::Answer> flow(flow::sign_out(world.site, request, browser),
                                 [](std::optional<web::Answer>, std::exception_ptr) {});
    flow.start();
    assert_int_equal(world.http.pending(), 1);
    assert_true(world.ledger.is_revoked(session::Marks{current->session.id, "", "", 0}));
}

void an_end_that_cannot_be_recorded_is_no_promise(void**) {
    World world;
    world.sign_in_as("user-1");
    world.ledger.full = true;
    const web::Answer answer = sign_out(world);
    assert_failure(answer, "store_unavailable", 503);
    assert_true(answer.log.find("the zone is full: raise oauth_zone") != std::string::npos);
    assert_non_null(world.current().get()); // and the browser still has what it would try again with
    world.ledger.full = false;
    world.ledger.moved = true;
    const web::Answer replaced = sign_out(world);
    assert_failure(replaced, "store_unavailable", 503);
    assert_true(replaced.log.find("a reload with another oauth_zone") != std::string::npos);
}

void a_late_store_is_waited_for(void**) {
    World world;
    world.sign_in_as("user-1");
    const std::string id = world.current()->session.id;
    unit::LateStore& store = world.make_store_late();
    assert_true(World::location(sign_out(world)).starts_with("https://op.example/end?"));
    assert_true(world.ledger.is_revoked(session::Marks{id, "", "", 0}));
    assert_int_equal(store.loads, 1);
    assert_int_equal(store.erases, 1);
}

void a_store_that_fails_ends_nothing(void**) {
    World world;
    world.sign_in_as("user-1");
    const std::string id = world.current()->session.id;
    unit::LateStore& store = world.make_store_late();
    store.fails = true;
    const web::Answer answer = sign_out(world, "return_to=%2Fbye%3Fa%3Db");
    assert_failure(answer, "store_unavailable", 503);
    assert_true(answer.body.find("You have not been signed out.") != std::string::npos);
    // "Try again" signs out.
    assert_true(answer.body.find("href=\"" + app + "/auth/oauth/logout?return_to=%2Fbye%3Fa%3Db\"") !=
                std::string::npos);
    assert_true(answer.set_cookies.empty());
    assert_false(world.ledger.is_revoked(session::Marks{id, "", "", 0}));
}

void one_header_a_name_however_often_it_was_sent(void**) {
    World world;
    flow::Request request = world.request("GET", "/auth/oauth/logout");
    for (int i = 0; i < 990; ++i) {
        request.cookies.emplace_back("oauth", "");
    }
    assert_int_equal(world.serve(request).set_cookies.size(), 1);
}

// The attributes of a Set-Cookie value; without the value and how long it lives.
std::set<std::string> attributes(const std::string& cookie) {
    std::set<std::string> all;
    const auto parts = core::split(cookie, ';');
    for (std::size_t i = 1; i < parts.size(); ++i) {
        const std::string part(core::trim(parts[i]));
        if (!part.starts_with("Max-Age=")) {
            all.insert(part);
        }
    }
    return all;
}

void lo_07_what_is_deleted_is_what_was_set(void**) {
    session::CookieSettings plain;
    session::CookieSettings everything;
    everything.name = "mine";
    everything.domain = "example";
    everything.path = "/app";
    everything.same_site = session::CookieSettings::SameSite::none;
    everything.partitioned = true;
    session::CookieSettings insecure;
    insecure.secure = session::CookieSettings::Secure::off;
    for (const session::CookieSettings& settings : {plain, everything, insecure}) {
        World world;
        world.options.cookie = settings;
        const std::string name = world.session_name();
        const web::Answer signed_in = world.sign_in_as("user-1");
        const std::string set = World::cookie_set(signed_in, name);
        world.jar[name + ".0"] = "left over";
        world.jar[name + ".7"] = "left over";
        world.jar[name + "_login_old"] = "left over";
        const web::Answer signed_out = sign_out(world);
        for (const char* end : {"", ".0", ".7", "_login_old"}) {
            const std::string deleted = World::cookie_set(signed_out, name + end);
            assert_true(deleted.find("; Max-Age=0;") != std::string::npos);
            assert_true(attributes(deleted) == attributes(set));
        }
        assert_true(world.jar_is_cleared());
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(lo_02_here_first_then_at_the_provider),
        cmocka_unit_test(lo_06_a_copy_is_worth_nothing_after_a_cold_start_either),
        cmocka_unit_test(lo_04_without_an_end_session_endpoint),
        cmocka_unit_test(the_next_sign_in_asks_for_the_account),
        cmocka_unit_test(lo_05_the_return_address_stays_on_the_site),
        cmocka_unit_test(lo_25_a_provider_that_is_down_keeps_nobody_signed_in),
        cmocka_unit_test(lo_25_known_metadata_are_not_asked_for_again),
        cmocka_unit_test(where_the_configuration_tells_nothing_is_asked),
        cmocka_unit_test(it_is_over_before_the_provider_answers),
        cmocka_unit_test(an_end_that_cannot_be_recorded_is_no_promise),
        cmocka_unit_test(a_late_store_is_waited_for),
        cmocka_unit_test(a_store_that_fails_ends_nothing),
        cmocka_unit_test(one_header_a_name_however_often_it_was_sent),
        cmocka_unit_test(lo_07_what_is_deleted_is_what_was_set),
    };
    return cmocka_run_group_tests_name("sign_out", tests, nullptr, nullptr);
}
