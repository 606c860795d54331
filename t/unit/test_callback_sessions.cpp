// SPDX-License-Identifier: MIT
// A callback where something is there already: another session (CB-20), the same one, parts of a larger one,
// a second tab (AR-05).
#include "flow_world.hpp"

using namespace oauth;
using unit::app;
using unit::World;

namespace {

std::string state_of(const core::Parameters& parameters) {
    return std::string(*parameters.find("state"));
}

void cb_20_another_user_replaces_the_session(void**) {
    World world;
    world.sign_in_as("user-1");
    const std::string old_cookie = world.jar.at(world.session_name());
    const std::string old_id = world.current()->session.id;
    world.sign_in_as("user-2");
    assert_text_equal(world.current()->session.identity.subject, "user-2");
    assert_true(world.current()->session.id != old_id);
    assert_int_equal(world.ledger.revoked.size(), 1);
    assert_true(world.ledger.is_revoked(session::Marks{old_id, "", "", 0}));
    assert_null(world.open(old_cookie).get());
}

void cb_20_a_failed_sign_in_keeps_the_old_session(void**) {
    World world;
    world.sign_in_as("user-1");
    const std::string state = state_of(world.begin());
    world.op.instead.emplace("/token", unit::json_response("{\"error\":\"invalid_grant\"}", 400));
    assert_failure(world.serve(world.callback_request(state)), "provider_error", 502);
    assert_text_equal(world.current()->session.identity.subject, "user-1");
    assert_true(world.ledger.revoked.empty());
}

void who_is_signed_in_is_sent_on(void**) {
    World world;
    const std::string state = state_of(world.begin("/deep?y=2"));
    world.serve(world.callback_request(state));
    const std::size_t sent = world.http.sent.size();
    const web::Answer used = world.serve(world.callback_request(state)); // double click, or the back button
    assert_int_equal(used.status, 302);
    assert_text_equal(World::location(used), app + "/deep?y=2");
    world.clock.advance(world.options.sign_in_lifetime + 1); // and later
    const web::Answer late = world.serve(world.callback_request(state));
    assert_text_equal(World::location(late), app + "/deep?y=2");
    world.jar.erase(world.sign_in_name(state));
    const web::Answer unknown = world.serve(world.callback_request(state)); // its cookie has been evicted
    assert_int_equal(unknown.status, 302);
    assert_text_equal(World::location(unknown), app + "/");
    assert_int_equal(world.http.sent.size(), sent);
    assert_non_null(world.current().get());
    assert_failure(world.serve(world.callback_request(state, "&code=a&code=b")), "request_invalid", 400);
}

void parts_of_an_older_session_are_removed(void**) {
    World world;
    world.jar["__Host-oauth.0"] = "old";
    world.jar["__Host-oauth.1"] = "old";
    const std::string other_tab = state_of(world.begin());
    const web::Answer answer = world.sign_in_as("user-1");
    assert_text_equal(World::cookie_set(answer, "__Host-oauth.0"),
                      "__Host-oauth.0=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax");
    assert_true(World::cookie_set(answer, "__Host-oauth.1").find("Max-Age=0") != std::string::npos);
    // AR-05: the session, its sign-in, what the other tab has begun, and the provider
    assert_int_equal(world.jar.size(), 4);
    assert_true(world.jar.contains(world.sign_in_name(other_tab)));
}

void leftovers_sent_often_hide_no_others(void**) {
    World world;
    const std::string state = state_of(world.begin());
    flow::Request request = world.callback_request(state);
    for (int i = 0; i < 200; ++i) {
        request.cookies.emplace_back("__Host-oauth.0", "old");
    }
    request.cookies.emplace_back("__Host-oauth.1", "old");
    const web::Answer answer = world.serve(request);
    assert_true(World::cookie_set(answer, "__Host-oauth.1").find("Max-Age=0") != std::string::npos);
    assert_int_equal(answer.set_cookies.size(), 4);
}

void a_large_session_goes_in_parts(void**) {
    World world;
    world.needs.claims = {"big"};
    world.jar["__Host-oauth"] = "the small session before";
    world.op.userinfo = world.op.userinfo.with("big", unit::quote(std::string(4000, 'x')));
    const web::Answer answer = world.sign_in_as("user-1");
    assert_true(World::cookie_set(answer, "__Host-oauth").find("Max-Age=0") != std::string::npos);
    assert_true(world.jar.contains("__Host-oauth.0"));
    assert_true(world.jar.contains("__Host-oauth.1"));
    const std::vector<session::CookieView> sent(world.jar.begin(), world.jar.end());
    const auto values = session::session_values(sent, "__Host-oauth");
    assert_int_equal(values.size(), 1);
    assert_non_null(world.open(values.front()).get());
}

void ar_05_two_tabs_both_complete(void**) {
    World world;
    const auto first = world.begin("/one");
    const auto second = world.begin("/two");
    assert_text_equal(World::location(world.serve(world.callback_request(state_of(second)))), app + "/two");
    world.op.claims = world.op.claims.with("nonce", unit::quote(*first.find("nonce")));
    assert_text_equal(World::location(world.serve(world.callback_request(state_of(first)))), app + "/one");
}

void a_late_store_keeps_the_new_session_and_ends_the_old(void**) {
    World world;
    world.sign_in_as("user-1");
    const std::string old_id = world.current()->session.id;
    unit::LateStore& store = world.make_store_late();
    const web::Answer answer = world.sign_in_as("user-2");
    assert_int_equal(answer.status, 302);
    assert_true(World::sets_session(answer, world.session_name()));
    assert_true(world.ledger.is_revoked(session::Marks{old_id, "", "", 0}));
    assert_int_equal(store.loads, 1);
    assert_int_equal(store.creates, 1);
    assert_int_equal(store.erases, 1);
}

void a_store_that_fails_begins_no_session(void**) {
    World world;
    const auto parameters = world.begin();
    const std::string state(*parameters.find("state"));
    unit::LateStore& store = world.make_store_late();
    store.fails = true; // nobody is signed in: it is asked to keep the new session only
    const web::Answer answer = world.serve(world.callback_request(state));
    assert_failure(answer, "store_unavailable", 503);
    assert_false(World::sets_session(answer, world.session_name()));
    assert_int_equal(store.creates, 1);
}

void a_store_that_fails_uses_no_sign_in_up(void**) {
    World world;
    world.sign_in_as("user-1");
    const auto parameters = world.begin();
    const std::string state(*parameters.find("state"));
    unit::LateStore& store = world.make_store_late();
    store.fails = true; // whose session the new one replaces is not known
    const web::Answer answer = world.serve(world.callback_request(state));
    assert_failure(answer, "store_unavailable", 503);
    assert_true(answer.body.find("so you were not signed in") != std::string::npos);
    assert_true(answer.body.find("/auth/oauth/op?return_to=%2Fpage\"") != std::string::npos);
    const std::size_t redeemed = world.http.count("/token");
    store.fails = false;
    assert_int_equal(world.serve(world.callback_request(state)).status, 302);
    assert_int_equal(world.http.count("/token"), redeemed + 1);
}

// CB-04: the sooner end holds, of the configuration that the sign-in began under and of the present one.
void cb_04_a_lifetime_that_was_changed(void**) {
    const auto status = [](std::int64_t at_start, std::int64_t at_callback, std::int64_t after) {
        World world;
        world.options.sign_in_lifetime = at_start;
        const auto asked = world.begin();
        world.options.sign_in_lifetime = at_callback;
        world.clock.advance(after);
        world.op.claims = world.op.claims.with("exp", std::to_string(world.clock.now() + 300));
        const web::Answer answer = world.serve(world.callback_request(*asked.find("state")));
        if (answer.status == 302) { // its mark stays as long as its cookie may open
            assert_int_equal(world.ledger.used.begin()->second, unit::start_of_time + at_start + 1);
        }
        return answer.status;
    };
    assert_int_equal(status(600, 60, 60), 302);
    assert_int_equal(status(600, 60, 61), 400);
    assert_int_equal(status(60, 600, 60), 302);
    assert_int_equal(status(60, 600, 61), 400);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(cb_20_another_user_replaces_the_session),
        cmocka_unit_test(cb_20_a_failed_sign_in_keeps_the_old_session),
        cmocka_unit_test(who_is_signed_in_is_sent_on),
        cmocka_unit_test(parts_of_an_older_session_are_removed),
        cmocka_unit_test(leftovers_sent_often_hide_no_others),
        cmocka_unit_test(a_large_session_goes_in_parts),
        cmocka_unit_test(ar_05_two_tabs_both_complete),
        cmocka_unit_test(a_late_store_keeps_the_new_session_and_ends_the_old),
        cmocka_unit_test(a_store_that_fails_begins_no_session),
        cmocka_unit_test(a_store_that_fails_uses_no_sign_in_up),
        cmocka_unit_test(cb_04_a_lifetime_that_was_changed),
    };
    return cmocka_run_group_tests_name("callback_sessions", tests, nullptr, nullptr);
}
