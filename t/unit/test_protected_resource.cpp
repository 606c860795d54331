// SPDX-License-Identifier: MIT
// What a protected resource is called, what it announces, and its document: MCP-02, MCP-05, MCP-10..12,
// MCP-18..20, BR-01.
#include "policy_ports.hpp"

#include "bearer_world.hpp"

#include <string>
#include <vector>

using namespace oauth;
using unit::app;
using unit::BearerWorld;

namespace {

using List = std::vector<std::string>;

flow::ProtectedResource at_path(const std::string& path) {
    flow::ProtectedResource resource;
    resource.path = path;
    return resource;
}

policy::RuleSet rules_of(const List& lines) {
    const unit::TestWorld ports;
    policy::RuleSet rules;
    for (const std::string& line : lines) {
        assert_text_equal(ports.add(rules, line), "");
    }
    return rules;
}

void mcp_10_what_it_is_called(void**) {
    assert_text_equal(flow::resource_url(at_path("/mcp"), app), "https://app.example/mcp");
    assert_text_equal(flow::resource_url(at_path("/mcp/"), app), "https://app.example/mcp/");
    assert_text_equal(flow::resource_url(at_path("/a b%\"?#\\\xc3\xa4/~-._!$&'()*+,;=:@"), app),
                      "https://app.example/a%20b%25%22%3F%23%5C%C3%A4/~-._!$&'()*+,;=:@");
    auto named = at_path("/mcp");
    named.audiences = {"api://guid"}; // which is no URL of this origin
    assert_text_equal(flow::resource_url(named, app), "https://app.example/mcp");
    named.url = "https://public.example/tools";
    assert_text_equal(flow::resource_url(named, app), "https://public.example/tools");
}

void mcp_11_the_base_url_itself(void**) {
    assert_text_equal(flow::resource_url(at_path("/"), app), app);
    assert_true(flow::accepted_audiences(at_path("/"), app) == List({app, app + "/"}));
    assert_true(flow::accepted_audiences(at_path("/mcp"), app) == List({app + "/mcp"}));
    assert_true(flow::accepted_audiences(at_path("/mcp/"), app) == List({app + "/mcp/"}));
    auto named = at_path("/");
    named.url = "https://public.example";
    assert_true(flow::accepted_audiences(named, app) == List({"https://public.example"}));
    named.audiences = {"one", "two"};
    assert_true(flow::accepted_audiences(named, app) == List({"one", "two"}));
}

void where_its_document_is(void**) {
    assert_text_equal(flow::resource_metadata_url(at_path("/"), app),
                      "https://app.example/.well-known/oauth-protected-resource");
    auto resource = at_path("/m cp/");
    resource.url = "https://public.example/tools"; // it is served here
    assert_text_equal(flow::resource_metadata_url(resource, app),
                      "https://app.example/.well-known/oauth-protected-resource/m%20cp/");
}

void mcp_20_what_is_announced(void**) {
    const auto rules = rules_of({"allow scope=a scope=b", "allow scope=c"});
    auto resource = at_path("/mcp");
    assert_true(flow::announced_scopes(resource).empty());
    resource.rules = &rules;
    assert_true(flow::announced_scopes(resource) == List({"a", "b"}));
    resource.scopes = List{"x"};
    assert_true(flow::announced_scopes(resource) == List({"x"}));
    resource.scopes = List();
    assert_true(flow::announced_scopes(resource).empty());
}

void br_01_mcp_02_a_challenge(void**) {
    const auto resource = at_path("/mcp");
    const std::string metadata =
        "resource_metadata=\"https://app.example/.well-known/oauth-protected-resource/mcp\"";
    assert_text_equal(flow::challenge_value(resource, app, {}),
                      "Bearer realm=\"https://app.example\", " + metadata);
    flow::Challenge all;
    all.error = "invalid_token";
    all.description = "say \"a\\b\"";
    all.scopes = {"a", "b"};
    all.acr_values = "urn:mfa";
    all.max_age = 0;
    const std::string value = flow::challenge_value(resource, app, all);
    assert_text_equal(value, "Bearer realm=\"https://app.example\", error=\"invalid_token\", "
                             "error_description=\"say \\\"a\\\\b\\\"\", scope=\"a b\", "
                             "acr_values=\"urn:mfa\", max_age=\"0\", " +
                                 metadata);
    assert_text_equal(flow::challenge_value(resource, app, all), value); // MCP-18
    assert_text_equal(flow::challenge_value(resource, "", {}).substr(0, 25), "Bearer resource_metadata=");
}

void scopes_that_cannot_stand_in_a_list(void**) {
    flow::Challenge challenge;
    challenge.scopes = {"a b", "", "q\"", "b\\", "c\n", "d\x7f", "\xc3\xa4", "!~", "a\tb"};
    const std::string value = flow::challenge_value(at_path("/mcp"), app, challenge);
    assert_true(value.find("scope=\"!~\",") != std::string::npos);
    challenge.scopes = {"a b"};
    assert_true(flow::challenge_value(at_path("/mcp"), app, challenge).find("scope=") == std::string::npos);
}

web::Answer document(BearerWorld& world, const std::string& method = "GET") {
    const flow::Request request = world.request(method, "/.well-known/oauth-protected-resource/mcp");
    return world.run(flow::serve_resource_metadata(world.site, request, world.resource));
}

void mcp_05_the_document(void**) {
    BearerWorld world;
    const auto rules = rules_of({"allow scope=a group=x", "allow scope=b"});
    world.resource.rules = &rules;
    world.options.look.title = "Tools \"R\" us";
    const web::Answer answer = document(world);
    assert_int_equal(answer.status, 200);
    assert_text_equal(answer.content_type, "application/json");
    assert_text_equal(unit::World::header(answer, "Access-Control-Allow-Origin"), "*");
    assert_true(answer.set_cookies.empty());
    assert_text_equal(answer.body,
                      "{\"resource\":\"https://app.example/mcp\","
                      "\"authorization_servers\":[\"https://op.example\"],"
                      "\"bearer_methods_supported\":[\"header\"],\"scopes_supported\":[\"a\",\"b\"],"
                      "\"resource_name\":\"Tools \\\"R\\\" us\"}");
}

void mcp_05_only_to_be_read(void**) {
    BearerWorld world;
    assert_int_equal(document(world, "HEAD").status, 200);
    for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "get"}) {
        const web::Answer answer = document(world, method);
        assert_int_equal(answer.status, 405);
        assert_text_equal(unit::World::header(answer, "Allow"), "GET, HEAD");
        assert_text_equal(answer.content_type, "application/json");
    }
}

