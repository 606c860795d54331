// SPDX-License-Identifier: MIT
// Front-channel logout: LO-23, LO-24, CONF-050, CONF-051, T6.
#include "../../src/flow/ended_elsewhere.hpp"
#include "flow_world.hpp"

using namespace oauth;
using unit::quote;
using unit::World;

namespace {

const std::string right_issuer = "iss=https%3A%2F%2Fop.example";

// A browser that is signed in, with a sid unless it is empty.
struct SignedIn : World {
    explicit SignedIn(const char* sid) {
        if (*sid != '\0') {
            op.claims = op.claims.with("sid", quote(sid));
        }
        sign_in_as("user-1");
        cookie = jar.at(session_name());
    }
    bool lives() { return open(cookie) != nullptr; }
    std::string cookie;
};

// The frame in the provider's page. Third parties' frames get no cookies, of the same site they do.
enum class Cookies { none, own };
web::Answer frame(World& world, const std::string& arguments, Cookies cookies = Cookies::none,
                  const std::string& method = "GET") {
    flow::Request request = world.request(method, "/auth/oauth/op/frontchannel-logout", arguments);
    request.sec_fetch_dest = "iframe";
    request.sec_fetch_site = "cross-site";
    if (cookies == Cookies::own) {
        return world.serve(request);
    }
    request.cookies.clear();
    const auto jar = std::exchange(world.jar, {});
    web::Answer answer = world.serve(request);
    world.jar = jar;
    return answer;
}

void assert_frame(const web::Answer& answer) {
    assert_int_equal(answer.status, 200);
    assert_text_equal(answer.cache_control, "no-store");
    assert_text_equal(World::header(answer, "X-Frame-Options"), "");
    assert_text_equal(World::header(answer, "Content-Security-Policy"),
                      "default-src 'none'; frame-ancestors https://op.example");
    assert_false(answer.code.has_value());
}

void lo_23_issuer_and_session(void**) {
    SignedIn world("s-1");
    const std::size_t sent = world.http.sent.size();
    assert_frame(frame(world, right_issuer + "&sid=s-1"));
    assert_false(world.lives());
    assert_int_equal(world.http.sent.size(), sent); // nothing goes to the provider
    assert_int_equal(world.background.size(), 0);
}

void lo_23_what_is_ignored(void**) {
    for (const std::string& arguments :
         {std::string("iss=https%3A%2F%2Fop.example%2F&sid=s-1"),
          std::string("iss=https%3A%2F%2Fevil.example&sid=s-1"), std::string("sid=s-1"), right_issuer,
          right_issuer + "&sid=s-2", right_issuer + "&sid=", std::string("iss=&sid=s-1"),
          right_issuer + "&sid=s-1&sid=s-1", right_issuer + "&" + right_issuer + "&sid=s-1",
          std::string("iss=%zz"), right_issuer + "&sid=" + std::string(256, 's'), std::string("iss="),
          std::string("sid=")}) {
        SignedIn world("s-1");
        assert_frame(frame(world, arguments, Cookies::own));
        assert_true(world.lives());
    }
}

void lo_23_without_parameters_only_the_browsers_own(void**) {
    SignedIn world("s-1");
    assert_frame(frame(world, ""));
    assert_true(world.lives());
    const std::string copy = world.cookie;
    world.jar.clear();
    world.clock.advance(1);
    world.sign_in_as("user-1"); // another browser of the same user
    const web::Answer answer = frame(world, "", Cookies::own);
    assert_frame(answer);
    assert_null(world.current().get());
    assert_true(World::cookie_set(answer, world.session_name()).find("Max-Age=0") != std::string::npos);
    assert_non_null(world.open(copy).get());
}

void lo_23_a_sid_alone_of_a_type_that_sends_it_so(void**) {
    SignedIn world("s-1");
    const session::OpenedSessionPointer session = world.open(world.cookie);
    world.settings.type = providers::find_type("azure-ad");
    assert_int_equal(frame(world, "sid=s-2").status, 200);
    assert_true(world.lives());
    assert_int_equal(frame(world, "sid=s-1").status, 200);
    assert_false(world.lives());
}

void the_providers_own_name_for_no_session(
    void**) { // LemonLDAP::NG names the user, and tells no sid at the sign-in
    SignedIn world("");
    assert_frame(frame(world, right_issuer + "&sid=user-1"));
    assert_true(world.lives());
    assert_frame(frame(world, right_issuer + "&sid=user-1", Cookies::own));
    assert_false(world.lives());
}

// What ends by sid comes from an allowance; the browser's own session ends without, since no frame comes
// twice.
void one_way_that_fails_keeps_no_other(void**) {
    SignedIn world("");
    for (int i = 0; i < 256; ++i) {
        assert_int_equal(frame(world, right_issuer + "&sid=s-" + std::to_string(i)).status, 200);
    }
    assert_true(world.lives());
    const web::Answer answer = frame(world, right_issuer + "&sid=user-1", Cookies::own);
    assert_failure(answer, "store_unavailable", 503);
    assert_false(world.lives());
    assert_null(world.current().get());
}

void of_another_provider(void**) {
    SignedIn world("s-1");
    flow::Request request = world.request("GET", "/auth/oauth/other/frontchannel-logout", "");
    world.op.metadata = world.op.metadata.with("issuer", "\"https://other.example\"");
    const web::Answer answer = world.serve(request);
    assert_int_equal(answer.status, 200);
    assert_true(answer.set_cookies.empty());
    assert_true(world.lives());
    request.arguments = "iss=https%3A%2F%2Fother.example&sid=s-1";
    assert_int_equal(world.serve(request).status, 200);
    assert_true(world.lives());
    request.path = "/auth/oauth/nobody/frontchannel-logout";
    assert_int_equal(world.serve(request).status, 404);
    world.settings.type = providers::find_type("oauth2");
    assert_int_equal(frame(world, "").status, 404);
}

void what_is_asked_ahead_ends_nothing(void**) {
    SignedIn world("s-1");
    assert_frame(frame(world, right_issuer + "&sid=s-1", Cookies::own, "HEAD"));
    flow::Request prefetch =
        world.request("GET", "/auth/oauth/op/frontchannel-logout", right_issuer + "&sid=s-1");
    prefetch.sec_purpose = "prefetch";
    assert_frame(world.serve(prefetch));
    assert_true(world.lives());
    const web::Answer post = frame(world, right_issuer + "&sid=s-1", Cookies::own, "POST");
    assert_int_equal(post.status, 405);
    assert_text_equal(World::header(post, "Allow"), "GET, HEAD");
    assert_true(world.lives());
}

void what_cannot_be_recorded_is_no_promise(void**) {
    SignedIn world("s-1");
    world.ledger.full = true;
    assert_failure(frame(world, right_issuer + "&sid=s-1"), "store_unavailable", 503);
    assert_failure(frame(world, "", Cookies::own), "store_unavailable", 503);
    assert_true(world.lives());
}

void strangers_cannot_fill_the_zone(void**) {
    World world;
    int taken = 0;
    for (int i = 0; i < 1000; ++i) {
        taken += frame(world, right_issuer + "&sid=s-" + std::to_string(i)).status == 200 ? 1 : 0;
    }
    assert_int_equal(taken, 256);
    assert_true(world.ledger.marks.size() <= 256);
    world.clock.advance(1);
    assert_int_equal(frame(world, right_issuer + "&sid=later").status, 200);
}

void a_provider_that_is_away(void**) {
    World world;
    world.op.instead.emplace("/openid-configuration", unit::unreachable());
    assert_frame(frame(world, right_issuer + "&sid=s-1"));
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(lo_23_issuer_and_session),
        cmocka_unit_test(lo_23_what_is_ignored),
        cmocka_unit_test(lo_23_without_parameters_only_the_browsers_own),
        cmocka_unit_test(lo_23_a_sid_alone_of_a_type_that_sends_it_so),
        cmocka_unit_test(the_providers_own_name_for_no_session),
        cmocka_unit_test(one_way_that_fails_keeps_no_other),
        cmocka_unit_test(of_another_provider),
        cmocka_unit_test(what_is_asked_ahead_ends_nothing),
        cmocka_unit_test(what_cannot_be_recorded_is_no_promise),
        cmocka_unit_test(strangers_cannot_fill_the_zone),
        cmocka_unit_test(a_provider_that_is_away),
    };
    return cmocka_run_group_tests_name("front_channel", tests, nullptr, nullptr);
}
