// SPDX-License-Identifier: MIT
// Whose access tokens count, and which provider is asked about one: BR-09.
#include "bearer_world.hpp"

#include <string>

using namespace oauth;
using unit::access_claims;
using unit::access_jwt;
using unit::BearerWorld;
using unit::quote;

namespace {

void br_09_a_provider_without_openid_verifies_none(void**) {
    BearerWorld world;
    auto plain = providers::make_settings(*providers::find_type("oauth2"), "plain");
    plain.jwks_uri = unit::issuer + "/jwks";
    flow::Provider without{plain, world.ready, world.clock};
    world.site.providers = {&without};
    for (const char* iss : {"\"https://op.example\"", "\"\""}) {
        world.refuse(access_jwt(access_claims().with("iss", iss)), "the issuer of no provider");
    }
    assert_int_equal(world.http.sent.size(), 0);
}

void br_09_an_issuer_beside_the_first(void**) {
    BearerWorld world;
    const std::string second = access_jwt(access_claims().with("iss", "\"https://second.example\""));
    world.refuse(second, "the issuer of no provider");
    world.settings.issuers = {"https://second.example"};
    world.take(second);
}

void br_09_an_issuer_that_the_metadata_name(void**) {
    BearerWorld world;
    world.settings.type = providers::find_type("okta");
    world.op.metadata = world.op.metadata.with("issuer", "\"https://real.example\"");
    world.take(access_jwt(access_claims().with("iss", "\"https://real.example\"")));
    const std::size_t asked = world.http.sent.size();
    world.refuse(
        access_jwt(access_claims().with("iss", "\"https://evil.example\""), tokens::Key::ec("k1", "P-256")),
        "the issuer of no provider");
    assert_int_equal(world.http.sent.size(), asked); // its keys least of all
}

void br_09_an_issuer_with_a_tenant(void**) {
    BearerWorld world;
    const std::string tenant = "0123abcd-4567-89ab-cdef-0123456789ab";
    world.settings.issuer = "https://op.example/{tenantid}/v2.0";
    world.op.metadata = world.op.metadata.with("issuer", quote(world.settings.issuer));
    const auto of = [&](const std::string& host) {
        return access_jwt(
            access_claims().with("iss", quote(host + "/" + tenant + "/v2.0")).with("tid", quote(tenant)));
    };
    world.take(of("https://op.example"));
    world.refuse(of("https://evil.example"), "the issuer of no provider");
}

void br_09_an_issuer_that_the_token_names(void**) {
    BearerWorld world;
    const std::string pool = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123";
    world.settings.type = providers::find_type("aws-cognito");
    world.settings.issuer.clear();
    world.settings.token_endpoint = unit::issuer + "/token";
    world.op.metadata = world.op.metadata.with("issuer", quote(pool));
    world.take(access_jwt(access_claims().with("iss", quote(pool))));
}

// So that a stranger's tokens keep no sign-in from a provider's new key.
void br_09_a_foreign_issuer_has_nobody_asked(void**) {
    BearerWorld world;
    world.site.providers = {&world.provider, &world.other};
    for (const char* foreign : {"\"https://op.example/\"", "\"https://evil.example\"", "\"\"", "1"}) {
        world.refuse(access_jwt(access_claims().with("iss", foreign)),
                     "access token: its iss is the issuer of no provider of the location");
    }
    world.refuse(access_jwt(access_claims().without("iss")), "found \"\"");
    const auto lines = world.ask(access_jwt(access_claims().with("iss", quote("a\nb"))));
    assert_true(lines->error.detail.ends_with("found \"a?b\""));
    assert_int_equal(world.http.sent.size(), 0);
}

void br_09_a_provider_that_the_location_does_not_take(void**) {
    BearerWorld world;
    world.site.providers = {&world.provider, &world.other};
    world.resource.providers = {"other"};
    world.refuse(access_jwt(), "the issuer of no provider");
    assert_int_equal(world.http.sent.size(), 0);
    world.resource.providers = {"other", "op"};
    world.take(access_jwt());
}

// Two providers of one issuer: one that is away does not hide the other's word.
void each_provider_that_could_know_it_is_asked(void**) {
    BearerWorld world;
    providers::Settings copy = unit::openid_settings("first", unit::issuer);
    copy.jwks_uri = unit::issuer + "/jwks-1";
    flow::Provider first{copy, world.ready, world.clock};
    world.op.instead.insert_or_assign("/jwks-1", unit::unreachable());
    world.site.providers = {&first, &world.provider};
    assert_text_equal(world.take(access_jwt())->session.identity.provider, "op");
    world.resource.providers = {"first"};
    world.fails(access_jwt(), "provider_unreachable");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(br_09_a_provider_without_openid_verifies_none),
        cmocka_unit_test(br_09_an_issuer_beside_the_first),
        cmocka_unit_test(br_09_an_issuer_that_the_metadata_name),
        cmocka_unit_test(br_09_an_issuer_with_a_tenant),
        cmocka_unit_test(br_09_an_issuer_that_the_token_names),
        cmocka_unit_test(br_09_a_foreign_issuer_has_nobody_asked),
        cmocka_unit_test(br_09_a_provider_that_the_location_does_not_take),
        cmocka_unit_test(each_provider_that_could_know_it_is_asked),
    };
    return cmocka_run_group_tests_name("bearer_issuers", tests, nullptr, nullptr);
}
