// SPDX-License-Identifier: MIT
// What API clients get that nothing lets in, and what such a token makes of a request: BR-01..04, BR-07,
// BR-18, BR-19, MCP-01, MCP-02, MCP-04, MCP-09, MCP-17, MCP-21..23, MCP-28.
#include "../../src/flow/program_answers.hpp"
#include "policy_ports.hpp"

#include "bearer_world.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace oauth;
using unit::access_jwt;
using unit::BearerWorld;
using unit::World;
using Kind = flow::Credentials::Kind;
using Standing = flow::Standing;

namespace {

const std::string ways = "resource_metadata=\"https://app.example/.well-known/oauth-protected-resource/mcp\"";
const std::string realm = "Bearer realm=\"https://app.example\", ";

flow::Request asks(const std::string& method, const std::string& accept, const std::string& mode = "") {
    flow::Request request;
    request.method = method;
    request.accept = accept;
    request.sec_fetch_mode = mode;
    request.sec_fetch_dest = mode == "navigate" ? "document" : "";
    return request;
}

void mcp_01_who_is_a_program(void**) {
    BearerWorld world;
    struct Case {
        flow::Request request;
        bool of_mcp;
        bool of_others;
    };
    const Case cases[] = {
        {asks("GET", "text/html", "navigate"), false, false},
        {asks("HEAD", "text/html", "navigate"), false, false},
        {asks("GET", "text/html"), true, false}, // nothing says that a browser loads a page
        {asks("GET", "*/*"), true, false},
        {asks("GET", "application/json"), true, true},
        {asks("GET", "text/html", "cors"), true, true},
        {asks("POST", "text/html", "navigate"), true, false}, // a form
        {asks("POST", "application/json, text/event-stream"), true, true},
        {asks("DELETE", "*/*"), true, true},
        {asks("OPTIONS", "text/html"), true, true},
    };
    for (const auto& [request, of_mcp, of_others] : cases) {
        world.resource.is_mcp = true;
        assert_int_equal(flow::is_for_program(world.resource, request), of_mcp);
        world.resource.is_mcp = false;
        assert_int_equal(flow::is_for_program(world.resource, request), of_others);
    }
}

web::Answer challenged(BearerWorld& world, Kind kind, const std::string& complaint = "") {
    flow::Admission admission;
    admission.credentials = kind;
    admission.complaint = complaint;
    return flow::challenge_program(world.site, world.request("POST", "/mcp"), world.resource, admission);
}

std::size_t challenges_of(const web::Answer& answer) {
    return static_cast<std::size_t>(
        std::count_if(answer.headers.begin(), answer.headers.end(),
                      [](const auto& header) { return header.first == "WWW-Authenticate"; }));
}

void br_01_mcp_02_mcp_28_without_a_token(void**) {
    BearerWorld world;
    world.resource.scopes = std::vector<std::string>{"read", "write"};
    const web::Answer answer = challenged(world, Kind::none);
    assert_failure(answer, "login_required", 401);
    assert_int_equal(challenges_of(answer), 1);
    assert_text_equal(World::header(answer, "WWW-Authenticate"), realm + "scope=\"read write\", " + ways);
    assert_text_equal(answer.content_type, "application/json"); // whatever Accept says
    assert_true(answer.log_level == web::LogLevel::info);
    assert_text_equal(answer.log, "login_required: a program came without a token, reference req-1");
    // BR-19: which origin may read it is said once, elsewhere, and never with credentials
    assert_text_equal(World::header(answer, "Access-Control-Allow-Credentials"), "");
}

void br_02_mcp_04_a_bad_token(void**) {
    BearerWorld world;
    world.resource.scopes = std::vector<std::string>{"read"};
    for (const Kind kind : {Kind::token, Kind::malformed, Kind::twice}) { // MCP: never 400
        const web::Answer answer = challenged(world, kind, "access token: it has expired");
        assert_failure(answer, "login_required", 401);
        assert_int_equal(challenges_of(answer), 1);
        assert_text_equal(World::header(answer, "WWW-Authenticate"),
                          realm + "error=\"invalid_token\", scope=\"read\", " + ways);
        assert_true(answer.log_level == web::LogLevel::warn);
        assert_text_equal(answer.log, "login_required: access token: it has expired, reference req-1");
    }
}

void br_04_a_token_in_two_places(void**) {
    BearerWorld world;
    world.resource.scopes = std::vector<std::string>{"read"};
    world.resource.is_mcp = false;
    const web::Answer answer = challenged(world, Kind::twice, "twice");
    assert_int_equal(answer.status, 400);
    assert_int_equal(challenges_of(answer), 1);
    assert_text_equal(World::header(answer, "WWW-Authenticate"),
                      realm + "error=\"invalid_request\", " + ways);
    assert_int_equal(challenged(world, Kind::malformed).status, 401);
    assert_int_equal(challenged(world, Kind::token).status, 401);
}

void br_03_mcp_17_a_scope_is_lacking(void**) {
    BearerWorld world;
    const auto refused = [&](const std::vector<std::string>& lacking) {
        return flow::refuse_program(world.site, world.request("POST", "/mcp"), world.resource, lacking,
                                    "no rule lets it in");
    };
    const web::Answer answer = refused({"a", "b"});
    assert_failure(answer, "policy_denied", 403);
    assert_text_equal(World::header(answer, "WWW-Authenticate"),
                      realm + "error=\"insufficient_scope\", scope=\"a b\", " + ways);
    assert_text_equal(answer.content_type, "application/json");
    assert_true(answer.log.find("no rule lets it in") != std::string::npos);
    assert_true(answer.body.find("no rule lets it in") == std::string::npos); // that is for the log
    const web::Answer plain = refused({});
    assert_failure(plain, "policy_denied", 403);
    assert_int_equal(challenges_of(plain), 0);
}

void idt_19_an_authentication_that_is_not_enough(void**) {
    BearerWorld world;
    world.resource.scopes = std::vector<std::string>{"read"};
    const auto challenged = [&](const session::StepUp& wanted) {
        return flow::challenge_for_step_up(world.site, world.request("POST", "/mcp"), world.resource, wanted);
    };
    session::StepUp wanted;
    wanted.acr = {"urn:mfa", "urn:key"};
    wanted.max_age = 300;
    const web::Answer answer = challenged(wanted);
    assert_failure(answer, "login_required", 401);
    assert_int_equal(challenges_of(answer), 1);
    const std::string begin = realm + "error=\"insufficient_user_authentication\", scope=\"read\", ";
    assert_text_equal(World::header(answer, "WWW-Authenticate"),
                      begin + "acr_values=\"urn:mfa urn:key\", max_age=\"300\", " + ways);
    assert_true(answer.log_level == web::LogLevel::info);
    wanted = {};
    wanted.max_age = 0;
    assert_text_equal(World::header(challenged(wanted), "WWW-Authenticate"),
                      begin + "max_age=\"0\", " + ways);
}

void mcp_09_what_clients_probe(void**) {
    for (const std::string known :
         {"/.well-known/oauth-protected-resource", "/.well-known/oauth-authorization-server",
          "/.well-known/openid-configuration"}) {
        assert_true(flow::is_discovery_path(known));
        assert_true(flow::is_discovery_path(known + "/"));
        assert_true(flow::is_discovery_path(known + "/mcp"));
        for (const std::string& other :
             {known + "s", known.substr(0, known.size() - 1), "/a" + known, known + "?x", known.substr(1)}) {
            assert_false(flow::is_discovery_path(other));
        }
    }
    for (const char* other : {"", "/", "/.well-known/", "/.well-known/change-password"}) {
        assert_false(flow::is_discovery_path(other));
    }
    BearerWorld world;
    const web::Answer answer =
        flow::nothing_to_discover(world.site, world.request("GET", "/.well-known/openid-configuration"));
    assert_int_equal(answer.status, 404);
    assert_text_equal(answer.content_type, "application/json");
    assert_text_equal(World::header(answer, "Access-Control-Allow-Origin"), "*");
    assert_text_equal(World::header(answer, "WWW-Authenticate"), "");
}

void br_18_mcp_21_preflights(void**) {
    const web::Answer answer = flow::preflight(
        "authorization,mcp-method , mcp-param-x, ,a b,x\"y, bad:one,\xc3\xa4,z|~!#$%&'*+-.^_`,AZ-09");
    assert_int_equal(answer.status, 204);
    assert_text_equal(answer.body, "");
    assert_text_equal(World::header(answer, "Access-Control-Allow-Origin"), "*");
    assert_text_equal(World::header(answer, "Access-Control-Allow-Methods"), "GET, POST, DELETE");
    assert_text_equal(World::header(answer, "Access-Control-Allow-Headers"),
                      "authorization, mcp-method, mcp-param-x, z|~!#$%&'*+-.^_`, AZ-09");
    assert_text_equal(World::header(answer, "Access-Control-Allow-Credentials"), "");
    for (const char* nothing : {"", " ", ",", "a b", "a\r\nx: y"}) {
        assert_text_equal(World::header(flow::preflight(nothing), "Access-Control-Allow-Headers"),
                          "Authorization, Content-Type");
    }
    const std::string long_name(4096, 'a');
    assert_text_equal(World::header(flow::preflight(long_name + "bc"), "Access-Control-Allow-Headers"),
                      long_name);
}

class NoFacts final : public flow::Circumstances {
public:
    void about(const flow::Admission*) const override {}
    bool variable_is_true(int) const override { return false; }
};

policy::RuleSet rules_of(const std::string& line) {
    const unit::TestWorld ports;
    policy::RuleSet rules;
    assert_text_equal(ports.add(rules, line), "");
    return rules;
}

struct Sent {
    std::string authorization;
    std::string query = {};
    bool has_foreign_origin = false;
};

flow::Admission admitted(BearerWorld& world, const flow::Guard& guard, const Sent& sent,
                         std::string_view base_url = unit::app) {
    const NoFacts facts;
    const auto cookies = world.session_cookies();
    const std::vector<std::string_view> views(cookies.begin(), cookies.end());
    flow::Visitor visitor(world.site, views, base_url);
    auto credentials = flow::read_credentials(sent.authorization, sent.query);
    credentials.has_foreign_origin = sent.has_foreign_origin;
    visitor.bring(credentials, "192.0.2.1");
    auto result = unit::run_task(world, flow::admit(visitor, guard, facts));
    assert_true(result.ok());
    flow::Admission now;
    assert_true(flow::admit_now(visitor, guard, facts, now)); // and it stays so
    assert_true(now.standing == result->standing && now.session == result->session);
    assert_text_equal(now.complaint, result->complaint);
    assert_true(flow::foresee(visitor, guard, facts)->standing == result->standing);
    return std::move(result.value());
}

void br_07_mcp_04_a_token_decides_alone(void**) {
    BearerWorld world;
    world.sign_in_as("user-1");
    const auto rules = rules_of("allow any");
    flow::Guard guard;
    guard.rules = &rules;
    guard.resource = &world.resource;
    assert_true(admitted(world, guard, {""}).standing == Standing::allowed); // by the cookie
    for (const auto mode : {flow::Guard::Mode::required, flow::Guard::Mode::optional}) {
        for (const auto how : {flow::Guard::Enforcement::enforced, flow::Guard::Enforcement::shadow}) {
            guard.mode = mode;
            guard.enforcement = how;
            const auto malformed = admitted(world, guard, {"Bearer"});
            assert_true(malformed.standing == Standing::unauthenticated);
            assert_true(malformed.credentials == Kind::malformed);
            assert_null(malformed.session.get());
            assert_null(malformed.identity.get());
            assert_text_equal(malformed.complaint, "Authorization has no token after Bearer");
            const auto twice = admitted(world, guard, {"Bearer " + access_jwt(), "access_token=x"});
            assert_true(twice.standing == Standing::unauthenticated);
            assert_true(twice.credentials == Kind::twice);
            assert_text_equal(twice.complaint, "an access token is in the header and in the query");
            const auto bad =
                admitted(world, guard, {"Bearer " + access_jwt(unit::access_claims().without("sub"))});
            assert_true(bad.standing == Standing::unauthenticated);
            assert_true(bad.credentials == Kind::token);
            assert_true(bad.complaint.find("sub is missing") != std::string::npos);
        }
    }
    guard.mode = flow::Guard::Mode::required;
    const auto robot = admitted(world, guard, {"Bearer " + access_jwt(unit::access_claims("robot"))});
    assert_true(robot.standing == Standing::allowed);
    assert_text_equal(robot.identity->subject, "robot"); // not who the cookie is of
    guard.resource = nullptr; // where tokens do not count, the header is the application's
    const auto person = admitted(world, guard, {"Bearer"});
    assert_true(person.standing == Standing::allowed);
    assert_text_equal(person.identity->subject, "user-1");
    assert_true(person.credentials == Kind::none);
}

void br_07_under_the_same_rules(void**) {
    BearerWorld world;
    const auto rules = rules_of("allow scope=write");
    flow::Guard guard;
    guard.rules = &rules;
    guard.resource = &world.resource;
    assert_true(admitted(world, guard, {"Bearer " + access_jwt()}).standing == Standing::allowed);
    const std::string poor = access_jwt(unit::access_claims().with("scope", "\"read\""));
    assert_true(admitted(world, guard, {"Bearer " + poor}).standing == Standing::denied);
    guard.providers = {"other"};
    assert_true(admitted(world, guard, {"Bearer " + access_jwt()}).standing == Standing::unauthenticated);
}

void mcp_23_a_cookie_of_a_foreign_page(void**) {
    BearerWorld world;
    world.sign_in_as("user-1");
    const auto rules = rules_of("allow any");
    flow::Guard guard;
    guard.rules = &rules;
    guard.resource = &world.resource;
    assert_true(admitted(world, guard, {"", "", true}).standing == Standing::unauthenticated);
    assert_true(admitted(world, guard, {"Bearer " + access_jwt(), "", true}).standing == Standing::allowed);
    guard.mode = flow::Guard::Mode::optional;
    const auto nobody = admitted(world, guard, {"", "", true});
    assert_true(nobody.standing == Standing::anonymous);
    assert_null(nobody.identity.get());
    guard.mode = flow::Guard::Mode::required;
    world.resource.is_mcp = false; // others have cookies' own rules
    assert_true(admitted(world, guard, {"", "", true}).standing == Standing::allowed);
    guard.resource = nullptr;
    assert_true(admitted(world, guard, {"", "", true}).standing == Standing::allowed);
}

void br_14_a_host_that_is_none_of_this_server(void**) {
    BearerWorld world;
    const auto rules = rules_of("allow any");
    flow::Guard guard;
    guard.rules = &rules;
    guard.resource = &world.resource;
    const auto nobody = admitted(world, guard, {"Bearer " + access_jwt()}, "");
    assert_true(nobody.standing == Standing::unauthenticated);
    assert_text_equal(nobody.complaint, "the host is none of this server's");
    assert_int_equal(world.http.sent.size(), 0);
}

void br_14_another_resource_asks_again(void**) {
    BearerWorld world;
    flow::ProtectedResource second = world.resource;
    second.path = "/second";
    const std::string token = access_jwt();
    const flow::Credentials credentials = flow::read_credentials("Bearer x", "");
    flow::Visitor visitor(world.site, {}, unit::app);
    flow::Credentials brought = credentials;
    brought.token = token;
    visitor.bring(brought, "");
    assert_null(visitor.verdict(world.resource));
    assert_true(unit::run_task(world, visitor.verify(world.resource)).ok());
    assert_non_null(visitor.verdict(world.resource)->session.get());
    assert_null(visitor.verdict(second));
    assert_true(unit::run_task(world, visitor.verify(second)).ok());
    assert_null(visitor.verdict(second)->session.get());
    assert_non_null(visitor.verdict(world.resource)->session.get());
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(mcp_01_who_is_a_program),
        cmocka_unit_test(br_01_mcp_02_mcp_28_without_a_token),
        cmocka_unit_test(br_02_mcp_04_a_bad_token),
        cmocka_unit_test(br_04_a_token_in_two_places),
        cmocka_unit_test(br_03_mcp_17_a_scope_is_lacking),
        cmocka_unit_test(idt_19_an_authentication_that_is_not_enough),
        cmocka_unit_test(mcp_09_what_clients_probe),
        cmocka_unit_test(br_18_mcp_21_preflights),
        cmocka_unit_test(br_07_mcp_04_a_token_decides_alone),
        cmocka_unit_test(br_07_under_the_same_rules),
        cmocka_unit_test(mcp_23_a_cookie_of_a_foreign_page),
        cmocka_unit_test(br_14_a_host_that_is_none_of_this_server),
        cmocka_unit_test(br_14_another_resource_asks_again),
    };
    return cmocka_run_group_tests_name("program_answers", tests, nullptr, nullptr);
}
