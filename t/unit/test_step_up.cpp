// SPDX-License-Identifier: MIT
// What a page asks of a sign-in (oauth_step_up): when a session meets it, what the provider is asked, and
// what becomes of its answer (IDT-18, IDT-19).
#include "../../src/flow/step_up.hpp"
#include "flow_world.hpp"

using namespace oauth;
using unit::World;

namespace {

session::StepUp acr(std::vector<std::string> values) {
    return {std::move(values), std::nullopt};
}

void idt_18_idt_19_boundaries(void**) {
    const session::StepUp recent{{}, 100};
    assert_true(flow::meets(recent, {std::nullopt, 1000}, 1100, 0));
    assert_false(flow::meets(recent, {std::nullopt, 1000}, 1101, 0));
    assert_true(flow::meets(recent, {std::nullopt, 1000}, 1160, 60));
    assert_false(flow::meets(recent, {std::nullopt, 1000}, 1161, 60));
    assert_false(flow::meets(recent, {std::nullopt, std::nullopt}, 1000, 60));
    assert_true(flow::meets(recent, {std::nullopt, 1060}, 1000, 60));
    for (const std::int64_t to_come : {std::int64_t{1061}, std::int64_t{1000000}, INT64_MAX}) {
        assert_false(flow::meets(recent, {std::nullopt, to_come}, 1000, 60));
    }
    assert_true(flow::meets(acr({"a", "b"}), {"b", std::nullopt}, 0, 0));
    for (const auto& found : {std::optional<std::string_view>("c"), std::optional<std::string_view>(""),
                              std::optional<std::string_view>()}) {
        assert_false(flow::meets(acr({"a", "b"}), {found, std::nullopt}, 0, 0));
    }
    assert_false(flow::meets({{"a"}, 100}, {"a", std::nullopt}, 0, 0));
    assert_true(flow::meets({}, {std::nullopt, std::nullopt}, 0, 0));
}

void what_the_provider_is_asked(void**) {
    const session::StepUp wanted{{"a", "b"}, 300};
    oidc::AuthorizationRequest request;
    request.extra = {{"acr_values", "x"}, {"max_age", "100"}, {"prompt", "consent"}};
    flow::ask_for_step_up(*providers::find_type("oidc"), wanted, request);
    const oidc::AuthorizationParameters expected = {
        {"prompt", "consent"}, {"acr_values", "a b"}, {"max_age", "100"}}; // the one that asks for more
    assert_true(request.extra == expected);
    oidc::AuthorizationRequest other;
    other.extra = {{"prompt", "consent"}};
    flow::ask_for_step_up(*providers::find_type("aws-cognito"), {{}, 300}, other);
    assert_true(other.extra == (oidc::AuthorizationParameters{{"prompt", "login"}}));
    assert_false(flow::requested_max_age(other).has_value());
    other.extra = {{"max_age", "soon"}};
    assert_int_equal(*flow::requested_max_age(other), 0);
}

void the_challenge(void**) {
    assert_text_equal(
        flow::step_up_challenge({{"a", "b"}, 300}),
        "Bearer error=\"insufficient_user_authentication\", acr_values=\"a b\", max_age=\"300\"");
    assert_text_equal(flow::step_up_challenge({{}, 5}),
                      "Bearer error=\"insufficient_user_authentication\", max_age=\"5\"");
}

web::Answer come_back(World& world, const session::StepUp& wanted) {
    const web::Answer begun = world.run(flow::sign_in(
        world.site, world.request("GET", "/admin"), world.provider, world.site.providers, "/admin", wanted));
    const auto asked = World::query_of(World::location(begun));
    world.op.claims = world.op.claims.with("nonce", unit::quote(*asked.find("nonce")));
    return world.serve(world.callback_request(*asked.find("state")));
}

void idt_19_only_what_was_asked_for_is_a_session(void**) {
    World world;
    world.needs.add("acr");
    world.requirements.finish();
    const session::StepUp wanted = acr({"gold"});
    const web::Answer refused = come_back(world, wanted);
    assert_failure(refused, "policy_denied", 403);
    assert_false(World::sets_session(refused, world.session_name()));
    assert_true(world.jar_is_cleared());
    world.op.claims = world.op.claims.with("acr", "\"gold\"");
    assert_int_equal(come_back(world, wanted).status, 302);
    assert_true(flow::meets(wanted, world.current()->session, world.site));
    assert_false(flow::meets(acr({"platinum"}), world.current()->session, world.site));
}

void idt_18_the_time_is_the_providers(void**) {
    World world;
    const session::StepUp wanted{{}, 100};
    assert_failure(come_back(world, wanted), "policy_denied", 403);
    world.op.claims = world.op.claims.with("auth_time", std::to_string(unit::start_of_time - 161));
    assert_failure(come_back(world, wanted), "policy_denied", 403);
    world.op.claims = world.op.claims.with("auth_time", std::to_string(unit::start_of_time + 61));
    assert_failure(come_back(world, wanted), "policy_denied", 403);
    world.op.claims = world.op.claims.with("auth_time", std::to_string(unit::start_of_time - 100));
    assert_int_equal(come_back(world, wanted).status, 302);
    assert_true(flow::meets(wanted, world.current()->session, world.site));
    world.sign_in_as("user-2");
    assert_true(world.current()->session.auth_time_is_told);
}

void idt_18_a_time_to_come_is_unknown_to_a_session(void**) {
    for (const std::int64_t ahead : {std::int64_t{61}, 1000 * unit::start_of_time}) {
        World world;
        world.op.claims = world.op.claims.with("auth_time", std::to_string(unit::start_of_time + ahead));
        world.sign_in_as("user-1");
        assert_false(world.current()->session.auth_time_is_told);
        assert_false(flow::meets({{}, 100}, world.current()->session, world.site));
    }
    World world;
    world.op.claims = world.op.claims.with("auth_time", std::to_string(unit::start_of_time + 60));
    world.sign_in_as("user-1");
    assert_true(flow::meets({{}, 100}, world.current()->session, world.site));
}

void an_unknown_time_is_none(void**) {
    World world;
    world.sign_in_as("user-1");
    assert_false(world.current()->session.auth_time_is_told);
    assert_false(flow::meets({{}, 100}, world.current()->session, world.site));
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(idt_18_idt_19_boundaries),
        cmocka_unit_test(what_the_provider_is_asked),
        cmocka_unit_test(the_challenge),
        cmocka_unit_test(idt_19_only_what_was_asked_for_is_a_session),
        cmocka_unit_test(idt_18_the_time_is_the_providers),
        cmocka_unit_test(idt_18_a_time_to_come_is_unknown_to_a_session),
        cmocka_unit_test(an_unknown_time_is_none),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
