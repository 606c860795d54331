// SPDX-License-Identifier: MIT
// Tokens of a session that has ended go back to their provider, and nobody waits for it: LO-25, LO-26.
#include "../../src/flow/sign_out.hpp"
#include "../../src/flow/token_return.hpp"
#include "flow_world.hpp"

using namespace oauth;
using unit::quote;
using unit::World;

namespace {

// Somebody signed in, with tokens that are kept.
struct Kept : World {
    Kept() {
        options.keep_tokens = true;
        options.refresh = 3600; // which keeps the refresh token
        op.token = op.token.with("refresh_token", "\"refresh-1\"");
        op.metadata = op.metadata.with("revocation_endpoint", "\"https://op.example/revoke\"");
        site.providers = {&reporting, &other};
        sign_in_as("user-1");
    }

    web::Answer leave() { return serve(request("POST", "/auth/oauth/logout")); }

    // What has been posted to the provider, once all that is under way has ended.
    std::vector<net::HttpRequest> returned(const std::string& url_end = "/revoke") {
        while (turn()) {
        }
        std::vector<net::HttpRequest> requests;
        for (const net::HttpRequest& each : http.sent) {
            if (each.url.ends_with(url_end)) {
                requests.push_back(each);
            }
        }
        return requests;
    }

    std::vector<std::string> reports;
    flow::Provider reporting{settings, ready, clock,
                             [this](const std::string& text) { reports.push_back(text); }};
};

std::string parameter(const net::HttpRequest& request, std::string_view name) {
    return std::string(core::Parameters::parse(request.body)->find(name).value_or(""));
}

void lo_26_tokens_go_back_when_the_session_has_ended(void**) {
    Kept world;
    const std::string id = world.current()->session.id;
    const web::Answer answer = world.leave();
    assert_int_equal(answer.status, 303);
    assert_int_equal(world.http.pending(), 1); // nobody waits for it
    assert_true(world.ledger.is_revoked({id, "", "", 0}));
    const auto returned = world.returned();
    assert_int_equal(returned.size(), 2);
    assert_text_equal(parameter(returned[0], "token"), "refresh-1");
    assert_text_equal(parameter(returned[0], "token_type_hint"), "refresh_token");
    assert_text_equal(parameter(returned[1], "token"), "access-1");
    assert_text_equal(parameter(returned[1], "token_type_hint"), "access_token");
    assert_true(returned[0].purpose == net::HttpRequest::Purpose::background);
    assert_true(world.reports.empty());
    assert_int_equal(world.background.size(), 0);
}

void lo_26_what_fails_is_one_line(void**) {
    for (const net::HttpResult& failure :
         {net::HttpResult(unit::unreachable()), unit::json_response("{\"error\":\"access-1\"}", 503),
          unit::json_response("{\"error\":\"unsupported_token_type\"}", 400)}) {
        Kept world;
        world.op.instead.emplace("/revoke", failure);
        assert_int_equal(world.leave().status, 303);
        assert_int_equal(world.returned().size(), 2); // once each
        assert_int_equal(world.reports.size(), 1);
        assert_true(
            world.reports[0].starts_with("tokens of a session that has ended could not be revoked: "));
        assert_null(world.current().get());
    }
}

void lg_01_what_the_endpoint_repeats_is_not_told(void**) {
    for (const std::string& repeated :
         {std::string("refresh-1"), std::string("secret"),
          oidc::basic_credentials({"client", "secret", oidc::ClientAuth::basic})}) {
        Kept world;
        world.op.instead.emplace("/revoke", unit::json_response("{\"error\":\"" + repeated + "\"}", 400));
        world.leave();
        world.returned();
        assert_int_equal(world.reports.size(), 1);
        assert_true(world.reports[0].find(repeated) == std::string::npos);
    }
}

void what_is_not_kept_does_not_go_back(void**) {
    World world;
    world.op.metadata = world.op.metadata.with("revocation_endpoint", "\"https://op.example/revoke\"");
    world.sign_in_as("user-1");
    world.serve(world.request("POST", "/auth/oauth/logout"));
    assert_int_equal(world.http.pending(), 0);
}

void a_configured_endpoint_wins(void**) {
    Kept world;
    world.settings.revocation_endpoint = "https://op.example/configured";
    flow::Provider cold{world.settings, world.ready, world.clock}; // has seen no metadata
    world.site.providers = {&cold};
    world.leave();
    assert_int_equal(world.returned("/configured").size(), 2);
    assert_int_equal(world.returned().size(), 0);
}

void by_type(void**) {
    for (const char* type : {"auth0", "aws-cognito"}) { // refuse access tokens
        Kept world;
        world.settings.type = providers::find_type(type);
        world.leave();
        const auto returned = world.returned();
        assert_int_equal(returned.size(), 1);
        assert_text_equal(parameter(returned[0], "token"), "refresh-1");
    }
    Kept azure;
    azure.settings.type = providers::find_type("azure-ad"); // has no way
    azure.leave();
    assert_int_equal(azure.returned().size(), 0);
    Kept github;
    github.settings.type = providers::find_type("github");
    github.settings.api_url = "https://api.op.example";
    github.leave();
    const auto returned = github.returned("/applications/client/token");
    assert_int_equal(returned.size(), 1);
    assert_text_equal(returned[0].method, "DELETE");
    assert_text_equal(returned[0].body, R"({"access_token":"access-1"})");
    assert_text_equal(returned[0].headers.back().name, "Authorization");
}

void not_to_another_provider_of_that_name(void**) {
    Kept world;
    world.settings.client_id = "another";
    flow::Provider renewed{world.settings, world.ready, world.clock};
    world.site.providers = {&renewed};
    flow::give_back_tokens(world.site, world.current() ? world.current()->session : session::Session{});
    assert_int_equal(world.http.pending(), 0);
}

void a_session_that_could_not_be_ended_keeps_them(void**) {
    Kept world;
    world.ledger.full = true;
    assert_int_equal(world.leave().status, 503);
    assert_int_equal(world.http.pending(), 0);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(lo_26_tokens_go_back_when_the_session_has_ended),
        cmocka_unit_test(lo_26_what_fails_is_one_line),
        cmocka_unit_test(lg_01_what_the_endpoint_repeats_is_not_told),
        cmocka_unit_test(what_is_not_kept_does_not_go_back),
        cmocka_unit_test(a_configured_endpoint_wins),
        cmocka_unit_test(by_type),
        cmocka_unit_test(not_to_another_provider_of_that_name),
        cmocka_unit_test(a_session_that_could_not_be_ended_keeps_them),
    };
    return cmocka_run_group_tests_name("token_return", tests, nullptr, nullptr);
}
