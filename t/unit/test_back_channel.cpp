// SPDX-License-Identifier: MIT
// Back-channel logout as a flow: LO-13, LO-17..20, LO-22, MX-07, CC-03, T3. What a logout token has to be is
// in test_logout_token.cpp.
#include "../../src/flow/ended_elsewhere.hpp"
#include "flow_world.hpp"

#include <algorithm>

using namespace oauth;
using unit::Object;
using unit::quote;
using unit::World;

namespace {

const std::string path = "/auth/oauth/op/backchannel-logout";
constexpr const char* events = R"({"http://schemas.openid.net/event/backchannel-logout":{}})";

Object logout_claims(const std::string& jti) {
    return {{"iss", quote(unit::issuer)},
            {"aud", "\"client\""},
            {"iat", std::to_string(unit::start_of_time)},
            {"exp", std::to_string(unit::start_of_time + 120)},
            {"jti", quote(jti)},
            {"events", events}};
}

Object about_user(const std::string& jti, const std::string& subject = "user-1") {
    return logout_claims(jti).with("sub", quote(subject));
}

std::string signed_token(const Object& claims) {
    return tokens::sign(unit::provider_key(), "ES256", claims.text());
}

flow::Request post(const World& world, const std::string& body) {
    flow::Request request = world.request("POST", path);
    request.content_type = "application/x-www-form-urlencoded";
    request.body = body;
    request.cookies.clear(); // the provider has none
    request.accept = "*/*";
    return request;
}

web::Answer tell(World& world, const Object& claims) {
    return world.serve(post(world, "logout_token=" + signed_token(claims)));
}

void assert_taken(const web::Answer& answer) {
    if (answer.status != 200) {
        print_error("%d %s\n", answer.status, answer.log.c_str());
    }
    assert_int_equal(answer.status, 200); // T3: exactly
    assert_text_equal(answer.cache_control, "no-store");
    assert_text_equal(answer.body, "");
    assert_false(answer.code.has_value());
}

void assert_refused(const web::Answer& answer, std::string_view why) {
    assert_failure(answer, "token_invalid", 400);
    if (answer.log.find(why) == std::string::npos) {
        print_error("log: %s\n", answer.log.c_str());
        fail();
    }
}

// The provider's next sign-ins are of this session there.
void use_sid(World& world, const char* sid) {
    world.op.claims = world.op.claims.with("sid", quote(sid));
}

void lo_17_all_sessions_of_a_user_end(void**) {
    World world;
    use_sid(world, "s-1");
    world.sign_in_as("user-1");
    const std::string first = world.jar.at(world.session_name());
    world.jar.clear();
    use_sid(world, "s-2");
    world.sign_in_as("user-1"); // in another browser
    const std::string second = world.jar.at(world.session_name());
    world.jar.clear();
    world.sign_in_as("user-2");
    const std::string other = world.jar.at(world.session_name());
    assert_taken(tell(world, about_user("j-1")));
    assert_null(world.open(first).get());
    assert_null(world.open(second).get());
    assert_non_null(world.open(other).get());
    world.sessions = session::SessionCache(8, 16); // a worker that never saw them
    assert_null(world.open(first).get());
    assert_non_null(world.open(other).get());
}

void lo_18_one_session_of_the_provider_ends(void**) {
    World world;
    use_sid(world, "s-1");
    world.sign_in_as("user-1");
    const std::string first = world.jar.at(world.session_name());
    world.jar.clear();
    use_sid(world, "s-2");
    world.sign_in_as("user-1");
    const std::string second = world.jar.at(world.session_name());
    assert_taken(tell(world, logout_claims("j-1").with("sid", "\"s-1\""))); // Ory Hydra: without sub
    assert_null(world.open(first).get());
    assert_non_null(world.open(second).get());
    assert_taken(tell(world, about_user("j-2").with("sid", "\"s-2\"")));
    assert_null(world.open(second).get());
}

void mx_07_a_user_with_the_session_of_another(void**) {
    World world;
    use_sid(world, "s-1");
    world.sign_in_as("user-1");
    const std::string cookie = world.jar.at(world.session_name());
    assert_taken(tell(world, about_user("j-1", "user-2").with("sid", "\"s-1\"")));
    assert_non_null(world.open(cookie).get());
}

void lo_18_sessions_of_another_provider_stay(void**) {
    World world;
    use_sid(world, "s-1");
    world.sign_in_as("user-1");
    const std::string cookie = world.jar.at(world.session_name());
    flow::Request elsewhere = post(world, "logout_token=" + signed_token(about_user("j-1")));
    elsewhere.path = "/auth/oauth/other/backchannel-logout";
    world.op.metadata = world.op.metadata.with("issuer", "\"https://other.example\"");
    assert_refused(world.serve(elsewhere), "iss is not the provider's issuer");
    assert_non_null(world.open(cookie).get());
}

void t3_sessions_that_are_unknown_or_over_are_no_error(void**) {
    World world;
    assert_taken(tell(world, about_user("j-1", "nobody")));
    world.sign_in_as("user-1");
    world.serve(world.request("POST", "/auth/oauth/logout"));
    assert_taken(tell(world, about_user("j-2")));
}

void lo_22_a_session_that_has_just_begun_and_a_sign_in_under_way(void**) {
    World world;
    world.sign_in_as("user-1");
    const std::string cookie = world.jar.at(world.session_name());
    const auto begun = world.begin(); // has not come back yet
    assert_taken(tell(world, about_user("j-1")));
    assert_null(world.open(cookie).get());
    world.serve(world.callback_request(std::string(*begun.find("state"))));
    assert_null(world.current().get());
    world.clock.advance(1); // who begins now is meant by no sign-out of before
    world.sign_in_as("user-1");
    assert_non_null(world.current().get());
}

void lo_13_a_token_counts_once(void**) {
    World world;
    assert_taken(tell(world, about_user("j-1")));
    world.clock.advance(1);
    world.sign_in_as("user-1");
    assert_refused(tell(world, about_user("j-1")), "its jti has been used");
    assert_non_null(world.current().get()); // and has no second effect
    assert_taken(tell(world, about_user("j-2")));
    assert_null(world.current().get());
    assert_int_equal(world.ledger.remembered.begin()->second,
                     unit::start_of_time + 120 + world.options.clock_skew);
}

void lo_19_what_is_no_form_with_one_token(void**) {
    World world;
    world.sign_in_as("user-1");
    const std::string token = signed_token(about_user("j-1"));
    const auto refuse = [&world](const flow::Request& request) {
        const web::Answer answer = world.serve(request);
        assert_failure(answer, "request_invalid", 400);
        assert_true(answer.log.find("ey") == std::string::npos);
    };
    for (const std::string& body :
         {std::string(), std::string("x=1"), std::string("logout_token="),
          "logout_token=" + token + "&logout_token=" + token, "logout_token=%zz" + token}) {
        refuse(post(world, body));
    }
    flow::Request json = post(world, "{\"logout_token\":\"" + token + "\"}");
    json.content_type = "application/json";
    refuse(json);
    flow::Request bare = post(world, "logout_token=" + token);
    bare.content_type.clear();
    refuse(bare);
    flow::Request in_query = post(world, "");
    in_query.arguments = "logout_token=" + token;
    refuse(in_query);
    for (const char* method : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}) {
        flow::Request request = post(world, "logout_token=" + token);
        request.method = method;
        const web::Answer answer = world.serve(request);
        assert_int_equal(answer.status, 405);
        assert_text_equal(World::header(answer, "Allow"), "POST");
        assert_text_equal(answer.cache_control, "no-store");
    }
    assert_non_null(world.current().get());
    flow::Request more = post(world, "a=1&logout_token=" + token + "&b=2"); // CONF-052
    more.content_type = "Application/X-WWW-Form-Urlencoded; charset=utf-8";
    assert_taken(world.serve(more));
    assert_null(world.current().get());
}

