// SPDX-License-Identifier: MIT
// Opaque access tokens: what a provider is asked, what of its answers counts (BR-10, BR-13, BR-15, BR-16),
// and for how long (BR-14); who is asked at all (MCP-16).
#include "bearer_world.hpp"
#include "outcomes.hpp"

#include <string>
#include <vector>

using namespace oauth;
using unit::app;
using unit::BearerWorld;
using unit::Object;
using unit::quote;
using unit::start_of_time;

namespace {

using Missing = oidc::AccessTokenExpectation::MissingAudience;

std::string at(std::int64_t seconds) {
    return std::to_string(start_of_time + seconds);
}

Object right() {
    return {{"active", "true"},           {"sub", "\"robot-1\""}, {"aud", quote(unit::resource_at)},
            {"token_type", "\"Bearer\""}, {"exp", at(600)},       {"scope", "\"read\""}};
}

oidc::AccessTokenExpectation expected(Missing missing = Missing::refused) {
    oidc::AccessTokenExpectation expected;
    expected.issuers = {unit::issuer};
    expected.client_id = "client";
    expected.now = start_of_time;
    expected.clock_skew = 60;
    expected.audiences = {unit::resource_at};
    expected.missing_audience = missing;
    return expected;
}

core::Result<std::optional<oidc::AccessToken>> process(const Object& answer,
                                                       Missing missing = Missing::refused) {
    return oidc::process_introspection_response(unit::json_response(answer.text()).value(),
                                                expected(missing));
}

oidc::AccessToken take(const Object& answer, Missing missing = Missing::refused) {
    auto token = unit::expect_accepted(process(answer, missing));
    assert_true(token.has_value());
    return std::move(*token);
}

void turn_down(const Object& answer, std::string_view part, std::string_view code = "token_invalid",
               Missing missing = Missing::refused) {
    unit::expect_refused(process(answer, missing), part, code);
}

void what_is_asked(void**) {
    const oidc::ClientCredentials client{"client", "secret", oidc::ClientAuth::basic};
    const auto request =
        oidc::build_introspection_request({"https://op.example/introspect", "a+b/c=", client});
    assert_text_equal(request.method, "POST");
    assert_text_equal(request.url, "https://op.example/introspect"); // the token is in no address
    assert_text_equal(request.body, "token=a%2Bb%2Fc%3D&token_type_hint=access_token");
    std::string all;
    for (const auto& header : request.headers) {
        all += header.name + ": " + header.value + "\n";
    }
    assert_true(all.find("Content-Type: application/x-www-form-urlencoded\n") != std::string::npos);
    assert_true(all.find("Accept: application/json\n") != std::string::npos);
    assert_true(all.find("Authorization: Basic Y2xpZW50OnNlY3JldA==\n") != std::string::npos);
}

void br_15_active_is_true_and_nothing_else(void**) {
    for (const char* odd : {"\"true\"", "1", "null", "[true]", "{}", "\"\""}) {
        turn_down(right().with("active", odd), "active is missing, or neither", "provider_error");
    }
    turn_down(right().without("active"), "active is missing", "provider_error");
    const auto inactive = process(right().with("active", "false"));
    assert_true(inactive.ok());
    assert_false(inactive->has_value());
    const auto bare = process({{"active", "false"}});
    assert_true(bare.ok() && !bare->has_value());
}

void br_15_what_is_no_answer(void**) {
    for (const int status : {201, 204, 302, 400, 401, 500}) {
        const auto response = unit::json_response(right().text(), status).value();
        const auto token = oidc::process_introspection_response(response, expected());
        assert_false(token.ok());
        assert_text_equal(core::code_name(token.error().code), "provider_error");
    }
    for (const char* body : {"", "[]", "true", "{", "{\"active\":true,\"active\":true}"}) {
        const auto token =
            oidc::process_introspection_response(unit::json_response(body).value(), expected());
        assert_false(token.ok());
        assert_text_equal(core::code_name(token.error().code), "provider_error");
    }
    auto page = unit::json_response(right().text()).value();
    page.content_type = "text/html";
    assert_false(oidc::process_introspection_response(page, expected()).ok());
}

void a_right_answer(void**) {
    const auto token = take(right().with("iat", at(-5)).with("iss", quote(unit::issuer)));
    assert_text_equal(token.subject, "robot-1");
    assert_int_equal(token.expires_at, start_of_time + 600);
    assert_int_equal(token.issued_at, start_of_time - 5);
    assert_true(token.scopes == std::vector<std::string>({"read"}));
    const auto little = take(right().without("exp").without("token_type").without("scope"));
    assert_int_equal(little.expires_at, 0);
    assert_int_equal(little.issued_at, 0);
}

void br_16_the_kind_of_token(void**) {
    for (const char* odd : {"\"DPoP\"", "\"mac\"", "\"refresh_token\"", "\"\"", "1", "[\"Bearer\"]"}) {
        turn_down(right().with("token_type", odd), "its token_type is not Bearer");
    }
    for (const char* fine : {"\"bearer\"", "\"BEARER\"", "\"access_token\"", "null"}) {
        take(right().with("token_type", fine));
    }
    for (const char* odd : {"\"refresh_token\"", "\"id\"", "\"\"", "1"}) {
        turn_down(right().with("token_use", odd), "its token_use is not access_token");
    }
    take(right().with("token_use", "\"access_token\""));
    take(right().with("token_use", "\"access\""));
}

void br_16_times_to_the_second(void**) {
    turn_down(right().with("exp", at(-60)), "it has expired");
    take(right().with("exp", at(-59)));
    turn_down(right().with("exp", quote(at(60))), "exp is missing or not a number");
    turn_down(right().with("nbf", at(61)), "nbf is in the future");
    take(right().with("nbf", at(60)));
}

void br_10_br_16_whose_and_for_whom(void**) {
    turn_down(right().with("iss", "\"https://elsewhere.example\""), "iss is not the provider's");
    turn_down(right().with("iss", "1"), "iss is missing or not a string");
    for (const Missing missing : {Missing::refused, Missing::accepted}) {
        for (const char* other : {"\"https://app.example\"", "[]", "\"\"", "[\"client\"]", "1"}) {
            turn_down(right().with("aud", other), "aud is not this resource", "token_invalid", missing);
        }
        take(right().with("aud", "[\"x\",\"https://app.example/mcp\"]"), missing);
    }
    turn_down(right().without("aud"), "aud is missing");
    take(right().without("aud"), Missing::accepted);
}

void br_13_bound_to_a_key(void**) {
    turn_down(right().with("cnf", R"({"jkt":"x"})"), "it is bound to a key");
}

void who_it_is_of(void**) {
    turn_down(right().without("sub"), "its sub is missing");
    turn_down(right().with("sub", quote("a\nb")), "its sub is too long or has control characters");
    turn_down(right().with("sub", quote(std::string(256, 's'))), "its sub is too long");
    take(right().with("sub", quote(std::string(255, 's'))));
}

BearerWorld& with_endpoint(BearerWorld& world) {
    world.has_introspection();
    world.introspects(right());
    return world;
}

void br_14_remembered_for_a_minute(void**) {
    BearerWorld world;
    with_endpoint(world);
    const auto opened = world.take("opaque-1");
    assert_text_equal(opened->session.identity.subject, "robot-1");
    assert_int_equal(opened->due_at, start_of_time + 60);
    assert_int_equal(opened->ends_at, start_of_time + 600 + 60);
    assert_int_equal(opened->session.made_at, start_of_time); // iat is not told
    world.clock.advance(59);
    assert_ptr_equal(world.known("opaque-1").get(), opened.get());
    world.clock.advance(1);
    assert_null(world.known("opaque-1").get());
    world.take("opaque-1");
    assert_int_equal(world.http.count("/introspect"), 2);
}

void br_14_never_past_its_end(void**) {
    BearerWorld world;
    with_endpoint(world);
    world.introspects(right().with("exp", at(5)));
    world.take("opaque-1");
    world.clock.advance(4);
    assert_non_null(world.known("opaque-1").get());
    world.clock.advance(1);
    assert_null(world.known("opaque-1").get());
    world.introspects(right().without("exp"));
    const auto endless = world.take("opaque-2");
    assert_int_equal(endless->due_at, world.clock.now() + 60);
    assert_int_equal(endless->ends_at, world.clock.now() + world.options.session_lifetime);
}

void br_14_a_refusal_is_remembered_for_moments(void**) {
    BearerWorld world;
    with_endpoint(world);
    world.introspects({{"active", "false"}});
    world.refuse("opaque-1", "access token: no provider of the location knows it");
    world.refuse("opaque-1", "no provider knew it a moment ago");
    assert_int_equal(world.http.count("/introspect"), 1);
    world.refuse("opaque-2", "no provider of the location knows it"); // another one is asked about
    world.clock.advance(9);
    world.refuse("opaque-1", "a moment ago");
    world.clock.advance(1);
    world.introspects(right());
    world.take("opaque-1");
    // for that resource and base URL alone
    world.introspects({{"active", "false"}});
    world.refuse("opaque-3", "knows it");
    world.introspects(right().with("aud", "[\"https://other.example/mcp\",\"https://app.example/mcp\"]"));
    world.take("opaque-3", "https://other.example");
    flow::ProtectedResource second = world.resource;
    second.is_mcp = false;
    assert_true(unit::run_task(world, flow::verify_token(world.site, second, "opaque-3", app, "")).ok());
    const std::size_t asked = world.http.count("/introspect");
    world.site.tokens = nullptr;
    world.take("opaque-3");
    assert_int_equal(world.http.count("/introspect"), asked + 1);
    world.introspects({{"active", "false"}});
    world.refuse("opaque-4", "no provider of the location knows it"); // and so each time
    world.refuse("opaque-4", "no provider of the location knows it");
}

void a_clock_that_is_set_back_makes_no_refusal_longer(void**) {
    BearerWorld world;
    with_endpoint(world);
    world.introspects({{"active", "false"}});
    world.refuse("opaque-1", "knows it");
    world.clock.advance(-3600);
    world.introspects(right());
    world.take("opaque-1");
}

void br_16_one_that_is_active_and_not_to_be_used_here(void**) {
    BearerWorld world;
    with_endpoint(world);
    world.introspects(right().with("token_type", "\"DPoP\""));
    world.refuse("opaque-1", "access token of op: its token_type is not Bearer");
    world.refuse("opaque-1", "a moment ago");
    assert_int_equal(world.http.count("/introspect"), 1);
    assert_null(world.known("opaque-1").get());
}

void br_15_an_endpoint_that_fails_says_nothing(void**) {
    BearerWorld world;
    with_endpoint(world);
    world.op.instead.insert_or_assign("/introspect", unit::unreachable());
    world.fails("opaque-1", "provider_unreachable");
    for (const char* body : {"[]", "{}", R"({"active":"true","sub":"opaque-1"})"}) {
        world.op.instead.insert_or_assign("/introspect", unit::json_response(body));
        world.fails("opaque-1", "provider_error");
    }
    world.op.instead.insert_or_assign("/introspect", unit::json_response(right().text(), 401));
    world.fails("opaque-1", "provider_error");
    const Object told = {{"error", "\"invalid_request\""}, {"error_description", "\"not one: opaque-1\""}};
    world.op.instead.insert_or_assign("/introspect", unit::json_response(told.text(), 400));
    world.fails("opaque-1", "provider_error"); // and the log does not show it
    assert_true(world.ask("opaque-1").error().detail.find("invalid_request") != std::string::npos);
    const auto verdict = world.ask("opaque-1");
    assert_true(verdict.error().detail.starts_with("op: introspection endpoint: "));
    assert_true(verdict.error().detail.find("check introspection_endpoint") != std::string::npos);
    world.introspects(right());
    world.take("opaque-1"); // nothing was remembered of that
}

void lg_01_what_the_endpoint_repeats_is_not_told(void**) {
    BearerWorld world;
    with_endpoint(world);
    world.settings.client_secret = "s3cr:t";
    for (const auto auth : {oidc::ClientAuth::basic, oidc::ClientAuth::post}) {
        world.settings.client_auth = auth;
        assert_true(world.ask("opaque-0").ok());
        const net::HttpRequest sent = world.http.sent.back();
        const std::string all = sent.headers.back().value + " " + sent.body;
        const std::string error = R"({"error":"invalid_client","error_description":)" + quote(all) + "}";
        world.op.instead.insert_or_assign("/introspect", unit::json_response(error, 401));
        const std::string told = world.ask("opaque-0").error().detail;
        assert_true(told.find("[...]") != std::string::npos);
        std::vector<std::string> secrets = {"opaque-0", "s3cr"};
        if (auth == oidc::ClientAuth::basic) {
            secrets.push_back(sent.headers.back().value.substr(sizeof("Basic ") - 1, 12));
        }
        for (const std::string& secret : secrets) {
            assert_true(told.find(secret) == std::string::npos);
        }
        world.introspects(right());
    }
}

void mcp_13_an_mcp_server_has_to_be_named(void**) {
    BearerWorld world;
    with_endpoint(world);
    world.introspects(right().without("aud"));
    world.refuse("opaque-1", "aud is missing");
    world.resource.is_mcp = false;
    world.take("opaque-2");
}

void mcp_16_without_an_endpoint_nobody_is_asked(void**) {
    BearerWorld world;
    world.refuse("opaque-1", "no provider of the location knows it"); // its metadata had to be read once
    const std::size_t asked = world.http.sent.size();
    for (const char* token : {"opaque-2", "a.b.c.d.e", "a.b.c", "eyJ.b.c.d.e"}) {
        world.refuse(token, "no provider of the location has an introspection endpoint");
    }
    assert_int_equal(world.http.sent.size(), asked);
    world.site.providers = {};
    world.refuse("opaque-3", "no provider of the location has an introspection endpoint");
}

// A provider without OpenID is asked where its block names the endpoint.
void mcp_16_a_provider_without_openid(void**) {
    BearerWorld world;
    auto plain = providers::make_settings(*providers::find_type("oauth2"), "plain");
    flow::Provider without{plain, world.ready, world.clock};
    world.site.providers = {&without};
    world.refuse("opaque-1", "no provider of the location has an introspection endpoint");
    assert_int_equal(world.http.sent.size(), 0);
    plain.client_id = "client";
    plain.client_secret = "secret";
    plain.introspection_endpoint = unit::issuer + "/introspect";
    flow::Provider with{plain, world.ready, world.clock};
    world.site.providers = {&with};
    world.introspects(right());
    assert_text_equal(world.take("opaque-1")->session.identity.subject, "robot-1");
}

void times_beyond_all_reason(void**) {
    BearerWorld world;
    with_endpoint(world);
    world.introspects(right().with("iat", "9223372036854775807"));
    assert_true(world.take("opaque-1")->session.begun_at > start_of_time * 1000);
}

void what_only_looks_like_a_jwt(void**) {
    BearerWorld world;
    with_endpoint(world);
    world.take("a.b.c"); // three parts, and none of them is a header
    world.take("eyJ.b.c.d.e");
}

void the_location_s_providers_in_order(void**) {
    BearerWorld world;
    with_endpoint(world);
    providers::Settings copy = unit::openid_settings("first", unit::issuer);
    copy.introspection_endpoint = unit::issuer + "/introspect-1";
    flow::Provider first{copy, world.ready, world.clock};
    world.site.providers = {&first, &world.provider};
    world.op.instead.insert_or_assign("/introspect-1", unit::json_response(R"({"active":false})"));
    assert_text_equal(world.take("opaque-1")->session.identity.provider, "op");
    assert_int_equal(world.http.count("/introspect-1"), 1);
    // One that fails does not hide another's yes, and makes of its no a failure.
    world.op.instead.insert_or_assign("/introspect-1", unit::unreachable());
    world.take("opaque-2");
    world.introspects({{"active", "false"}});
    world.fails("opaque-3", "provider_unreachable");
    world.fails("opaque-3", "provider_unreachable");
    world.op.instead.insert_or_assign("/introspect", unit::json_response("[]"));
    world.fails("opaque-3", "provider_unreachable"); // the first failure is told
    // One that knows it is the last that is asked.
    const std::size_t asked = world.http.count("/introspect");
    world.op.instead.insert_or_assign("/introspect-1", unit::json_response(right().text()));
    assert_text_equal(world.take("opaque-4")->session.identity.provider, "first");
    world.resource.providers = {"first"};
    world.op.instead.insert_or_assign("/introspect-1", unit::json_response(R"({"active":false})"));
    world.refuse("opaque-5", "knows it");
    assert_int_equal(world.http.count("/introspect"), asked);
}

void strangers_take_turns(void**) {
    BearerWorld world;
    with_endpoint(world);
    auto taken = world.take_all_turns();
    world.fails("opaque-1", "provider_unreachable");
    assert_int_equal(world.http.sent.size(), 0);
    taken.clear();
    world.take("opaque-1");
}

void br_20_a_user_who_was_signed_out(void**) {
    BearerWorld world;
    with_endpoint(world);
    const auto marks = session::marks_of(world.take("opaque-1")->session);
    world.ledger.revoke_all(marks.subject, start_of_time * 1000, start_of_time + 86400);
    assert_null(world.known("opaque-1").get());
    world.refuse("opaque-1", "has been signed out");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_is_asked),
        cmocka_unit_test(br_15_active_is_true_and_nothing_else),
        cmocka_unit_test(br_15_what_is_no_answer),
        cmocka_unit_test(a_right_answer),
        cmocka_unit_test(br_16_the_kind_of_token),
        cmocka_unit_test(br_16_times_to_the_second),
        cmocka_unit_test(br_10_br_16_whose_and_for_whom),
        cmocka_unit_test(br_13_bound_to_a_key),
        cmocka_unit_test(who_it_is_of),
        cmocka_unit_test(br_14_remembered_for_a_minute),
        cmocka_unit_test(br_14_never_past_its_end),
        cmocka_unit_test(br_14_a_refusal_is_remembered_for_moments),
        cmocka_unit_test(a_clock_that_is_set_back_makes_no_refusal_longer),
        cmocka_unit_test(br_16_one_that_is_active_and_not_to_be_used_here),
        cmocka_unit_test(br_15_an_endpoint_that_fails_says_nothing),
        cmocka_unit_test(lg_01_what_the_endpoint_repeats_is_not_told),
        cmocka_unit_test(mcp_13_an_mcp_server_has_to_be_named),
        cmocka_unit_test(mcp_16_without_an_endpoint_nobody_is_asked),
        cmocka_unit_test(mcp_16_a_provider_without_openid),
        cmocka_unit_test(times_beyond_all_reason),
        cmocka_unit_test(what_only_looks_like_a_jwt),
        cmocka_unit_test(the_location_s_providers_in_order),
        cmocka_unit_test(strangers_take_turns),
        cmocka_unit_test(br_20_a_user_who_was_signed_out),
    };
    return cmocka_run_group_tests_name("introspection", tests, nullptr, nullptr);
}
