// SPDX-License-Identifier: MIT
// A browser that sends several cookies of the session's name, as where a parent domain, another path or
// another application has set one too (SC-08): the newest that is a session counts, whatever comes first, and
// a sign-out or a new sign-in leaves none of them.
#include "flow_world.hpp"

using namespace oauth;
using unit::app;
using unit::World;

namespace {

// The cookies of sessions, each made a minute after the one before; nobody replaces them.
std::vector<std::string> make_sessions(World& world, int count) {
    std::vector<std::string> cookies;
    for (int i = 1; i <= count; ++i) {
        world.jar.erase(world.session_name());
        world.sign_in_as("user-" + std::to_string(i));
        cookies.push_back(world.jar.at(world.session_name()));
        world.clock.advance(60);
        world.op.claims = world.op.claims.with("exp", std::to_string(world.clock.now() + 300));
    }
    world.jar.erase(world.session_name());
    return cookies;
}

std::string subject_of(flow::Visitor visitor) {
    assert_true(visitor.is_known());
    return visitor.session() ? visitor.session()->session.identity.subject : "nobody";
}

void sc_08_the_newest_is_the_session(void**) {
    World world;
    const auto made = make_sessions(world, 3);
    for (const auto& order : {std::vector{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}}) {
        assert_text_equal(subject_of(world.visitor_with({made[order[0]], made[order[1]], made[order[2]]})),
                          "user-3");
    }
    assert_text_equal(subject_of(world.visitor_with({made[1], made[0]})), "user-2");
    assert_text_equal(subject_of(world.visitor_with({made[0], made[0]})), "user-1");
}

void sc_08_what_never_opens_is_passed_over(void**) {
    World world;
    const auto made = make_sessions(world, 2);
    std::string altered = made[1];
    altered[altered.size() / 2] = altered[altered.size() / 2] == 'A' ? 'B' : 'A';
    for (const std::string& foreign : {std::string("another application's"), std::string(), altered,
                                       std::string(5000, 'A'), std::string(20000, 'A')}) {
        assert_text_equal(subject_of(world.visitor_with({foreign, made[0]})), "user-1");
        assert_text_equal(subject_of(world.visitor_with({made[0], foreign})), "user-1");
        assert_text_equal(subject_of(world.visitor_with({foreign, foreign, made[0], made[1], foreign})),
                          "user-2");
        assert_text_equal(subject_of(world.visitor_with({foreign})), "nobody");
    }
    std::vector<std::string> many(500, "foreign");
    many.push_back(made[0]);
    assert_text_equal(subject_of(world.visitor_with(many)), "user-1");
}

void sc_08_what_is_over_does_not_count(void**) {
    World world;
    const auto made = make_sessions(world, 3);
    world.ledger.revoke(world.open(made[2])->session.id, world.clock.now() + 1000);
    assert_text_equal(subject_of(world.visitor_with(made)), "user-2");
    world.clock.set(unit::start_of_time + world.options.session_lifetime + 30); // the first has expired
    assert_text_equal(subject_of(world.visitor_with({made[0], made[1]})), "user-2");
    assert_text_equal(subject_of(world.visitor_with({made[0]})), "nobody");
}

void sc_08_a_sign_out_ends_all_of_them(void**) {
    World world;
    const auto made = make_sessions(world, 3);
    flow::Request request = world.request("GET", "/auth/oauth/logout");
    request.sec_fetch_site = "same-origin";
    flow::Visitor browser = world.visitor_with(made);
    assert_int_equal(world.run(flow::serve(world.site, request, world.site.providers, browser)).status, 302);
    assert_int_equal(world.ledger.revoked.size(), 3);
    assert_text_equal(subject_of(world.visitor_with(made)), "nobody");
}

void sc_08_a_sign_out_that_ends_only_some_is_none(void**) {
    World world;
    const auto made = make_sessions(world, 2);
    world.ledger.full = true;
    flow::Request request = world.request("POST", "/auth/oauth/logout");
    flow::Visitor browser = world.visitor_with(made);
    assert_failure(world.run(flow::serve(world.site, request, world.site.providers, browser)),
                   "store_unavailable", 503);
}

void sc_08_a_sign_in_replaces_all_of_them(void**) {
    World world;
    const auto made = make_sessions(world, 2);
    const auto parameters = world.begin();
    const flow::Request request = world.callback_request(std::string(*parameters.find("state")));
    flow::Visitor browser = world.visitor_with({"foreign", made[0], made[1]});
    assert_int_equal(world.run(flow::serve(world.site, request, world.site.providers, browser)).status, 302);
    const std::string cookie = world.jar.at(world.session_name());
    // The browser still sends those that it keeps for another domain or path: no loop.
    assert_text_equal(subject_of(world.visitor_with({"foreign", made[0], made[1], cookie})),
                      world.open(cookie)->session.identity.subject);
    assert_text_equal(subject_of(world.visitor_with({made[0], made[1]})), "nobody");
}

// A store that has to be waited for is asked once, about each cookie once, and about a bounded number.
void a_late_store_is_asked_once(void**) {
    World world;
    const auto made = make_sessions(world, 3);
    unit::LateStore& store = world.make_store_late();
    flow::Request request = world.request("GET", "/auth/oauth/userinfo");
    flow::Visitor browser = world.visitor_with({made[0], "foreign", made[2], made[1], made[0], ""});
    const web::Answer answer = world.run(flow::serve(world.site, request, world.site.providers, browser));
    assert_true(answer.body.find("user-3") != std::string::npos);
    assert_int_equal(store.loads, 1);
    assert_int_equal(store.asked, 4);
    std::vector<std::string> many;
    for (int i = 0; i < 500; ++i) {
        many.push_back("foreign-" + std::to_string(i));
    }
    flow::Visitor stranger = world.visitor_with(many);
    world.run(flow::serve(world.site, request, world.site.providers, stranger));
    assert_int_equal(store.loads, 2);
    assert_int_equal(store.asked, 192);
}

// What a sibling host plants leads nowhere by now, and stands before the visitor's own.
void sc_08_dead_handles_hide_no_session(void**) {
    for (const std::size_t planted : {4, 5, 64, 180}) {
        World world;
        const auto made = make_sessions(world, 1);
        unit::LateStore& store = world.make_store_late();
        std::vector<std::string> sent;
        for (std::size_t i = 0; i < planted; ++i) {
            sent.push_back("planted-" + std::to_string(i));
        }
        sent.push_back(made[0]);
        flow::Visitor browser = world.visitor_with(sent);
        const auto answer = world.run(flow::serve(world.site, world.request("GET", "/auth/oauth/userinfo"),
                                                  world.site.providers, browser));
        assert_true(answer.body.find("user-1") != std::string::npos);
        assert_int_equal(store.loads, 1);
    }
}

// One of two requesters goes away while it asks: the other asks again, and nobody is taken for a stranger.
void who_asks_may_go_away(void**) {
    World world;
    const auto made = make_sessions(world, 2);
    unit::LateStore& store = world.make_store_late();
    flow::Visitor browser = world.visitor_with({made[0], made[1]});
    const auto look = [&browser]() -> core::Task<web::Answer> {
        const core::Status found = co_await browser.look_up();
        web::Answer answer;
        answer.status = found ? 200 : 503;
        co_return answer;
    };
    {
        core::Flow<web::Answer> gone(look(), [](auto, auto) {});
        gone.start();
        assert_true(store.has_waiting());
        assert_false(browser.is_known());
    }
    assert_false(browser.is_known());
    assert_int_equal(world.run(look()).status, 200);
    assert_true(browser.is_known());
    assert_text_equal(browser.session()->session.identity.subject, "user-2");
    assert_int_equal(browser.all_sessions().size(), 2);
}

void a_sign_in_cookie_that_does_not_open_hides_none_that_does(void**) {
    for (const bool first : {true, false}) {
        World world;
        const auto parameters = world.begin();
        const std::string state(*parameters.find("state"));
        flow::Request request = world.callback_request(state);
        const std::pair<std::string, std::string> foreign(world.sign_in_name(state), "foreign");
        request.cookies.insert(first ? request.cookies.begin() : request.cookies.end(), foreign);
        assert_int_equal(world.serve(request).status, 302);
        assert_non_null(world.current().get());
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(sc_08_the_newest_is_the_session),
        cmocka_unit_test(sc_08_what_never_opens_is_passed_over),
        cmocka_unit_test(sc_08_what_is_over_does_not_count),
        cmocka_unit_test(sc_08_a_sign_out_ends_all_of_them),
        cmocka_unit_test(sc_08_a_sign_out_that_ends_only_some_is_none),
        cmocka_unit_test(sc_08_a_sign_in_replaces_all_of_them),
        cmocka_unit_test(a_late_store_is_asked_once),
        cmocka_unit_test(sc_08_dead_handles_hide_no_session),
        cmocka_unit_test(who_asks_may_go_away),
        cmocka_unit_test(a_sign_in_cookie_that_does_not_open_hides_none_that_does),
    };
    return cmocka_run_group_tests_name("several_sessions", tests, nullptr, nullptr);
}