void only_openid_providers_have_it(void**) {
    World world;
    world.settings.type = providers::find_type("oauth2");
    assert_int_equal(tell(world, about_user("j-1")).status, 404);
    flow::Request unknown = post(world, "logout_token=x");
    unknown.path = "/auth/oauth/nobody/backchannel-logout";
    assert_int_equal(world.serve(unknown).status, 404);
}

void lo_20_garbage_costs_little(void**) {
    World world;
    world.sign_in_as("user-1"); // the keys are known
    const std::size_t before = world.http.count("/jwks");
    for (int i = 0; i < 200; ++i) {
        const tokens::Key foreign = unit::provider_key();
        const Object header = {{"alg", "\"ES256\""}, {"kid", quote("kid-" + std::to_string(i))}};
        const std::string token = tokens::compact_input(header.text(), about_user("j").text()) + ".AAAA";
        assert_refused(world.serve(post(world, "logout_token=" + token)), "no key of the provider");
        assert_refused(world.serve(post(world, "logout_token=garbage")), "");
    }
    assert_true(world.http.count("/jwks") <= before + 2);
    assert_int_equal(world.ledger.remembered.size(), 0);
    // A sign-in after the keys were changed has an allowance of its own.
    const tokens::Key renewed = tokens::Key::ec("k2", "P-256");
    world.op.instead.emplace("/jwks", unit::json_response(tokens::jwk_set({renewed.jwk()})));
    world.op.signing_key = &renewed;
    world.jar.clear();
    world.sign_in_as("user-1");
    assert_non_null(world.current().get());
}