void mcp_05_what_is_not_known_is_left_out(void**) {
    BearerWorld world;
    world.site.providers = {};
    assert_text_equal(document(world).body, "{\"resource\":\"https://app.example/mcp\","
                                            "\"bearer_methods_supported\":[\"header\"]}");
    world.resource.scopes = List{"a b", ""};
    assert_true(document(world).body.find("scopes_supported") == std::string::npos);
    world.resource.scopes = List{"a b", "x"};
    assert_true(document(world).body.find("\"scopes_supported\":[\"x\"]") != std::string::npos);
}

std::string servers(BearerWorld& world) {
    const std::string body = document(world).body;
    const auto json = core::Json::parse(body);
    return json->root().get("authorization_servers").dump(); // "null": it is not there
}

void mcp_12_issuers(void**) {
    BearerWorld world;
    providers::Settings copy = unit::openid_settings("again", unit::issuer);
    flow::Provider again{copy, world.ready, world.clock};
    world.site.providers = {&world.other, &world.provider, &again};
    assert_text_equal(servers(world), R"(["https://other.example","https://op.example"])");
    world.resource.providers = {"op"};
    assert_text_equal(servers(world), R"(["https://op.example"])");
    world.resource.providers = {"nobody"};
    assert_text_equal(servers(world), "null");
    world.resource.authorization_servers = {"https://as.example/a", "https://as.example/b"};
    assert_text_equal(servers(world), R"(["https://as.example/a","https://as.example/b"])");
}

void mcp_12_providers_whose_tokens_are_of_no_use_here(void**) {
    providers::Settings settings = unit::openid_settings("op", unit::issuer);
    assert_true(flow::issues_usable_tokens(settings));
    settings.has_opaque_tokens = true;
    assert_false(flow::issues_usable_tokens(settings));
    settings.introspection_endpoint = "https://op.example/introspect";
    assert_true(flow::issues_usable_tokens(settings));
    auto github = providers::make_settings(*providers::find_type("github"), "github");
    assert_false(flow::issues_usable_tokens(github));
    github.introspection_endpoint = "https://op.example/introspect";
    assert_true(flow::issues_usable_tokens(github));

    BearerWorld world;
    world.site.providers = {&world.other, &world.provider};
    world.other_settings.has_opaque_tokens = true;
    assert_text_equal(servers(world), R"(["https://op.example"])");
}

void mcp_12_an_issuer_that_stands_for_many_is_none(void**) {
    BearerWorld world;
    world.settings.issuer = "https://op.example/{tenantid}/v2.0";
    assert_text_equal(servers(world), "null");
    BearerWorld entra; // whose metadata say it
    entra.settings.type = providers::find_type("azure-ad");
    entra.op.metadata = entra.op.metadata.with("issuer", "\"https://op.example/{tenantid}/v2.0\"");
    assert_text_equal(servers(entra), "null");
    BearerWorld tenant;
    tenant.settings.type = providers::find_type("azure-ad");
    tenant.op.metadata = tenant.op.metadata.with("issuer", "\"https://op.example/t-1/v2.0\"");
    assert_text_equal(servers(tenant), R"(["https://op.example/t-1/v2.0"])");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(mcp_10_what_it_is_called),
        cmocka_unit_test(mcp_11_the_base_url_itself),
        cmocka_unit_test(where_its_document_is),
        cmocka_unit_test(mcp_20_what_is_announced),
        cmocka_unit_test(br_01_mcp_02_a_challenge),
        cmocka_unit_test(scopes_that_cannot_stand_in_a_list),
        cmocka_unit_test(mcp_05_the_document),
        cmocka_unit_test(mcp_05_only_to_be_read),
        cmocka_unit_test(mcp_05_what_is_not_known_is_left_out),
        cmocka_unit_test(mcp_12_issuers),
        cmocka_unit_test(mcp_12_providers_whose_tokens_are_of_no_use_here),
        cmocka_unit_test(mcp_12_an_issuer_that_stands_for_many_is_none),
    };
    return cmocka_run_group_tests_name("protected_resource", tests, nullptr, nullptr);
}
