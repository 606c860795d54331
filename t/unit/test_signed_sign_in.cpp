// SPDX-License-Identifier: MIT
// Sign-ins whose answer comes signed (JARM): it is verified before anything of it is used, and a plain one is
// none where a signed one was asked for (PD-08). Userinfo answers that are signed (UI-04, CONF-027).
#include "../../src/flow/signed_response.hpp"
#include "flow_world.hpp"

#include <string>
#include <utility>

namespace {

using namespace oauth;
using tokens::Object;
using unit::issuer;
using unit::quote;
using unit::World;

Object answer(const core::Parameters& asked) {
    return {{"iss", quote(issuer)},
            {"aud", "\"client\""},
            {"exp", std::to_string(unit::start_of_time + 300)},
            {"code", "\"code-1\""},
            {"state", quote(asked.find("state").value_or(""))}};
}

std::string signed_by(const tokens::Key& key, const Object& claims) {
    return tokens::sign(key, "ES256", claims.text());
}

web::Answer bring(World& world, const std::string& jwt, const std::string& beside = "") {
    return world.serve(world.request("GET", "/auth/oauth/op/callback", "response=" + jwt + beside));
}

web::Answer bring(World& world, const Object& claims) {
    return bring(world, signed_by(unit::provider_key(), claims));
}

void assert_refused(World& world, const web::Answer& given, const char* code, int status) {
    assert_failure(given, code, status);
    assert_null(world.current().get());
    assert_int_equal(world.http.count("/token"), 0);
    assert_true(world.ledger.used.empty());
}

void pd_08_a_signed_answer_signs_in(void**) {
    World world;
    const auto asked = world.begin("/page?x=1");
    const web::Answer given = bring(world, answer(asked));
    assert_text_equal(World::location(given), unit::app + "/page?x=1");
    assert_non_null(world.current().get());
    const char* expected[] = {"/openid-configuration", "/jwks", "/token", "/userinfo"};
    assert_int_equal(world.http.sent.size(), 4);
    for (std::size_t i = 0; i < 4; ++i) {
        assert_true(world.http.sent[i].url.ends_with(expected[i]));
    }
    const auto form = core::Parameters::parse(world.http.sent[2].body);
    assert_text_equal(form->find("code").value_or(""), "code-1");
    assert_int_equal(bring(world, answer(asked)).status, 302); // CB-03
    assert_int_equal(world.http.count("/token"), 1);
}

void pd_08_nothing_is_used_before_it_is_verified(void**) {
    const tokens::Key other = tokens::Key::ec("k1", "P-256");
    for (const char* why : {"signature", "iss", "aud", "exp"}) {
        World world;
        const auto asked = world.begin();
        Object claims = answer(asked);
        const bool is_forged = std::string_view(why) == "signature";
        const std::string jwt = signed_by(is_forged ? other : unit::provider_key(),
                                          is_forged ? claims : claims.with(why, "null"));
        const web::Answer given = bring(world, jwt);
        assert_refused(world, given, "token_invalid", 502);
        assert_true(given.log.find("the signed response: ") != std::string::npos);
        assert_true(given.log.find(why) != std::string::npos);
        assert_true(given.log.find(*asked.find("state")) == std::string::npos);
        assert_true(given.log.find("eyJ") == std::string::npos);
    }
    // Nor is an error, which would have been told.
    World world;
    const auto asked = world.begin();
    const Object denied = answer(asked).with("error", "\"access_denied\"");
    assert_refused(world, bring(world, signed_by(other, denied)), "token_invalid", 502);
    World again;
    const Object told = answer(again.begin()).with("error", "\"access_denied\"");
    assert_refused(again, bring(again, told), "access_denied", 403);
}

void pd_08_a_plain_answer_is_none_where_a_signed_one_was_asked_for(void**) {
    for (const char* mode : {"query.jwt", "form_post.jwt"}) {
        World world;
        world.settings.response_mode = mode;
        const auto parameters = core::Parameters::parse("code=c&state=s");
        const auto given = flow::read_answer(*parameters, world.settings);
        assert_false(given.ok());
        assert_text_equal(core::code_name(given.error().code), "request_invalid");
        world.settings.response_mode.resize(world.settings.response_mode.size() - 4);
        assert_true(flow::read_answer(*parameters, world.settings).ok());
    }
    World world;
    world.settings.response_mode = "query.jwt";
    const auto asked = world.begin();
    assert_text_equal(asked.find("response_mode").value_or(""), "query.jwt");
    const std::string state(*asked.find("state"));
    assert_refused(world, world.serve(world.callback_request(state)), "request_invalid", 400);
    const web::Answer error = world.serve(world.callback_request(state, "&error=unsupported_response_mode"));
    assert_refused(world, error, "request_invalid", 400);
    assert_true(error.log.find("does not know that mode") != std::string::npos);
    assert_int_equal(bring(world, answer(asked)).status, 302); // whose sign-in is as it was
    assert_non_null(world.current().get());
}

void pd_08_nothing_is_beside_it(void**) {
    World world;
    const auto asked = world.begin();
    const std::string jwt = signed_by(unit::provider_key(), answer(asked));
    const std::string state = "&state=" + std::string(*asked.find("state"));
    for (const std::string& beside : {state, std::string("&code=x"), "&response=" + jwt}) {
        assert_refused(world, bring(world, jwt, beside), "request_invalid", 400);
    }
    assert_int_equal(world.http.count("/jwks"), 0);
}

void pd_08_plain_oauth_has_no_signed_answers(void**) {
    World world;
    const auto asked = world.begin();
    world.settings.type = providers::find_type("oauth2");
    assert_refused(world, bring(world, answer(asked)), "state_invalid", 400);
}

void pd_08_whoever_has_no_sign_in_has_no_keys_fetched(void**) {
    World world;
    const auto asked = world.begin();
    const Object claims = answer(asked);
    const auto jar = std::exchange(world.jar, {});
    assert_refused(world, bring(world, claims), "state_invalid", 400);
    world.jar = jar;
    assert_refused(world, bring(world, claims.without("state")), "state_invalid", 400);
    assert_refused(world, bring(world, tokens::sign_hmac("HS256", "secret", claims.text())), "token_invalid",
                   502);
    assert_int_equal(world.http.count("/jwks"), 0);
}

void pd_08_the_audience_is_the_client_alone(void**) {
    World world;
    world.settings.trusted_audiences = {"project"};
    const auto asked = world.begin();
    assert_refused(world, bring(world, answer(asked).with("aud", R"(["client","project"])")), "token_invalid",
                   502);
}

// RFC 9207 2.4: another name of the provider is good for ID tokens, and is not the one that was asked.
void pd_08_the_issuer_is_the_one_that_was_asked(void**) {
    World world;
    world.settings.issuers = {"https://former.example"};
    const auto asked = world.begin();
    assert_refused(world, bring(world, answer(asked).with("iss", "\"https://former.example\"")),
                   "request_invalid", 400);
}

void pd_08_the_algorithms_of_the_metadata(void**) {
    World world;
    world.op.metadata = world.op.metadata.with("authorization_signing_alg_values_supported", R"(["RS256"])");
    const web::Answer given = bring(world, answer(world.begin()));
    assert_refused(world, given, "token_invalid", 502);
    assert_true(given.log.find("accepted: RS256") != std::string::npos);
}

void pd_08_without_keys_there_is_nothing_to_verify_with(void**) {
    World world;
    world.op.metadata = world.op.metadata.without("jwks_uri");
    const web::Answer given = bring(world, answer(world.begin()));
    assert_refused(world, given, "provider_error", 502);
    assert_true(given.log.find("no jwks_uri") != std::string::npos);
}

// Whoever sends forged ones uses up no fetch that the tokens of others need.
void pd_08_forged_answers_have_fetches_of_their_own(void**) {
    World world;
    const tokens::Key forged = tokens::Key::ec("unknown", "P-256");
    for (int i = 0; i < 20; ++i) {
        assert_failure(bring(world, signed_by(forged, answer(world.begin()))), "token_invalid", 502);
    }
    assert_true(world.http.count("/jwks") < 10);
    const std::size_t fetched = world.http.count("/jwks");
    const tokens::Key rotated = tokens::Key::ec("k2", "P-256");
    world.op.signing_key = &rotated;
    world.op.instead.emplace("/jwks", unit::json_response(tokens::jwk_set({rotated.jwk()})));
    assert_int_equal(world.sign_in_as("user-1").status, 302);
    assert_int_equal(world.http.count("/jwks"), fetched + 1);
}

Object userinfo() {
    return {{"iss", quote(issuer)},
            {"aud", "\"client\""},
            {"sub", "\"user-1\""},
            {"email", "\"ann@example.org\""},
            {"email_verified", "true"}};
}

web::Answer sign_in_with(World& world, const std::string& body) {
    net::HttpResponse response;
    response.status = 200;
    response.content_type = "application/jwt";
    response.body = body;
    world.op.instead.insert_or_assign("/userinfo", response);
    return world.sign_in_as("user-1");
}

void assert_no_user(World& world, const std::string& body, std::string_view why) {
    const web::Answer given = sign_in_with(world, body);
    assert_failure(given, "token_invalid", 502);
    assert_null(world.current().get());
    if (given.log.find(why) == std::string::npos) {
        print_error("%s\n", given.log.c_str());
        fail();
    }
}

void conf_027_signed_userinfo_says_who_it_is(void**) {
    World world;
    assert_int_equal(sign_in_with(world, signed_by(unit::provider_key(), userinfo())).status, 302);
    assert_text_equal(world.current()->session.identity.email.value_or(""), "ann@example.org");
}

void ui_04_signed_userinfo_is_the_id_tokens(void**) {
    World world;
    world.settings.issuers = {"https://former.example"};
    const tokens::Key& key = unit::provider_key();
    assert_no_user(world, signed_by(key, userinfo().with("iss", "\"https://former.example\"")), "iss is not");
    assert_no_user(world, signed_by(key, userinfo().with("sub", "\"user-2\"")), "sub is not");
    assert_no_user(world, signed_by(key, userinfo().with("aud", "\"other\"")), "aud is not");
    assert_no_user(world, signed_by(tokens::Key::ec("k1", "P-256"), userinfo()), "no key of the provider");
    assert_no_user(world, userinfo().text(), "is not base64url");
}

void ui_04_the_algorithms_of_userinfo(void**) {
    World other;
    other.op.metadata = other.op.metadata.with("userinfo_signing_alg_values_supported", R"(["RS256"])");
    assert_no_user(other, signed_by(unit::provider_key(), userinfo()), "accepted: RS256");
    World own;
    own.op.metadata = own.op.metadata.with("userinfo_signing_alg_values_supported", R"(["ES256","none"])")
                          .with("id_token_signing_alg_values_supported", R"(["ES256"])");
    assert_int_equal(sign_in_with(own, signed_by(unit::provider_key(), userinfo())).status, 302);
    World none;
    none.op.metadata = none.op.metadata.with("userinfo_signing_alg_values_supported", R"(["none"])");
    assert_no_user(none, signed_by(unit::provider_key(), userinfo()), "its algorithm is not allowed");
    World configured;
    configured.settings.signing_algorithms = {"ES256"};
    configured.op.metadata =
        configured.op.metadata.with("userinfo_signing_alg_values_supported", R"(["RS256"])");
    assert_int_equal(sign_in_with(configured, signed_by(unit::provider_key(), userinfo())).status, 302);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(pd_08_a_signed_answer_signs_in),
        cmocka_unit_test(pd_08_nothing_is_used_before_it_is_verified),
        cmocka_unit_test(pd_08_a_plain_answer_is_none_where_a_signed_one_was_asked_for),
        cmocka_unit_test(pd_08_nothing_is_beside_it),
        cmocka_unit_test(pd_08_plain_oauth_has_no_signed_answers),
        cmocka_unit_test(pd_08_whoever_has_no_sign_in_has_no_keys_fetched),
        cmocka_unit_test(pd_08_the_audience_is_the_client_alone),
        cmocka_unit_test(pd_08_the_issuer_is_the_one_that_was_asked),
        cmocka_unit_test(pd_08_the_algorithms_of_the_metadata),
        cmocka_unit_test(pd_08_without_keys_there_is_nothing_to_verify_with),
        cmocka_unit_test(pd_08_forged_answers_have_fetches_of_their_own),
        cmocka_unit_test(conf_027_signed_userinfo_says_who_it_is),
        cmocka_unit_test(ui_04_signed_userinfo_is_the_id_tokens),
        cmocka_unit_test(ui_04_the_algorithms_of_userinfo),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