void another_algorithm_asks_for_no_keys(void**) {
    World world;
    world.sign_in_as("user-1");
    const std::size_t before = world.http.sent.size();
    const tokens::Key rsa = tokens::Key::rsa("r1");
    assert_refused(
        world.serve(post(world, "logout_token=" + tokens::sign(rsa, "RS256", about_user("j").text()))),
        "its algorithm is not allowed");
    assert_int_equal(world.http.sent.size(), before);
}

void an_outage_is_no_refusal(void**) {
    World world;
    world.op.instead.emplace("/jwks", unit::unreachable());
    const web::Answer answer = tell(world, about_user("j-1"));
    assert_failure(answer, "provider_unreachable", 503);
    assert_text_equal(World::header(answer, "Retry-After"), "10");
    world.op.instead.clear();
    assert_taken(tell(world, about_user("j-1"))); // and uses up nothing
}

void what_cannot_be_recorded_is_no_promise(void**) {
    World world;
    world.sign_in_as("user-1");
    world.ledger.full = true;
    const web::Answer answer = tell(world, about_user("j-1"));
    assert_failure(answer, "store_unavailable", 503);
    assert_true(answer.log.find("oauth_zone") != std::string::npos);
    assert_non_null(world.current().get());
    world.ledger.full = false;
    assert_taken(tell(world, about_user("j-1")));
}

void a_store_that_does_not_answer_is_no_promise(void**) {
    World world;
    world.sign_in_as("user-1");
    world.make_store_late().fails = true;
    assert_failure(tell(world, about_user("j-1")), "store_unavailable", 503);
}

// A Redis that goes away halfway: the repeat that the answer asks for is taken, and is no replay.
void lo_13_what_failed_halfway_comes_again(void**) {
    World world;
    world.sign_in_as("user-1");
    unit::LateStore& store = world.make_store_late();
    const auto lives = [&world] {
        return world.serve(world.request("GET", "/auth/oauth/userinfo")).status == 200;
    };
    assert_true(lives());
    store.erase_all_fails = true;
    const web::Answer failed = tell(world, about_user("j-1"));
    assert_failure(failed, "store_unavailable", 503);
    assert_text_equal(World::header(failed, "Retry-After"), "10");
    assert_int_equal(store.uses, 0);
    store.erase_all_fails = false;
    assert_taken(tell(world, about_user("j-1")));
    assert_false(lives());
    assert_refused(tell(world, about_user("j-1")), "its jti has been used");
    // What cannot be remembered once all has ended is repeated too, and ends nothing more.
    store.use_fails = true;
    assert_failure(tell(world, about_user("j-2")), "store_unavailable", 503);
    store.use_fails = false;
    assert_taken(tell(world, about_user("j-2")));
    const int asked = store.erases_of_all;
    assert_refused(tell(world, about_user("j-2")), "its jti has been used");
    assert_int_equal(store.erases_of_all, asked); // LO-13: no second effect
}

// Two workers that are told the same at one instant (CC-03): both have found it unused.
void cc_03_one_of_two_at_one_instant_is_taken(void**) {
    World world;
    world.sign_in_as("user-1");
    world.make_store_late();
    const flow::Request request = post(world, "logout_token=" + signed_token(about_user("j-1")));
    flow::Visitor first_visitor = world.visitor();
    std::optional<web::Answer> first;
    core::Flow<web::Answer> flow(
        flow::serve(world.site, request, world.site.providers, first_visitor),
        [&first](std::optional<web::Answer> answer, std::exception_ptr) { first = std::move(answer); });
    flow.start();
    while (!world.late_store->has_waiting()) { // until it ends the sessions
        assert_true(world.turn());
    }
    const web::Answer second = world.serve(request);
    while (!first && world.turn()) {
    }
    assert_true(first.has_value());
    assert_int_equal(std::min(first->status, second.status), 200);
    assert_int_equal(std::max(first->status, second.status), 400);
}

// Another server of the same nginx, whose sessions are in a Redis: in a ledger of their own here.
struct Elsewhere : flow::AllStores {
    explicit Elsewhere(World& world)
        : parts{world.options.cookie, world.clock, world.random, ledger, world.sessions, 3600} {
        auto sealer = session::Sealer::create({"the secret of another server, for its own"}, "session");
        auto inner = std::make_unique<session::CookieStore>(parts, std::move(*sealer));
        redis = std::make_unique<unit::LateStore>(std::move(inner), world.ready);
        redis->reached = "a redis";
        found.stores = {world.site.store.get(), redis.get(), redis.get()};
        world.late_store = redis.get();
        world.site.all_stores = this;
    }
    Found find() override { return found; }

    unit::FakeLedger ledger;
    session::CookieStore::Parts parts;
    std::unique_ptr<unit::LateStore> redis;
    Found found;
};

