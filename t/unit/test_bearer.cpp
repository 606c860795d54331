// SPDX-License-Identifier: MIT
// Access tokens of API clients as a flow: what a request brings (BR-04, BR-05, BR-17), what a token is
// (BR-02, BR-12), how long it is remembered (BR-14, BR-20), and what strangers can make us ask (MCP-16).
#include "bearer_world.hpp"

#include <string>

using namespace oauth;
using unit::access_claims;
using unit::access_jwt;
using unit::app;
using unit::BearerWorld;
using unit::quote;
using unit::start_of_time;
using Kind = flow::Credentials::Kind;

namespace {

Kind kind_of(const std::string& authorization, const std::string& query = "") {
    return flow::read_credentials(authorization, query).kind;
}

void br_05_what_is_no_bearer(void**) {
    for (const char* other : {"", " ", "Bear", "Basic eDp5", "Bearerx", "Bearer:x", "Bearer=x", "Bearer-x y",
                              "DPoP x", "Basic Bearer x"}) {
        assert_true(kind_of(other) == Kind::none);
        assert_false(flow::read_credentials(other, "").decide());
    }
    assert_true(kind_of("", "access_token=x") == Kind::none); // BR-04: alone in the query it is none
}

void br_05_bearer_without_a_token(void**) {
    for (const char* bad :
         {"Bearer", "Bearer ", "Bearer\tx", "Bearer,x", "bearer\t", " Bearer", "\tBearer\tx"}) {
        const auto credentials = flow::read_credentials(bad, "");
        if (credentials.kind != Kind::malformed) {
            fail_msg("%s", bad);
        }
        assert_true(credentials.decide());
        assert_text_equal(credentials.token, "");
    }
    assert_true(kind_of("Bearer", "access_token=x") == Kind::malformed);
}

// They decide as any token does, and nobody is asked about them.
void br_05_characters_that_no_token_has(void**) {
    BearerWorld world;
    world.has_introspection();
    for (const std::string bad : {" x",    "\tx", ", x", "x,",  "x,Bearer y", "x y",  "x ",
                                  "\"x\"", "=",   "==",  "a=b", "=a",         "a%20", "\xc3\xa4",
                                  "a\\",   "a:b", "a@b", "a[",  "a{",         "a`"}) {
        assert_true(kind_of("Bearer " + bad) == Kind::token);
        world.refuse(bad, "characters that no token has");
    }
    world.refuse(std::string("a\0b", 3), "characters that no token has");
    assert_int_equal(world.http.pending(), 0);
    assert_null(world.provider.known_metadata().get());
}

void br_05_a_token(void**) {
    for (const char* scheme : {"Bearer ", "bearer ", "BEARER ", "bEaReR ", " Bearer ", " \t bearer "}) {
        const std::string header = std::string(scheme) + "aZ09-._~+/==";
        const auto credentials = flow::read_credentials(header, "a=b");
        assert_true(credentials.kind == Kind::token);
        assert_text_equal(credentials.token, "aZ09-._~+/==");
        assert_true(credentials.decide());
        assert_false(credentials.has_foreign_origin);
    }
}

void br_17_its_size(void**) {
    assert_true(kind_of("Bearer " + std::string(flow::max_bearer_token, 'a')) == Kind::token);
    assert_true(kind_of("Bearer " + std::string(flow::max_bearer_token + 1, 'a')) == Kind::malformed);
    assert_true(kind_of("Bearer a" + std::string(flow::max_bearer_token, '=')) == Kind::malformed);
    assert_int_equal(flow::max_bearer_token, 16384);
}

void br_04_in_two_places(void**) {
    for (const char* query :
         {"access_token=x", "access_token=", "access_token", "a=b&access_token=x&c", "%61ccess%5ftoken=x",
          "acce%73s_token=x", "access_to%6ben=x", "a=%zz&access_token=x", "access_token=%"}) {
        const auto credentials = flow::read_credentials("Bearer x", query);
        assert_true(credentials.kind == Kind::twice);
        assert_text_equal(credentials.token, "");
        assert_true(credentials.decide());
    }
    for (const char* query :
         {"", "access_tokens=x", "a=access_token", "token=x", "Access_Token=x", "a=%20"}) {
        assert_true(kind_of("Bearer x", query) == Kind::token);
    }
}

void a_token_stands_for_a_session(void**) {
    BearerWorld world;
    const std::string token = access_jwt(access_claims()
                                             .with("iat", std::to_string(start_of_time - 100))
                                             .with("auth_time", std::to_string(start_of_time - 200))
                                             .with("sid", "\"s-1\""));
    const auto opened = world.take(token);
    assert_true(opened->kind == session::SessionState::Kind::token);
    assert_ptr_equal(opened->store, &world.resource);
    assert_text_equal(opened->base_url, app);
    assert_text_equal(opened->cookie, token);
    assert_true(opened->accepted);
    assert_int_equal(opened->ends_at, start_of_time + 600 + 60);
    assert_int_equal(opened->due_at, opened->ends_at);
    assert_int_equal(opened->planned_at, start_of_time);
    assert_true(opened->check_at > start_of_time + 1000000); // nobody is asked about it again
    const session::Session& session = opened->session;
    assert_int_equal(session.id.size(), 16);
    assert_text_equal(session.identity.provider, "op");
    assert_text_equal(session.identity.subject, "user-1");
    assert_true(session.identity.scopes == session::Strings({"read", "write"}));
    assert_text_equal(session.provider_fingerprint, world.provider.fingerprint());
    assert_int_equal(session.made_at, start_of_time - 100);
    assert_int_equal(session.begun_at, (start_of_time - 100) * 1000);
    assert_int_equal(session.signed_in_at, start_of_time - 200);
    assert_true(session.auth_time_is_told);
    assert_false(world.take(access_jwt())->session.auth_time_is_told);
    assert_int_equal(session.checked_at, start_of_time);
    assert_int_equal(session.expires_at, start_of_time + 600);
    assert_text_equal(session.sid, "s-1");
    assert_text_equal(session.access_token, ""); // oauth_tokens is off
    assert_int_equal(session.access_expires_at, 0);
}

void what_rules_and_the_application_use_of_it(void**) {
    BearerWorld world;
    world.needs.claims = {"department"};
    world.needs.add("role");
    world.settings.type = providers::find_type("keycloak");
    const auto identity = world
                              .take(access_jwt(access_claims()
                                                   .with("department", "\"x\"")
                                                   .with("preferred_username", "\"ann\"")
                                                   .with("realm_access", R"({"roles":["r"]})")))
                              ->session.identity;
    assert_text_equal(identity.user, "ann");
    assert_true(identity.roles == session::Strings({"r"}));
    assert_int_equal(identity.claims.size(), 1);
    const auto without = world.take(access_jwt())->session.identity; // it is one all the same
    assert_false(without.roles.has_value());
}

void the_token_is_kept_where_it_is_passed_on(void**) {
    BearerWorld world;
    world.options.keep_tokens = true;
    const std::string token = access_jwt();
    const auto opened = world.take(token);
    assert_text_equal(opened->session.access_token, token);
    assert_int_equal(opened->session.access_expires_at, start_of_time + 600);
}

void br_14_it_is_remembered_for_its_own_place(void**) {
    BearerWorld world;
    const std::string token = access_jwt();
    assert_null(world.known(token).get());
    const auto opened = world.take(token);
    assert_ptr_equal(world.known(token).get(), opened.get());
    assert_null(world.known(token, "https://other.example").get());
    flow::ProtectedResource other = world.resource;
    assert_null(flow::find_token(world.site, other, token, app).get());
    assert_null(world.known(token + "x").get());
    assert_null(world.known(token.substr(0, token.size() - 1)).get());
    world.site.tokens = nullptr; // then each is verified each time
    assert_null(world.known(token).get());
    assert_non_null(world.take(token).get());
}

void br_14_two_tokens_are_not_one_session(void**) {
    BearerWorld world;
    const auto first = world.take(access_jwt());
    const auto second = world.take(access_jwt()); // the same claims, another signature
    assert_text_equal(first->session.identity.subject, second->session.identity.subject);
    assert_true(first->session.id != second->session.id);
    world.resource.url = unit::resource_at; // whichever host
    const auto here = world.take(first->cookie);
    const auto there = world.take(first->cookie, "https://other.example");
    assert_true(here->session.id == first->session.id);
    assert_true(here->session.id != there->session.id);
}

void br_14_until_it_ends(void**) {
    BearerWorld world;
    const std::string token = access_jwt();
    world.take(token);
    world.clock.set(start_of_time + 659);
    assert_non_null(world.known(token).get());
    world.clock.set(start_of_time + 660);
    assert_null(world.known(token).get());
    world.refuse(token, "it has expired");
    world.clock.set(start_of_time - 1); // it was set back: nothing is known of then
    assert_null(world.known(token).get());
    world.clock.set(start_of_time);
    assert_non_null(world.known(token).get());
}

void br_14_and_for_an_hour(void**) {
    BearerWorld world;
    const std::string token = access_jwt(access_claims().with("exp", std::to_string(start_of_time + 86400)));
    const auto opened = world.take(token);
    assert_int_equal(opened->due_at, start_of_time + 3600);
    assert_int_equal(opened->ends_at, start_of_time + 86400 + 60);
    world.clock.advance(3599);
    assert_non_null(world.known(token).get());
    world.clock.advance(1);
    assert_null(world.known(token).get());
    assert_true(flow::goes_on(world.site, *opened)); // a stream goes on
    world.clock.set(opened->ends_at - 1);
    assert_true(flow::goes_on(world.site, *opened));
    world.clock.set(opened->ends_at);
    assert_false(flow::goes_on(world.site, *opened));
}

void br_20_whoever_has_been_signed_out(void**) {
    BearerWorld world;
    const std::string token = access_jwt();
    const auto opened = world.take(token);
    world.ledger.revoke("another", start_of_time + 600);
    assert_non_null(world.known(token).get());
    assert_int_equal(opened->revocations_seen, world.ledger.generation());
    world.ledger.revoke(opened->session.id, start_of_time + 600);
    assert_false(flow::goes_on(world.site, *opened));
    assert_null(world.known(token).get());
    world.refuse(token, "access token of op: its user, or its session, has been signed out");
    assert_null(world.known(token).get());
}

void br_20_a_user_is_signed_out_everywhere(void**) {
    BearerWorld world;
    const std::string token = access_jwt();
    const auto marks = session::marks_of(world.take(token)->session);
    world.ledger.revoke_all(marks.subject, start_of_time * 1000, start_of_time + 86400);
    world.refuse(token, "has been signed out");
    world.take(access_jwt(access_claims().with("iat", std::to_string(start_of_time + 1)))); // issued after it
}

void br_12_what_is_no_access_token(void**) {
    BearerWorld world;
    const std::string as_id_token = tokens::sign(unit::provider_key(), "ES256", access_claims().text());
    world.refuse(as_id_token, "access token of op: its typ is not at+jwt");
    world.resource.type = oidc::AccessTokenExpectation::Type::any;
    world.take(as_id_token);
    world.refuse(access_jwt(access_claims().with("aud", "\"client\"")),
                 "aud is not this resource: found \"client\", expected \"https://app.example/mcp\"");
    world.refuse(access_jwt(access_claims(), tokens::Key::ec("k1", "P-256")), "no key of the provider");
    world.clock.advance(3600); // the skew is the configuration's
    world.options.clock_skew = 3001;
    world.take(access_jwt());
}

void br_02_algorithms_of_the_block(void**) {
    BearerWorld world;
    world.settings.signing_algorithms = {"RS256", "HS256"};
    world.refuse(access_jwt(), "its algorithm is not allowed: found \"ES256\", accepted: RS256");
    world.refuse(tokens::sign_hmac("HS256", "secret", access_claims().text()),
                 "its algorithm is not allowed");
    assert_int_equal(world.http.count("/jwks"), 0); // whose keys would not help
    world.settings.signing_algorithms = {};
    world.refuse(tokens::sign_hmac("HS256", "secret", access_claims().text()),
                 "its algorithm is not allowed");
    assert_int_equal(world.http.count("/jwks"), 0);
    world.take(access_jwt());
}

void br_02_keys_are_fetched_again_from_an_allowance_of_their_own(void**) {
    BearerWorld world;
    world.take(access_jwt());
    for (int i = 0; i < 10; ++i) {
        world.refuse(access_jwt(access_claims(), tokens::Key::ec("k1", "P-256")), "no key of the provider");
    }
    assert_int_equal(world.http.count("/jwks"), 3);
}

void mcp_16_what_no_server_would_know(void**) {
    BearerWorld world;
    world.has_introspection();
    for (const char* broken : {"eyJ.x.y", "eyJhbGciOiJub25lIn0.e30.", "eyJ..", "eyJ%.e30.AAAA"}) {
        world.refuse(broken, "access token: ");
    }
    assert_int_equal(world.http.sent.size(), 0);
}

void a_provider_that_cannot_be_asked(void**) {
    BearerWorld world;
    world.op.instead.insert_or_assign("/openid-configuration", unit::unreachable());
    world.fails(access_jwt(), "provider_unreachable");
    BearerWorld keys;
    keys.op.instead.insert_or_assign("/jwks", unit::json_response("[]"));
    keys.fails(access_jwt(), "provider_error");
    BearerWorld bare;
    bare.settings.token_endpoint = unit::issuer + "/token"; // so that its metadata need no jwks_uri
    bare.op.metadata = bare.op.metadata.without("jwks_uri");
    bare.fails(access_jwt(), "provider_error");
    assert_null(bare.known(access_jwt()).get());
}

void strangers_take_turns(void**) {
    BearerWorld world;
    auto taken = world.take_all_turns();
    world.fails(access_jwt(), "provider_unreachable");
    assert_int_equal(world.http.sent.size(), 0);
    taken.pop_back();
    world.take(access_jwt());
    assert_true(flow::Turn::take(world.turns, "op tokens", "").ok()); // it has given it back
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(br_05_what_is_no_bearer),
        cmocka_unit_test(br_05_bearer_without_a_token),
        cmocka_unit_test(br_05_characters_that_no_token_has),
        cmocka_unit_test(br_05_a_token),
        cmocka_unit_test(br_17_its_size),
        cmocka_unit_test(br_04_in_two_places),
        cmocka_unit_test(a_token_stands_for_a_session),
        cmocka_unit_test(what_rules_and_the_application_use_of_it),
        cmocka_unit_test(the_token_is_kept_where_it_is_passed_on),
        cmocka_unit_test(br_14_it_is_remembered_for_its_own_place),
        cmocka_unit_test(br_14_two_tokens_are_not_one_session),
        cmocka_unit_test(br_14_until_it_ends),
        cmocka_unit_test(br_14_and_for_an_hour),
        cmocka_unit_test(br_20_whoever_has_been_signed_out),
        cmocka_unit_test(br_20_a_user_is_signed_out_everywhere),
        cmocka_unit_test(br_12_what_is_no_access_token),
        cmocka_unit_test(br_02_algorithms_of_the_block),
        cmocka_unit_test(br_02_keys_are_fetched_again_from_an_allowance_of_their_own),
        cmocka_unit_test(mcp_16_what_no_server_would_know),
        cmocka_unit_test(a_provider_that_cannot_be_asked),
        cmocka_unit_test(strangers_take_turns),
    };
    return cmocka_run_group_tests_name("bearer", tests, nullptr, nullptr);
}
