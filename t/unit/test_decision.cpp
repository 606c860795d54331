// SPDX-License-Identifier: MIT
// What another proxy is told: who it is, in headers that hold nothing else (HD-09), and where to sign in.
#include "../../src/flow/decision.hpp"
#include "../../src/core/url.hpp"
#include "flow_world.hpp"

using namespace oauth;
using flow::Unauthenticated;
using unit::World;

namespace {

struct Passing {
    Passing() {
        world.sign_in_as("user-1");
        admission.standing = flow::Standing::allowed;
        admission.session = world.current();
        admission.identity = {admission.session, &identity()};
    }

    session::Identity& identity() { return admission.session->session.identity; }
    web::Answer answer() { return flow::pass(&admission, "X-Identity", signed_identity); }

    World world;
    flow::Admission admission;
    std::shared_ptr<const std::string> signed_identity = std::make_shared<const std::string>("a.signed.one");
};

void who_passes_is_told(void**) {
    Passing passing;
    passing.identity().groups = session::Strings{"staff", "admins"};
    const web::Answer answer = passing.answer();
    assert_int_equal(answer.status, 204);
    assert_text_equal(answer.cache_control, "no-store");
    assert_text_equal(answer.body + answer.content_type, "");
    assert_text_equal(World::header(answer, "X-Identity"), "a.signed.one");
    assert_text_equal(World::header(answer, "X-Auth-Request-User"), passing.identity().user);
    assert_text_equal(World::header(answer, "X-Auth-Request-Email"), "ann@example.org");
    assert_text_equal(World::header(answer, "X-Auth-Request-Groups"), "staff,admins");
    passing.signed_identity = nullptr;
    assert_text_equal(World::header(passing.answer(), "X-Identity"), "");
    passing.admission.standing = flow::Standing::shadowed;
    assert_int_equal(passing.answer().headers.size(), 3);
}

void a_header_that_the_identity_has_is_its_own(void**) {
    Passing passing;
    const web::Answer answer = flow::pass(&passing.admission, "x-auth-request-user", passing.signed_identity);
    assert_text_equal(World::header(answer, "x-auth-request-user"), "a.signed.one");
    assert_text_equal(World::header(answer, "X-Auth-Request-User"), "");
    assert_text_equal(World::header(answer, "X-Auth-Request-Email"), "ann@example.org");
}

void nobody_else_is_told(void**) {
    Passing passing;
    for (const auto standing :
         {flow::Standing::anonymous, flow::Standing::unauthenticated, flow::Standing::denied}) {
        passing.admission.standing = standing;
        assert_true(passing.answer().headers.empty());
    }
    assert_true(flow::pass(nullptr, "X-Identity", passing.signed_identity).headers.empty());
}

void hd_09_what_could_end_a_line_is_left_out(void**) {
    for (const char c : {'\r', '\n', '\0', '\t', '\x1f', '\x7f'}) {
        Passing passing;
        const std::string value = std::string("a") + c + "X-Auth-Request-User: root";
        passing.identity().user = value;
        passing.identity().email = core::Text(value);
        passing.identity().groups = session::Strings{"staff", value};
        const web::Answer answer = passing.answer();
        assert_int_equal(answer.headers.size(), 1);
        assert_text_equal(World::header(answer, "X-Identity"), "a.signed.one");
    }
    Passing passing;
    passing.identity().user = "J\xc3\xbcrgen";
    assert_text_equal(World::header(passing.answer(), "X-Auth-Request-User"), "J\xc3\xbcrgen");
}

void hd_09_what_a_header_would_change_is_left_out(void**) {
    for (const char* blank : {" root", "root ", " "}) {
        Passing passing;
        passing.identity().user = std::string(blank);
        passing.identity().groups = session::Strings{"staff", blank, "a b"};
        const web::Answer answer = passing.answer();
        assert_text_equal(World::header(answer, "X-Auth-Request-User"), "");
        assert_text_equal(World::header(answer, "X-Auth-Request-Groups"), "staff,a b");
    }
}

void what_is_half_known_is_left_out(void**) {
    Passing passing;
    passing.identity().email_verified = false;
    passing.identity().groups = session::Strings{"staff"};
    passing.admission.session->session.groups_are_cut = true;
    const web::Answer answer = passing.answer();
    assert_text_equal(World::header(answer, "X-Auth-Request-Email"), "");
    assert_text_equal(World::header(answer, "X-Auth-Request-Groups"), "");
    passing.identity().groups.reset();
    passing.admission.session->session.groups_are_cut = false;
    assert_text_equal(World::header(passing.answer(), "X-Auth-Request-Groups"), "");
}

web::Answer ask(World& world, const flow::Request& request,
                Unauthenticated how = Unauthenticated::automatic) {
    return world.run(flow::ask_to_sign_in(world.site, request, {&world.provider}, how));
}

void a_page_is_sent_to_the_sign_in(void**) {
    World world;
    const web::Answer answer = ask(world, world.request("GET", "/page", "x=1&y=2"));
    assert_int_equal(answer.status, 302);
    assert_text_equal(World::location(answer),
                      "https://app.example/auth/oauth/login?return_to=%2Fpage%3Fx%3D1%26y%3D2");
    assert_true(answer.code == core::Code::login_required);
    assert_true(answer.set_cookies.empty());
    assert_int_equal(world.http.sent.size(), 0);
    flow::Request elsewhere = world.request("GET", "/page");
    elsewhere.target = "//evil.test/";
    assert_text_equal(World::location(ask(world, elsewhere)), "https://app.example/auth/oauth/login");
}

void what_shows_no_page_gets_401(void**) {
    World world;
    flow::Request image = world.request("GET", "/a");
    image.sec_fetch_dest = "image";
    flow::Request script = world.request("GET", "/a");
    script.requested_with = "XMLHttpRequest";
    flow::Request ahead = world.request("GET", "/a");
    ahead.sec_purpose = "prefetch";
    flow::Request socket = world.request("GET", "/a");
    socket.upgrade = true;
    flow::Request call = world.request("GET", "/a");
    call.content_type = "application/grpc";
    for (const flow::Request& request : {image, script, ahead, socket, call, world.request("POST", "/a")}) {
        assert_int_equal(ask(world, request).status, 401);
    }
    assert_int_equal(ask(world, world.request("GET", "/a"), Unauthenticated::status_401).status, 401);
    flow::Request frame = world.request("GET", "/a");
    frame.sec_fetch_dest = "iframe";
    assert_int_equal(ask(world, frame).status, 302);
}

void a_page_that_no_sign_in_reaches_is_no_loop(void**) {
    World world;
    world.options.cookie.path = "/app";
    assert_int_equal(ask(world, world.request("GET", "/app/x")).status, 302);
    assert_true(ask(world, world.request("GET", "/other")).status >= 400);
}

void a_redirect_is_asked_for_by_one_parameter(void**) {
    for (const char* query : {"redirect=1", "x=y&redirect=1", "redirect=1&redirect=0", "redirect=%31"}) {
        assert_true(flow::wants_redirect(query));
    }
    for (const char* query :
         {"", "redirect", "redirect=", "redirect=0", "redirect=true", "Redirect=1", "redirect=1&%zz"}) {
        assert_false(flow::wants_redirect(query));
    }
}

void what_cannot_be_decided_offers_the_page_again(void**) {
    World world;
    flow::Request request = world.request("GET", "/page");
    request.accept = "text/html";
    const web::Answer answer =
        flow::cannot_decide(world.site, request, {core::Code::store_unavailable, "away"});
    assert_int_equal(answer.status, 503);
    assert_true(answer.body.find("href=\"/page\"") != std::string::npos);
    assert_true(answer.body.find("/auth/oauth/auth") == std::string::npos);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(who_passes_is_told),
        cmocka_unit_test(a_header_that_the_identity_has_is_its_own),
        cmocka_unit_test(nobody_else_is_told),
        cmocka_unit_test(hd_09_what_could_end_a_line_is_left_out),
        cmocka_unit_test(hd_09_what_a_header_would_change_is_left_out),
        cmocka_unit_test(what_is_half_known_is_left_out),
        cmocka_unit_test(a_page_is_sent_to_the_sign_in),
        cmocka_unit_test(what_shows_no_page_gets_401),
        cmocka_unit_test(a_page_that_no_sign_in_reaches_is_no_loop),
        cmocka_unit_test(a_redirect_is_asked_for_by_one_parameter),
        cmocka_unit_test(what_cannot_be_decided_offers_the_page_again),
    };
    return cmocka_run_group_tests_name("decision", tests, nullptr, nullptr);
}
