// SPDX-License-Identifier: MIT
// What the application is told: the claims of the identity token and nothing that is unknown, never for
// longer than the session, not to be taken over by extra claims; and the published keys, without anything
// private (HD-07, ID-10).
#include "../../src/identity/identity_token.hpp"
#include "../../src/jose/jws.hpp"
#include "../../src/core/bytes.hpp"
#include "jose_keys.hpp"

#include <set>
#include <string>
#include <vector>

#include "unit.hpp"

using namespace oauth;
using identity::TokenParameters;

namespace {

constexpr std::int64_t now = 1760000000;

session::Session full_session() {
    session::Session session;
    session.id = std::string("0123456789abcde\xff", 16);
    session.signed_in_at = now - 100;
    session.expires_at = now + 3600;
    session.identity.provider = "corp";
    session.identity.subject = "user|1";
    session.identity.user = "ann";
    session.identity.email = "ann@example.org";
    session.identity.email_verified = true;
    session.identity.name = "Ann \"x\"\r\n</script>\xc3\xa9";
    session.identity.picture = "https://img.example/a";
    session.identity.groups = session::Strings{"a,b", "c"};
    session.identity.claims = {{"realm_access.roles", "[\"r1\"]"}, {"sub", "\"other\""}, {"level", "5"}};
    return session;
}

session::Session bare_session() {
    session::Session session = full_session();
    session::Identity bare;
    bare.provider = "corp";
    bare.subject = "1";
    bare.user = "1";
    session.identity = bare;
    return session;
}

TokenParameters parameters() {
    TokenParameters parameters;
    parameters.issuer = "https://app.example";
    parameters.audience = "reports";
    parameters.now = now;
    parameters.lifetime = 300;
    return parameters;
}

const jose::SigningKey& key() {
    static const auto the_key = jose::SigningKey::generate_es256();
    return *the_key;
}

core::Json claims_of(const session::Session& session, const TokenParameters& given,
                     const jose::SigningKey& by = key()) {
    const auto token = identity::make_token(session, by, given);
    assert_true(token.has_value());
    const auto jws = jose::parse_compact(*token);
    assert_true(jws.ok());
    const jose::Jwk verifier = by.secret().empty() ? unit::jwk_of(by) : unit::secret_jwk(by.secret(), "");
    assert_true(jose::verify(jws.value(), verifier));
    auto claims = core::Json::parse(jws->payload); // refuses duplicate names
    assert_true(claims.has_value());
    return std::move(*claims);
}

std::set<std::string> names_of(core::JsonView object) {
    std::set<std::string> names;
    for (const auto& [name, value] : object.members()) {
        names.emplace(name);
    }
    return names;
}

void a_token_has_the_claims_of_the_contract(void**) {
    const core::Json json = claims_of(full_session(), parameters());
    const core::JsonView claims = json.root();
    assert_text_equal(claims.get("iss").as_string().value_or(""), "https://app.example");
    assert_text_equal(claims.get("aud").as_string().value_or(""), "reports");
    assert_text_equal(claims.get("sub").as_string().value_or(""), "corp|user|1");
    assert_int_equal(claims.get("iat").as_integer().value_or(0), now);
    assert_int_equal(claims.get("exp").as_integer().value_or(0), now + 300);
    assert_text_equal(claims.get("provider").as_string().value_or(""), "corp");
    assert_text_equal(claims.get("user").as_string().value_or(""), "ann");
    assert_text_equal(claims.get("email").as_string().value_or(""), "ann@example.org");
    assert_true(claims.get("email_verified").as_bool() == true);
    assert_text_equal(claims.get("name").as_string().value_or(""), "Ann \"x\"\r\n</script>\xc3\xa9");
    assert_text_equal(claims.get("picture").as_string().value_or(""), "https://img.example/a");
    assert_text_equal(claims.get("groups").dump(), "[\"a,b\",\"c\"]");
    assert_int_equal(claims.get("auth_time").as_integer().value_or(0), now - 100);
    assert_text_equal(claims.get("sid").as_string().value_or(""), core::base64url_encode(full_session().id));
    assert_int_equal(claims.members().size(), 14);
}

void the_header_names_the_key(void**) {
    const auto token = identity::make_token(full_session(), key(), parameters());
    assert_true(token.has_value());
    const auto jws = jose::parse_compact(*token);
    assert_text_equal(jws->header.root().get("typ").as_string().value_or(""), "JWT");
    assert_text_equal(jws->alg, "ES256");
    assert_text_equal(jws->kid.value_or(""), key().kid());
    assert_int_equal(jws->header.root().members().size(), 3);
    for (const char c : *token) { // HD-07: fit for a header, whatever the user is called
        assert_true(c > ' ' && c < '\x7f');
    }
}

void what_is_unknown_is_left_out(void**) {
    const core::Json json = claims_of(bare_session(), parameters());
    const std::set<std::string> expected = {"iss",      "aud",  "sub",       "iat", "exp",
                                            "provider", "user", "auth_time", "sid"};
    assert_true(names_of(json.root()) == expected);
}

void an_unverified_address_is_told_to_be_so(void**) {
    session::Session session = full_session();
    session.identity.email_verified = false;
    const core::Json json = claims_of(session, parameters());
    assert_true(json.root().get("email_verified").as_bool() == false);
}

void no_token_outlives_its_session(void**) {
    session::Session session = full_session();
    for (const std::int64_t left :
         {std::int64_t{299}, std::int64_t{300}, std::int64_t{301}, std::int64_t{1}}) {
        session.expires_at = now + left;
        const core::Json json = claims_of(session, parameters());
        assert_int_equal(json.root().get("exp").as_integer().value_or(0),
                         now + std::min<std::int64_t>(left, 300));
    }
}

void great_numbers_are_not_for_rounding(void**) {
    session::Session session = full_session();
    session.identity.claims = {
        {"id", "1234567890123456789"}, {"level", "5000000000000001"}, {"in", "[1,9007199254740993]"}};
    const std::vector<std::string> extra = {"id", "level", "in"};
    TokenParameters given = parameters();
    given.extra_claims = &extra;
    const core::Json json = claims_of(session, given);
    assert_text_equal(json.root().get("id").dump(), "\"1234567890123456789\"");
    assert_text_equal(json.root().get("level").dump(), "5000000000000001");
    assert_text_equal(json.root().get("in").dump(), "[1,\"9007199254740993\"]");
}

void extra_claims_are_added_and_replace_nothing(void**) {
    const std::vector<std::string> extra = {"realm_access.roles", "level", "absent", "sub"};
    TokenParameters given = parameters();
    given.extra_claims = &extra;
    const core::Json json = claims_of(full_session(), given);
    assert_text_equal(json.root().get("realm_access.roles").dump(), "[\"r1\"]");
    assert_int_equal(json.root().get("level").as_integer().value_or(0), 5);
    assert_false(json.root().get("absent").exists());
    assert_text_equal(json.root().get("sub").as_string().value_or(""), "corp|user|1");
}

void no_own_claim_can_be_replaced_or_planted(void**) {
    const std::vector<std::string> own = {"iss",      "aud",       "sub",   "iat",           "exp",
                                          "provider", "user",      "email", "name",          "picture",
                                          "groups",   "auth_time", "sid",   "email_verified"};
    session::Session session = bare_session();
    for (const std::string& name : own) {
        session.identity.claims.emplace_back(name, "\"planted\"");
    }
    TokenParameters given = parameters();
    given.extra_claims = &own;
    const core::Json json = claims_of(session, given);
    assert_int_equal(json.root().members().size(), 9);
    for (const auto& [name, value] : json.root().members()) {
        assert_true(value.as_string() != "planted");
    }
}

void an_extra_claim_named_twice_is_there_once(void**) {
    const std::vector<std::string> extra = {"level", "level"};
    TokenParameters given = parameters();
    given.extra_claims = &extra;
    assert_int_equal(claims_of(full_session(), given).root().get("level").as_integer().value_or(0), 5);
}

void id_10_subjects_are_told_apart_by_provider(void**) {
    session::Identity one;
    one.provider = "a";
    one.subject = "1";
    session::Identity two = one;
    two.provider = "b";
    assert_text_equal(identity::qualified_subject(one), "a|1");
    assert_true(identity::qualified_subject(one) != identity::qualified_subject(two));
}

void the_published_keys_have_public_members_only(void**) {
    auto rsa = jose::SigningKey::from_pem(unit::private_pem(unit::generate_rsa(2048).get()));
    auto ed = jose::SigningKey::from_pem(unit::private_pem(unit::generate_ed25519().get()));
    auto secret = jose::SigningKey::from_secret("a shared secret of more than 32 bytes");
    assert_true(rsa && ed && secret);
    const std::string secret_kid = secret->kid();
    identity::KeyRing ring;
    ring.add(std::move(*secret));
    ring.add(key());
    ring.add(std::move(*rsa));
    ring.add(std::move(*ed));
    const std::string text = ring.jwks();
    const auto json = core::Json::parse(text);
    assert_true(json.has_value());
    const auto keys = json->root().get("keys").elements();
    assert_int_equal(keys.size(), 3); // HS256 is not published
    const std::set<std::string> allowed = {"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"};
    for (const core::JsonView& each : keys) {
        for (const std::string& name : names_of(each)) {
            assert_true(allowed.contains(name));
        }
    }
    assert_true(text.find("shared secret") == std::string::npos);
    assert_true(text.find(core::base64url_encode("a shared secret of more than 32 bytes")) ==
                std::string::npos);
    assert_true(text.find(secret_kid) == std::string::npos);
    assert_true(ring.has_kid(secret_kid));
    assert_true(ring.has_kid(key().kid()));
    assert_false(ring.has_kid("other"));
    assert_text_equal(ring.signing().alg(), "HS256"); // the first signs
}

void a_ring_of_secrets_publishes_an_empty_set(void**) {
    identity::KeyRing ring;
    assert_true(ring.empty());
    ring.add(*jose::SigningKey::from_secret("a shared secret of more than 32 bytes"));
    assert_false(ring.empty());
    assert_text_equal(ring.jwks(), "{\"keys\":[]}");
}

void every_kind_of_key_signs(void**) {
    const auto secret = jose::SigningKey::from_secret("a shared secret of more than 32 bytes");
    const auto rsa = jose::SigningKey::from_pem(unit::private_pem(unit::generate_rsa(2048).get()));
    const auto ed = jose::SigningKey::from_pem(unit::private_pem(unit::generate_ed25519().get()));
    for (const jose::SigningKey& by : {*secret, *rsa, *ed}) {
        const core::Json json = claims_of(full_session(), parameters(), by);
        assert_text_equal(json.root().get("user").as_string().value_or(""), "ann");
    }
}

void the_userinfo_endpoint_tells_the_user_only(void**) {
    session::Session session = full_session();
    session.access_token = "access-token-1";
    session.id_token = "id-token-1";
    const std::string text = identity::describe(session, session.expires_at);
    const auto json = core::Json::parse(text);
    assert_true(json.has_value());
    const std::set<std::string> expected = {"sub",  "provider", "user",   "email",     "email_verified",
                                            "name", "picture",  "groups", "auth_time", "expires_at"};
    assert_true(names_of(json->root()) == expected);
    assert_true(text.find("token-1") == std::string::npos); // CS-10
    assert_true(text.find('<') == std::string::npos);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_token_has_the_claims_of_the_contract),
        cmocka_unit_test(the_header_names_the_key),
        cmocka_unit_test(what_is_unknown_is_left_out),
        cmocka_unit_test(an_unverified_address_is_told_to_be_so),
        cmocka_unit_test(no_token_outlives_its_session),
        cmocka_unit_test(great_numbers_are_not_for_rounding),
        cmocka_unit_test(extra_claims_are_added_and_replace_nothing),
        cmocka_unit_test(no_own_claim_can_be_replaced_or_planted),
        cmocka_unit_test(an_extra_claim_named_twice_is_there_once),
        cmocka_unit_test(id_10_subjects_are_told_apart_by_provider),
        cmocka_unit_test(the_published_keys_have_public_members_only),
        cmocka_unit_test(a_ring_of_secrets_publishes_an_empty_set),
        cmocka_unit_test(every_kind_of_key_signs),
        cmocka_unit_test(the_userinfo_endpoint_tells_the_user_only),
    };
    return cmocka_run_group_tests_name("identity_token", tests, nullptr, nullptr);
}
