// SPDX-License-Identifier: MIT
// Each step of a callback that can fail: the right code, no session cookie, the sign-in's cookie deleted
// (CS-05), the sign-in used up where the code went out, nothing tried twice (TK-19), and no secret in what is
// said or logged.
#include "policy_ports.hpp"

#include "flow_world.hpp"

using namespace oauth;
using unit::json_response;
using unit::quote;
using unit::World;

namespace {

struct Case {
    const char* what;
    std::string_view code;
    int status;
    std::function<void(World&)> arrange;
    std::string rest = "&code=code-1";
    std::size_t token_requests = 1;
    std::size_t userinfo_requests = 0;
};

std::function<void(World&)> claim(const char* name, std::string json) {
    return [name, json](World& world) { world.op.claims = world.op.claims.with(name, json); };
}

std::function<void(World&)> instead(const char* end, net::HttpResult result) {
    return [end, result](World& world) { world.op.instead.emplace(end, result); };
}

net::HttpResult text_response(int status, std::string body) {
    net::HttpResponse response;
    response.status = status;
    response.content_type = "text/html";
    response.body = std::move(body);
    return response;
}

void too_much_data(World& world) {
    world.needs.claims = {"big"};
    world.op.userinfo = world.op.userinfo.with("big", quote(std::string(8000, 'x')));
}

void far_too_much_data(World& world) {
    world.needs.claims = {"big"};
    world.op.userinfo = world.op.userinfo.with("big", quote(std::string(100000, 'x')));
}

void iss_is_promised(World& world) {
    world.op.metadata = world.op.metadata.with("authorization_response_iss_parameter_supported", "true");
}

// The sign-in has begun and the metadata are known when `arrange` is called, except where it says otherwise.
std::vector<Case> cases() {
    const auto nothing = [](World&) {};
    const core::Error timeout{core::Code::provider_timeout, "op.example: no answer in time"};
    return {
        {"CB-07 the user refused", "access_denied", 403, nothing,
         "&error=access_denied&error_description=%3Cscript%3Ealert(1)", 0},
        {"CB-08 error and code", "provider_error", 502, nothing, "&error=server_error&code=code-1", 0},
        {"CB-10 iss of another", "request_invalid", 400, nothing,
         "&code=code-1&iss=https%3A%2F%2Fevil.example", 0},
        {"CB-10 iss with a slash", "request_invalid", 400, nothing,
         "&code=code-1&iss=https%3A%2F%2Fop.example%2F", 0},
        {"CB-05 no code", "request_invalid", 400, nothing, "", 0},
        {"CB-05 empty code", "request_invalid", 400, nothing, "&code=", 0},
        {"CB-05 line feed in the code", "request_invalid", 400, nothing, "&code=a%0d%0ab", 0},
        {"CB-13 access token in the query", "request_invalid", 400, nothing, "&code=c&access_token=t", 0},
        {"CB-13 ID token in the query", "request_invalid", 400, nothing, "&code=c&id_token=t", 0},
        {"TK-11 invalid_grant", "provider_error", 502,
         instead("/token", json_response("{\"error\":\"invalid_grant\"}", 400))},
        {"TK-11 error with 200", "provider_error", 502,
         instead("/token", json_response("{\"error\":\"x\"}"))},
        {"TK-12 HTML", "provider_error", 502, instead("/token", text_response(200, "<html>"))},
        {"TK-19 connection died", "provider_unreachable", 502, instead("/token", unit::unreachable())},
        {"TK-19 no answer", "provider_timeout", 504, instead("/token", timeout)},
        {"TK-09 no ID token", "provider_error", 502,
         instead("/token", json_response("{\"access_token\":\"t\",\"token_type\":\"Bearer\"}"))},
        {"CS-04 nonce of another sign-in", "token_invalid", 502, claim("nonce", "\"stale\"")},
        {"IDT-01 issuer", "token_invalid", 502, claim("iss", "\"https://op.example/\"")},
        {"IDT-02 audience", "token_invalid", 502, claim("aud", "\"other\"")},
        {"IDT-06 expired", "token_invalid", 502, claim("exp", std::to_string(unit::start_of_time - 61))},
        {"ID token is none", "token_invalid", 502,
         instead("/token",
                 json_response("{\"access_token\":\"t\",\"token_type\":\"Bearer\",\"id_token\":\"a.b.c\"}"))},
        {"MD-10 no keys", "provider_unreachable", 502, instead("/jwks", unit::unreachable())},
        {"keys of another", "token_invalid", 502,
         instead("/jwks", json_response(tokens::jwk_set({tokens::Key::ec("k1", "P-256").jwk()})))},
        {"UI-05 userinfo 401 for a new token", "provider_error", 502,
         instead("/userinfo", json_response("{}", 401)), "&code=code-1", 1, 1},
        {"UI-05 userinfo 500", "provider_error", 502, instead("/userinfo", text_response(500, "")),
         "&code=code-1", 1, 1},
        {"UI-05 userinfo silent", "provider_timeout", 504, instead("/userinfo", timeout), "&code=code-1", 1,
         1},
        {"UI-01 another user", "token_invalid", 502,
         instead("/userinfo", json_response("{\"sub\":\"user-2\"}")), "&code=code-1", 1, 1},
        {"UI-03 an array", "provider_error", 502, instead("/userinfo", json_response("[]")), "&code=code-1",
         1, 1},
        {"SC-27 no id for the session", "internal_error", 500,
         [](World& world) { world.random.fail_draw(0); }, "&code=code-1", 1, 1},
        {"SC-27 no nonce for the seal", "internal_error", 500,
         [](World& world) { world.random.fail_draw(1); }, "&code=code-1", 1, 1},
        {"SC-11 too large for cookies", "session_too_large", 500, too_much_data, "&code=code-1", 1, 1},
        {"SC-11 too large for a record", "session_too_large", 500, far_too_much_data, "&code=code-1", 1, 1},
    };
}

void check(const Case& each, World& world) {
    print_message("  %s\n", each.what);
    const auto asked = world.begin();
    const std::string state(*asked.find("state"));
    each.arrange(world);
    const flow::Request request = world.callback_request(state, each.rest);
    const auto jar = world.jar;
    const web::Answer answer = world.serve(request);
    assert_failure(answer, each.code, each.status);
    assert_false(World::sets_session(answer, world.session_name()));
    const std::string cookie = World::cookie_set(answer, world.sign_in_name(state));
    assert_true(cookie.find("; Max-Age=0;") != std::string::npos);
    assert_int_equal(world.http.count("/token"), each.token_requests);
    assert_int_equal(world.http.count("/userinfo"), each.userinfo_requests);
    assert_true(answer.log.find("op: ") != std::string::npos);
    for (const std::string& secret : {state, std::string("code-1"), std::string("access-1")}) {
        assert_true(answer.log.find(secret) == std::string::npos);
        assert_true(answer.body.find(secret) == std::string::npos);
    }
    assert_true(answer.body.find("<script>") == std::string::npos);

    world.jar = jar;
    world.op.instead.clear();
    const std::size_t sent = world.http.sent.size();
    const bool used = each.token_requests > 0;
    const web::Answer again = world.serve(request);
    if (used) { // the code went out: whoever comes back is led on, without a session and without a request
        assert_int_equal(again.status, 302);
        assert_text_equal(World::location(again), "https://app.example/page");
        assert_false(World::sets_session(again, world.session_name()));
    } else {
        assert_failure(again, each.code, each.status);
    }
    assert_int_equal(world.http.sent.size(), sent);
}

void each_failing_step_ends_the_sign_in(void**) {
    for (const Case& each : cases()) {
        World world;
        check(each, world);
    }
}

void cb_11_a_promised_iss_must_be_there(void**) {
    World world;
    iss_is_promised(world);
    check({"CB-11 no iss", "request_invalid", 400, [](World&) {}, "&code=code-1", 0}, world);
}

void cb_12_the_right_iss_is_accepted(void**) {
    for (const bool promised : {false, true}) {
        World world;
        if (promised) {
            iss_is_promised(world);
        }
        const auto asked = world.begin();
        const flow::Request request = world.callback_request(
            *asked.find("state"),
            "&code=code-1&iss=https%3A%2F%2Fop.example&session_state=x&authuser=0"); // CB-22
        assert_int_equal(world.serve(request).status, 302);
        assert_non_null(world.current().get());
    }
}

void md_07_an_attempt_keeps_the_token_endpoint_it_began_with(void**) {
    World world;
    const auto asked = world.begin();
    world.op.metadata = world.op.metadata.with("token_endpoint", "\"https://evil.example/token\"")
                            .with("userinfo_endpoint", "\"https://evil.example/userinfo\"");
    flow::Provider refreshed(world.settings, world.ready, world.clock);
    world.site.providers = {&refreshed, &world.other};
    assert_int_equal(world.serve(world.callback_request(*asked.find("state"))).status, 302);
    assert_int_equal(world.http.count("https://op.example/token"), 1);
    assert_int_equal(world.http.count("https://op.example/userinfo"), 1);
    assert_int_equal(world.http.count("https://evil.example/token"), 0);
}

// SC-11: of groups that nobody sees, those stay that a rule asks for.
void groups_that_no_rule_names_make_room(void**) {
    std::string groups = "\"g0\"";
    for (int i = 1; i < 2000; ++i) {
        groups += ",\"g" + std::to_string(i) + "\"";
    }
    const unit::TestWorld policy_world;
    auto rules = std::make_shared<policy::RuleSet>();
    assert_text_equal(rules->add(policy::Action::allow, {"group=g7,g9"}, policy_world.ports()), "");
    for (const bool shown : {false, true}) {
        World world;
        world.needs.add("group");
        world.requirements.rules = {rules};
        world.requirements.shows_groups = shown;
        world.requirements.finish();
        world.op.userinfo = world.op.userinfo.with("groups", "[" + groups + "]");
        const web::Answer answer = world.sign_in_as("user-1");
        assert_int_equal(answer.status, shown ? 500 : 302);
        assert_true(World::sets_session(answer, world.session_name()) != shown);
        if (!shown) {
            const session::OpenedSessionPointer opened = world.current(); // nobody else keeps it
            const session::Session& session = opened->session;
            assert_true(session.groups_are_cut);
            assert_true((session.identity.groups == session::Strings{"g7", "g9"}));
            assert_true(identity::describe(session, session.expires_at).find("groups") ==
                        std::string::npos); // a part is not told
        }
    }
}

void plain_oauth_needs_a_subject(void**) {
    World world;
    providers::Settings settings = providers::make_settings(*providers::find_type("oauth2"), "plain");
    settings.client_id = "client";
    settings.client_secret = "secret";
    settings.authorization_endpoint = unit::issuer + "/authorize";
    settings.token_endpoint = unit::issuer + "/token";
    settings.userinfo_endpoint = unit::issuer + "/userinfo";
    flow::Provider plain(settings, world.ready, world.clock);
    world.site.providers = {&plain};
    for (const bool known : {false, true}) {
        world.op.instead.clear();
        world.op.instead.emplace(
            "/userinfo", json_response(known ? "{\"id\":583231,\"name\":\"Ann\"}" : "{\"name\":\"Ann\"}"));
        const web::Answer start = world.serve(world.request("GET", "/auth/oauth/plain"));
        const auto asked = World::query_of(World::location(start));
        assert_false(asked.has("nonce"));
        const web::Answer answer = world.serve(world.request(
            "GET", "/auth/oauth/plain/callback", "code=c&state=" + std::string(*asked.find("state"))));
        assert_int_equal(answer.status, known ? 302 : 502);
        assert_true((world.current() != nullptr) == known);
    }
    assert_text_equal(world.current()->session.identity.subject, "583231");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(each_failing_step_ends_the_sign_in),
        cmocka_unit_test(cb_11_a_promised_iss_must_be_there),
        cmocka_unit_test(cb_12_the_right_iss_is_accepted),
        cmocka_unit_test(md_07_an_attempt_keeps_the_token_endpoint_it_began_with),
        cmocka_unit_test(groups_that_no_rule_names_make_room),
        cmocka_unit_test(plain_oauth_needs_a_subject),
    };
    return cmocka_run_group_tests_name("callback_failures", tests, nullptr, nullptr);
}
