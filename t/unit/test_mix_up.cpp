// SPDX-License-Identifier: MIT
// Whose answer it is: the iss parameter (RFC 9207), also where the issuer is a template, the provider that
// the sign-in was begun at, and the user that userinfo is about (CB-10, CB-11, MX-01, MX-03, UI-01).
#include "flow_world.hpp"

#include <string>

namespace {

using namespace oauth;
using unit::issuer;
using unit::quote;
using unit::World;

const std::string tenant = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
const std::string other_tenant = "ffffffff-bbbb-cccc-dddd-eeeeeeeeeeee";

const std::string cognito = "https://cognito-idp.eu-central-1.amazonaws.com/";

std::string issuer_of(const std::string& id) {
    return issuer + "/" + id + "/v2.0";
}

// Of many tenants: only the ID token says of which.
struct TenantsWorld : World {
    explicit TenantsWorld(const char* promised) {
        settings.issuer = issuer_of("{tenantid}");
        op.metadata = op.metadata.with("issuer", quote(settings.issuer))
                          .with("authorization_response_iss_parameter_supported", promised);
        op.claims = op.claims.with("iss", quote(issuer_of(tenant))).with("tid", quote(tenant));
    }
};

web::Answer bring(World& world, const std::string& rest) {
    const auto asked = world.begin();
    return world.serve(world.callback_request(*asked.find("state"), "&code=code-1" + rest));
}

std::string iss(const std::string& value) {
    return "&iss=" + core::percent_encode(value);
}

void assert_refused(World& world, const web::Answer& given, const char* code, int status) {
    assert_failure(given, code, status);
    assert_null(world.current().get());
}

void cb_10_cb_11_what_the_metadata_promise(void**) {
    World world;
    world.op.metadata = world.op.metadata.with("authorization_response_iss_parameter_supported", "true");
    for (const std::string& rest : {std::string(), iss(""), iss("https://evil.example"), iss(issuer + "/"),
                                    std::string("&error=access_denied")}) {
        assert_refused(world, bring(world, rest), "request_invalid", 400);
    }
    assert_int_equal(world.http.count("/token"), 0);
    assert_int_equal(bring(world, iss(issuer)).status, 302);
    assert_non_null(world.current().get());
}

void mx_01_cb_10_the_issuer_of_a_template(void**) {
    TenantsWorld world("false");
    for (const std::string& other :
         {std::string(), std::string("https://evil.example"), issuer + "/v2.0", issuer_of(tenant) + "/"}) {
        assert_refused(world, bring(world, iss(other)), "request_invalid", 400);
    }
    assert_int_equal(world.http.count("/token"), 0);
    // It may be one, and is not the one that the ID token is of.
    assert_refused(world, bring(world, iss(issuer_of(other_tenant))), "request_invalid", 400);
    assert_int_equal(bring(world, iss(issuer_of(tenant))).status, 302);
    TenantsWorld without("false");
    assert_int_equal(bring(without, "").status, 302);
}

void mx_01_cb_11_a_template_is_held_to_the_promise(void**) {
    TenantsWorld world("true");
    assert_refused(world, bring(world, ""), "request_invalid", 400);
    assert_int_equal(world.http.count("/token"), 0);
    assert_int_equal(bring(world, iss(issuer_of(tenant))).status, 302);
    assert_non_null(world.current().get());
}

// Whoever reads it as "no" would do without the parameter.
void cb_11_a_promise_that_cannot_be_read_begins_no_sign_in(void**) {
    for (const char* promised : {"\"true\"", "1", "[]"}) {
        World world;
        world.op.metadata =
            world.op.metadata.with("authorization_response_iss_parameter_supported", promised);
        const web::Answer given = world.serve(world.request("GET", "/auth/oauth/op"));
        assert_refused(world, given, "provider_error", 502);
        assert_true(given.log.find("is neither true nor false") != std::string::npos);
    }
}

// A type that learns its issuer from the ID token knows how one looks.
void mx_01_cb_10_the_issuers_of_a_type(void**) {
    World world;
    world.settings.type = providers::find_type("aws-cognito");
    const oidc::Metadata metadata;
    assert_true(world.provider.may_be_issuer(metadata, cognito + "eu-central-1_abcdefghi"));
    for (const std::string& other : {std::string(), issuer, cognito, "http" + cognito.substr(5) + "a_b",
                                     "https://evil.example/?" + cognito + "eu-central-1_abcdefghi"}) {
        assert_false(world.provider.may_be_issuer(metadata, other));
    }
}

// Two blocks that are the same but for their name, with rules of their own.
void mx_03_not_at_its_twin(void**) {
    World world;
    const providers::Settings settings = unit::openid_settings("twin", issuer);
    flow::Provider twin{settings, world.ready, world.clock};
    assert_text_equal(twin.fingerprint(), world.provider.fingerprint());
    world.site.providers = {&world.provider, &twin};
    const std::string state(*world.begin().find("state"));
    const std::string rest = "code=code-1&state=" + state;
    const web::Answer given = world.serve(world.request("GET", "/auth/oauth/twin/callback", rest));
    assert_refused(world, given, "state_invalid", 400);
    assert_int_equal(world.http.count("/token"), 0);
    assert_int_equal(world.serve(world.callback_request(state)).status, 302);
}

// An older endpoint has another name for sub; where it has both, sub counts.
void ui_01_whom_userinfo_is_about_by_another_name(void**) {
    struct Case {
        tokens::Object userinfo;
        bool is_right;
    };
    const Case cases[] = {
        {{{"id", "\"user-1\""}}, true},
        {{{"sub", "\"user-1\""}}, true},
        {{{"id", "\"user-2\""}}, false},
        {{{"sub", "\"user-2\""}, {"id", "\"user-1\""}}, false},
        {{{"email", "\"ann@example.org\""}}, false},
        {{{"id", "1"}}, false},
    };
    for (const Case& each : cases) {
        World world;
        world.settings.type = providers::find_type("google");
        world.op.userinfo = each.userinfo;
        const web::Answer given = bring(world, "");
        if (each.is_right) {
            assert_int_equal(given.status, 302);
            continue;
        }
        assert_refused(world, given, "token_invalid", 502);
    }
}

void ui_04_plain_oauth_takes_no_signed_userinfo(void**) {
    World world;
    world.settings.type = providers::find_type("oauth2");
    world.settings.authorization_endpoint = issuer + "/authorize";
    world.settings.token_endpoint = issuer + "/token";
    world.settings.userinfo_endpoint = issuer + "/userinfo";
    world.settings.jwks_uri = issuer + "/jwks";
    const tokens::Object claims = {{"iss", quote(issuer)}, {"aud", "\"client\""}, {"sub", "\"user-1\""}};
    net::HttpResponse response;
    response.status = 200;
    response.content_type = "application/jwt";
    response.body = tokens::sign(unit::provider_key(), "ES256", claims.text());
    world.op.instead.emplace("/userinfo", response);
    const web::Answer given = bring(world, "");
    assert_refused(world, given, "provider_error", 502);
    assert_true(given.log.find("only an OpenID Connect type takes") != std::string::npos);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(cb_10_cb_11_what_the_metadata_promise),
        cmocka_unit_test(mx_01_cb_10_the_issuer_of_a_template),
        cmocka_unit_test(mx_01_cb_11_a_template_is_held_to_the_promise),
        cmocka_unit_test(cb_11_a_promise_that_cannot_be_read_begins_no_sign_in),
        cmocka_unit_test(mx_01_cb_10_the_issuers_of_a_type),
        cmocka_unit_test(mx_03_not_at_its_twin),
        cmocka_unit_test(ui_01_whom_userinfo_is_about_by_another_name),
        cmocka_unit_test(ui_04_plain_oauth_takes_no_signed_userinfo),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