void lo_17_sessions_of_another_server_end(void**) {
    World world;
    Elsewhere elsewhere(world);
    world.sign_in_as("user-1");
    assert_taken(tell(world, about_user("j-1")));
    assert_null(world.current().get());
    assert_int_equal(elsewhere.redis->erases_of_all, 1); // two servers have it, and it is one
    assert_int_equal(elsewhere.ledger.marks.size(), 1);
    assert_int_equal(elsewhere.redis->uses, 1); // remembered where other machines see it
    assert_int_equal(world.ledger.remembered.size(), 0);
    assert_refused(tell(world, about_user("j-1")), "its jti has been used");
    assert_int_equal(elsewhere.redis->erases_of_all, 1);
}

void one_store_that_fails_keeps_no_other_from_being_asked(void**) {
    World world;
    Elsewhere elsewhere(world);
    world.sign_in_as("user-1");
    elsewhere.redis->erase_all_fails = true;
    assert_failure(tell(world, about_user("j-1")), "store_unavailable", 503);
    assert_null(world.current().get());
    elsewhere.redis->erase_all_fails = false;
    world.ledger.full = true;
    assert_failure(tell(world, about_user("j-1")), "store_unavailable", 503);
    assert_int_equal(elsewhere.redis->erases_of_all, 2); // whatever the ledger says
    assert_int_equal(elsewhere.ledger.marks.size(), 1);
    world.ledger.full = false;
    assert_taken(tell(world, about_user("j-1")));
    assert_int_equal(elsewhere.redis->erases_of_all, 3); // the repeat asks all again
}

// All sessions are in Redis: a ledger without room is no reason to promise nothing.
void a_full_ledger_that_no_store_needs(void**) {
    World world;
    Elsewhere elsewhere(world);
    unit::LateStore* redis = elsewhere.redis.get();
    elsewhere.found.stores = {redis};
    world.site.store = std::move(elsewhere.redis);
    world.ledger.full = true;
    assert_taken(tell(world, about_user("j-1")));
    assert_int_equal(elsewhere.ledger.marks.size(), 1);
}

void a_server_whose_store_cannot_be_had_is_no_promise(void**) {
    World world;
    Elsewhere elsewhere(world);
    world.sign_in_as("user-1");
    elsewhere.found.is_whole = false;
    assert_failure(tell(world, about_user("j-1")), "store_unavailable", 503);
    assert_null(world.current().get());
    assert_int_equal(elsewhere.redis->erases_of_all, 1);
    elsewhere.found.is_whole = true;
    assert_taken(tell(world, about_user("j-1")));
}

void nothing_of_the_token_is_told(void**) {
    World world;
    world.sign_in_as("user-1");
    const std::string token = signed_token(about_user("j-secret").with("sid", "\"sid-secret\""));
    const web::Answer answer = world.serve(post(world, "logout_token=" + token));
    assert_taken(answer);
    assert_text_equal(answer.log, "op: signed out by the provider: one of its sessions");
    const web::Answer again = world.serve(post(world, "logout_token=" + token));
    for (const char* secret : {"secret", "user-1", "ey"}) {
        assert_true(again.log.find(secret) == std::string::npos);
        assert_true(again.body.find(secret) == std::string::npos);
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(lo_17_all_sessions_of_a_user_end),
        cmocka_unit_test(lo_18_one_session_of_the_provider_ends),
        cmocka_unit_test(mx_07_a_user_with_the_session_of_another),
        cmocka_unit_test(lo_18_sessions_of_another_provider_stay),
        cmocka_unit_test(t3_sessions_that_are_unknown_or_over_are_no_error),
        cmocka_unit_test(lo_22_a_session_that_has_just_begun_and_a_sign_in_under_way),
        cmocka_unit_test(lo_13_a_token_counts_once),
        cmocka_unit_test(lo_19_what_is_no_form_with_one_token),
        cmocka_unit_test(only_openid_providers_have_it),
        cmocka_unit_test(lo_20_garbage_costs_little),
        cmocka_unit_test(another_algorithm_asks_for_no_keys),
        cmocka_unit_test(an_outage_is_no_refusal),
        cmocka_unit_test(what_cannot_be_recorded_is_no_promise),
        cmocka_unit_test(a_store_that_does_not_answer_is_no_promise),
        cmocka_unit_test(lo_13_what_failed_halfway_comes_again),
        cmocka_unit_test(cc_03_one_of_two_at_one_instant_is_taken),
        cmocka_unit_test(lo_17_sessions_of_another_server_end),
        cmocka_unit_test(one_store_that_fails_keeps_no_other_from_being_asked),
        cmocka_unit_test(a_full_ledger_that_no_store_needs),
        cmocka_unit_test(a_server_whose_store_cannot_be_had_is_no_promise),
        cmocka_unit_test(nothing_of_the_token_is_told),
    };
    return cmocka_run_group_tests_name("back_channel", tests, nullptr, nullptr);
}
