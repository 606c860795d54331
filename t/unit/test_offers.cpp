// SPDX-License-Identifier: MIT
// Where locations of one server offer different providers, what leads back to a page names those of that
// page.
#include "flow_world.hpp"

using namespace oauth;
using flow::Unauthenticated;
using unit::app;
using unit::World;

namespace {

const std::string auth = app + "/auth/oauth";

bool has(const web::Answer& answer, std::string_view text) {
    return answer.body.find(text) != std::string::npos;
}

void several(World& world) {
    world.options.has_several_offers = true;
    world.options.offered = {"op", "other"};
}

void what_leads_back_names_the_offer(void**) {
    World world;
    several(world);
    flow::Request request = world.request("GET", "/auth/oauth/login", "return_to=%2Fx");
    assert_true(has(world.serve(request), auth + "/op?providers=op.other&amp;return_to=%2Fx\""));
    world.options.login_page = "/welcome";
    assert_text_equal(World::location(world.serve(request)),
                      app + "/welcome?providers=op.other&return_to=%2Fx");
    assert_true(has(world.serve(world.request("GET", "/auth/oauth/providers")),
                    "\"" + auth + "/other?providers=op.other\""));
    request.arguments = "providers=op";
    assert_true(World::location(world.serve(request)).starts_with("https://op.example/authorize"));
}

void so_do_answers_without_a_session(void**) {
    World world;
    several(world);
    const auto challenge = [&](const flow::Request& request) {
        return world.run(
            flow::challenge(world.site, request, world.site.providers, Unauthenticated::automatic));
    };
    assert_text_equal(World::location(challenge(world.request("GET", "/x"))),
                      auth + "/login?providers=op.other&return_to=%2Fx");
    flow::Request form = world.request("POST", "/save");
    form.referer = app + "/form";
    assert_true(has(challenge(form), auth + "/login?providers=op.other&amp;return_to=%2Fform\""));
    form.accept = "*/*";
    assert_true(has(challenge(form), "\"" + auth + "/login?providers=op.other\\u0026return_to=%2Fform\""));
}

void so_do_refusals_and_changes_of_accounts(void**) {
    World world;
    several(world);
    world.sign_in_as("user-1");
    flow::Admission denied;
    denied.standing = flow::Standing::denied;
    denied.session = world.current();
    denied.identity = {denied.session, &denied.session->session.identity};
    const flow::Request page = world.request("GET", "/x");
    assert_true(has(flow::refuse(world.site, page, world.site.providers, denied, ""),
                    auth + "/other?providers=op.other&amp;return_to=%2Fx\""));
    flow::Request foreign = world.request("GET", "/auth/oauth/op", "account=other&return_to=%2Fx");
    foreign.sec_fetch_site = "cross-site";
    assert_true(has(world.serve(foreign), "&amp;account=other&amp;providers=op.other&amp;return_to=%2Fx\""));
}

void a_callback_knows_what_its_page_offers(void**) {
    World world;
    several(world);
    const web::Answer begun = world.run(flow::sign_in(world.site, world.request("GET", "/auth/oauth/op"),
                                                      world.provider, {&world.provider}, "/x"));
    const auto asked = World::query_of(World::location(begun));
    const web::Answer answer =
        world.serve(world.callback_request(*asked.find("state"), "&error=access_denied"));
    assert_true(has(answer, auth + "/op?providers=op&amp;return_to=%2Fx\""));
    assert_false(has(answer, "/other?"));
}

void a_session_that_does_not_count_there_is_not_gone_on_with(void**) {
    World world;
    world.sign_in_as("user-1");
    const providers::Settings settings = unit::openid_settings("third", "https://third.example");
    flow::Provider third(settings, world.ready, world.clock);
    world.site.providers.push_back(&third);
    const web::Answer page = world.serve(world.request("GET", "/auth/oauth/login"), {&world.other, &third});
    assert_false(has(page, "ann@example.org"));
    assert_false(has(page, "data-w=")); // it would go on at once, and come back
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_leads_back_names_the_offer),
        cmocka_unit_test(so_do_answers_without_a_session),
        cmocka_unit_test(so_do_refusals_and_changes_of_accounts),
        cmocka_unit_test(a_callback_knows_what_its_page_offers),
        cmocka_unit_test(a_session_that_does_not_count_there_is_not_gone_on_with),
    };
    return cmocka_run_group_tests_name("offers", tests, nullptr, nullptr);
}
