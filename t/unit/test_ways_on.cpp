// SPDX-License-Identifier: MIT
// What pages are given by the flows: the providers in their order, the ways on and back, the language and the
// look of the server, and the script with its nonce.
#include "../../src/flow/last_provider.hpp"
#include "flow_world.hpp"

using namespace oauth;
using flow::Unauthenticated;
using unit::app;
using unit::World;

namespace {

constexpr const char* last = "__Host-oauth_last";
const std::string auth = app + "/auth/oauth";

bool has(const web::Answer& answer, std::string_view text) {
    return answer.body.find(text) != std::string::npos;
}

void what_is_no_endpoint_is_a_page_for_browsers(void**) {
    World world;
    flow::Request request = world.request("GET", "/auth/oauth/a/b");
    assert_true(has(world.serve(request), "<html"));
    request.sec_fetch_mode = "cors";
    assert_text_equal(world.serve(request).content_type, "application/json");
    request = world.request("GET", "/auth/oauth/a/b");
    request.accept = "*/*"; // curl
    assert_true(has(world.serve(request), "<html"));
    request = world.request("POST", "/auth/oauth/login");
    assert_true(has(world.serve(request), "<html"));
    request.accept = "*/*";
    assert_text_equal(world.serve(request).content_type, "application/json");
}

void the_one_chosen_last_comes_first(void**) {
    World world;
    world.other_settings.label = "Other";
    const flow::Request stranger = world.request("GET", "/auth/oauth/login");
    const std::string plain = world.serve(stranger).body;
    assert_true(plain.find("/op\"") < plain.find("/other\""));
    assert_true(plain.find("<em>") == std::string::npos);
    world.jar[last] = "other.op";
    const std::string page = world.serve(world.request("GET", "/auth/oauth/login")).body;
    assert_true(page.find("/other\"") < page.find("<em>"));
    assert_true(page.find("<em>") < page.find("/op\""));
    world.jar[last] = "nobody";
    assert_text_equal(
        std::to_string(world.serve(world.request("GET", "/auth/oauth/login")).body.find("<em>")),
        std::to_string(std::string::npos));
}

void who_is_signed_in_goes_on_or_is_asked(void**) {
    World world;
    flow::Request login = world.request("GET", "/auth/oauth/login", "return_to=%2Fx");
    assert_true(has(world.serve(login), "data-w=\"/auth/oauth/userinfo\" data-t=\"/x\""));
    world.sign_in_as("user-1");
    login = world.request("GET", "/auth/oauth/login", "return_to=%2Fx");
    const web::Answer page = world.serve(login);
    assert_true(has(page, "ann@example.org"));
    assert_false(has(page, "data-w="));
    assert_true(has(page, "href=\"/x\" data-h>"));
    assert_true(has(page, "href=\"" + auth + "/op?account=other&amp;confirm="));
    assert_true(has(page, "href=\"" + auth + "/other?return_to=%2Fx\""));
    world.make_store_late().fails = true;
    const web::Answer away = world.serve(login);
    assert_int_equal(away.status, 200); // it hinders nobody
    assert_false(has(away, "ann@example.org"));
}

void another_account_is_asked_for_by_its_name(void**) {
    World world;
    world.sign_in_as("user-1");
    flow::Request start = world.request("GET", "/auth/oauth/op", "account=this&return_to=%2Fx");
    const std::string location = World::location(world.serve(start));
    assert_true(location.starts_with("https://op.example/authorize"));
    assert_false(World::query_of(location).has("prompt"));
    assert_non_null(world.current().get());
    start = world.request("GET", "/auth/oauth/op", "account=other&return_to=%2Fx");
    start.sec_fetch_site = "cross-site";
    const web::Answer page = world.serve(start);
    assert_true(has(page, "<h1>Use another account?</h1>"));
    assert_true(has(page, "ann@example.org"));
    assert_true(has(page, "<a class=\"b\" href=\"" + app + "/x\">")); // stays, and goes on
    assert_non_null(world.current().get());
}

flow::Admission denied_to(World& world) {
    world.sign_in_as("user-1");
    flow::Admission denied;
    denied.standing = flow::Standing::denied;
    denied.session = world.current();
    denied.identity = {denied.session, &denied.session->session.identity};
    return denied;
}

void a_refused_post_leads_back_to_its_form(void**) {
    World world;
    const flow::Admission denied = denied_to(world);
    flow::Request request = world.request("GET", "/save");
    assert_true(
        has(flow::refuse(world.site, request, world.site.providers, denied, ""), "<body data-f=\"1\""));
    request.method = "POST";
    request.referer = app + "/form";
    const web::Answer answer = flow::refuse(world.site, request, world.site.providers, denied, "");
    assert_true(has(answer, "return_to=%2Fform\""));
    assert_false(has(answer, "%2Fsave"));
    assert_false(has(answer, "data-f")); // its address is not that of the form
}

void an_outage_names_the_ways_on(void**) {
    World world;
    world.other_settings.label = "Other";
    world.op.instead.emplace("/openid-configuration", unit::unreachable());
    const flow::Request start = world.request("GET", "/auth/oauth/op", "return_to=%2Fx");
    const web::Answer answer = world.serve(start);
    assert_failure(answer, "provider_unreachable", 502);
    assert_true(has(answer, "<a class=\"b p\" href=\"" + auth + "/op?return_to=%2Fx\" data-r>Try again"));
    assert_true(has(answer, "href=\"" + auth + "/other?return_to=%2Fx\" data-r>"));
    assert_false(has(answer, "Sign in with <bdi>Single sign-on"));
    assert_true(has(answer, "<bdi>Single sign-on</bdi> cannot be reached"));
    assert_true(has(answer, "<body data-f=\"1\""));
    const web::Answer another =
        world.serve(world.request("GET", "/auth/oauth/op", "account=other&return_to=%2Fx"));
    assert_true(has(another, "/op?account=other&amp;return_to=%2Fx\" data-r>Try again"));
    flow::Request form = world.request("POST", "/save");
    form.referer = app + "/form";
    const web::Answer posted =
        world.run(flow::challenge(world.site, form, {&world.provider}, Unauthenticated::redirect));
    assert_failure(posted, "provider_unreachable", 502);
    assert_true(has(posted, "return_to=%2Fform\""));
    assert_false(has(posted, "data-f"));
    assert_true(has(world.serve(world.request("GET", "/auth/oauth/a/b")), "href=\"" + app + "/\""));
}

void a_provider_that_is_not_offered_is_not_led_to(void**) {
    World world;
    const flow::Page page{app, "/x"};
    const web::Audience to =
        flow::audience(world.site, world.request("GET", "/"), page, world.provider, {&world.other});
    assert_text_equal(to.retry_url, auth + "/login?return_to=%2Fx");
    assert_text_equal(to.other_account_url, "");
    assert_int_equal(to.others.size(), 1);
    assert_text_equal(to.others.front().type, "oidc");
}

void a_cancelled_sign_in_names_the_ways_on(void**) {
    World world;
    const auto asked = world.begin("/x");
    const web::Answer answer =
        world.serve(world.callback_request(*asked.find("state"), "&error=access_denied"));
    assert_failure(answer, "access_denied", 403);
    assert_true(has(answer, "href=\"" + auth + "/op?account=other&amp;return_to=%2Fx\""));
    assert_true(has(answer, "href=\"" + auth + "/op?return_to=%2Fx\""));
    assert_true(has(answer, "href=\"" + auth + "/other?return_to=%2Fx\""));
}

void programs_come_back_by_themselves(void**) {
    World world;
    flow::Request request = world.request("POST", "/a");
    request.accept = "*/*";
    request.referer = app + "/page";
    const web::Answer json =
        world.run(flow::challenge(world.site, request, {&world.provider}, Unauthenticated::automatic));
    assert_true(has(json, "\"login_url\":\"" + auth + "/login\""));
    request = world.request("GET", "/a");
    request.content_type = "application/grpc";
    const web::Answer grpc =
        world.run(flow::challenge(world.site, request, {&world.provider}, Unauthenticated::redirect));
    assert_int_equal(grpc.status, 401);
    assert_text_equal(World::header(grpc, "grpc-status"), "16");
}

void the_look_is_that_of_the_server(void**) {
    World world;
    world.options.look.color = "#123456";
    flow::Request request = world.request("GET", "/auth/oauth/login");
    request.accept_language = "de";
    const web::Answer german = world.serve(request);
    assert_true(has(german, "<html lang=\"de\">"));
    assert_true(has(german, "--a:#123456"));
    assert_true(has(german, "<bdi>app.example</bdi>"));
    world.options.look.language = "fr";
    world.options.look.title = "The Wiki";
    const web::Answer french = world.serve(request);
    assert_true(has(french, "<html lang=\"fr\">"));
    assert_true(has(french, "The Wiki"));
    assert_false(has(french, "<bdi>app.example</bdi>"));
}

void each_page_has_its_nonce(void**) {
    World world;
    const auto nonce = [&] {
        const std::string body = world.serve(world.request("GET", "/auth/oauth/login")).body;
        const std::size_t begin = body.find("<script nonce=\"") + 15;
        return body.substr(begin, body.find('"', begin) - begin);
    };
    const std::string first = nonce();
    assert_int_equal(first.size(), 22); // 128 bits
    assert_true(first.substr(11) != nonce().substr(11));
}

void a_way_out_that_failed_is_tried_again_where_it_can_be(void**) {
    World world;
    world.sign_in_as("user-1");
    world.make_store_late().fails = true;
    flow::Request own = world.request("GET", "/auth/oauth/logout");
    own.sec_fetch_site = "same-origin";
    assert_true(has(world.serve(own), "href=\"" + auth + "/logout\" data-h>Try again"));
    flow::Request foreign = own;
    foreign.sec_fetch_site = "cross-site"; // a click would not be that of whoever wants it
    assert_true(has(world.serve(foreign), "href=\"" + auth + "/signed-out\" data-h>Try again"));
}

void strict_cookies_and_who_does_not_say(void**) {
    World world;
    world.options.cookie.same_site = session::CookieSettings::SameSite::strict;
    flow::Request request = world.request("GET", "/auth/oauth/signed-out");
    assert_true(has(world.serve(request), "/auth/oauth/signed-out?again=1"));
    request.accept = "application/json";
    request.sec_fetch_site = "cross-site";
    assert_text_equal(world.serve(request).body, R"({"signed_in":false})");
}

void one_provider_is_remembered_where_it_was_left(void**) {
    World world;
    world.site.providers.pop_back();
    world.sign_in_as("user-1");
    assert_int_equal(world.jar.count(last), 0);
    world.jar[last] = "op!";
    world.sign_in_as("user-1");
    assert_text_equal(world.jar.at(last), "op");
    world.sign_in_as("user-1"); // which deletes what is left of other sessions
    assert_text_equal(world.jar.at(last), "op");
}

void deletions_have_a_bound(void**) {
    World world;
    flow::Request request = world.request("POST", "/auth/oauth/logout");
    for (int i = 0; i < 200; ++i) {
        request.cookies.emplace_back("__Host-oauth." + std::to_string(i), "x");
    }
    request.cookies.emplace_back(last, "op.other");
    assert_true(world.serve(request).set_cookies.size() <= 64);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_endpoint_is_a_page_for_browsers),
        cmocka_unit_test(the_one_chosen_last_comes_first),
        cmocka_unit_test(who_is_signed_in_goes_on_or_is_asked),
        cmocka_unit_test(another_account_is_asked_for_by_its_name),
        cmocka_unit_test(a_refused_post_leads_back_to_its_form),
        cmocka_unit_test(an_outage_names_the_ways_on),
        cmocka_unit_test(a_provider_that_is_not_offered_is_not_led_to),
        cmocka_unit_test(a_cancelled_sign_in_names_the_ways_on),
        cmocka_unit_test(programs_come_back_by_themselves),
        cmocka_unit_test(the_look_is_that_of_the_server),
        cmocka_unit_test(each_page_has_its_nonce),
        cmocka_unit_test(a_way_out_that_failed_is_tried_again_where_it_can_be),
        cmocka_unit_test(strict_cookies_and_who_does_not_say),
        cmocka_unit_test(one_provider_is_remembered_where_it_was_left),
        cmocka_unit_test(deletions_have_a_bound),
    };
    return cmocka_run_group_tests_name("ways_on", tests, nullptr, nullptr);
}
