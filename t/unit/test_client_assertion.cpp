// SPDX-License-Identifier: MIT
// What the client signs to prove itself: TK-04, TK-05.
#include "../../src/core/bytes.hpp"
#include "../../src/core/json.hpp"
#include "../../src/core/url.hpp"
#include "../../src/jose/jws.hpp"
#include "../../src/oidc/client_auth.hpp"

#include <algorithm>
#include <memory>
#include <new>
#include <set>
#include <string>
#include <vector>

#include "fakes.hpp"
#include "jose_keys.hpp"

namespace {

using namespace oauth;
using jose::SigningKey;
using oidc::ClientAuth;

const std::string long_secret = "a secret of thirty-two bytes, 32";

unit::FakeClock& clock_of_test() {
    static unit::FakeClock clock{1760000000};
    return clock;
}

unit::FakeRandom& random_of_test() {
    static unit::FakeRandom random;
    return random;
}

oidc::ClientCredentials credentials(ClientAuth auth) {
    oidc::ClientCredentials credentials{"the client", long_secret, auth};
    credentials.audience = "https://op.example/tenant";
    credentials.clock = &clock_of_test();
    credentials.random = &random_of_test();
    return credentials;
}

oidc::ClientCredentials with_key(const jose::KeyPointer& key,
                                 const std::vector<std::string>& supported = {}) {
    auto made = credentials(ClientAuth::private_key_jwt);
    auto signing = SigningKey::from_pem(unit::private_pem(key.get()), SigningKey::Curves::all);
    assert_true(signing.has_value());
    made.key = std::make_shared<const SigningKey>(std::move(*signing));
    made.algorithm = oidc::choose_assertion_algorithm(supported, *made.key);
    return made;
}

std::string assertion_of(const oidc::ClientCredentials& credentials) {
    net::HttpRequest request;
    request.body = "grant_type=x";
    oidc::authenticate_client(credentials, request);
    assert_true(request.headers.empty());
    const auto form = core::Parameters::parse(request.body);
    assert_text_equal(*form->find("client_id"), "the client");
    assert_text_equal(*form->find("client_assertion_type"),
                      "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    assert_false(form->has("client_secret"));
    return std::string(*form->find("client_assertion"));
}

// By the key that is registered at the provider.
core::Json checked(const std::string& assertion, const jose::Jwk& key, std::string_view alg) {
    const auto jws = jose::parse_compact(assertion);
    assert_true(jws.ok());
    assert_text_equal(jws->alg, alg);
    assert_true(jose::verify(jws.value(), key));
    auto claims = core::Json::parse(jws->payload);
    assert_true(claims.has_value());
    return std::move(*claims);
}

jose::Jwk registered(const oidc::ClientCredentials& credentials) {
    const auto json = core::Json::parse(credentials.key->bare_jwk());
    auto jwk = jose::parse_public_jwk(json->root());
    assert_true(jwk.has_value());
    return std::move(*jwk);
}

void tk_04_the_claims(void**) {
    const auto client = with_key(unit::generate_ec("P-256"));
    const std::string assertion = assertion_of(client);
    const core::Json claims = checked(assertion, registered(client), "ES256");
    const core::JsonView root = claims.root();
    assert_text_equal(*root.get("iss").as_string(), "the client");
    assert_text_equal(*root.get("sub").as_string(), "the client");
    assert_text_equal(*root.get("aud").as_string(), "https://op.example/tenant"); // one text, no list
    assert_int_equal(*root.get("iat").as_integer(), 1760000000);
    assert_int_equal(*root.get("exp").as_integer(), 1760000060);
    assert_int_equal(root.members().size(), 6);
    const auto jws = jose::parse_compact(assertion);
    assert_text_equal(*jws->kid, client.key->kid());
    auto nameless = *client.key;
    nameless.set_kid("");
    auto other = client;
    other.key = std::make_shared<const SigningKey>(nameless);
    const std::string without = assertion_of(other);
    assert_text_equal(*core::base64url_decode(without.substr(0, without.find('.'))),
                      "{\"alg\":\"ES256\",\"typ\":\"JWT\"}");
}

void tk_04_each_request_has_an_assertion_of_its_own(void**) {
    const auto client = with_key(unit::generate_ed25519());
    std::set<std::string> identifiers;
    for (int i = 0; i < 20; ++i) {
        const core::Json claims = checked(assertion_of(client), registered(client), "EdDSA");
        const auto jti = claims.root().get("jti").as_string();
        assert_int_equal(jti->size(), 22); // 128 bits
        identifiers.emplace(*jti);
    }
    assert_int_equal(identifiers.size(), 20);
}

void without_randomness_nothing_is_sent(void**) {
    const auto client = with_key(unit::generate_ec("P-256"));
    random_of_test().fail_draw(0);
    net::HttpRequest request;
    bool failed = false;
    try {
        oidc::authenticate_client(client, request);
    } catch (const std::bad_alloc&) {
        failed = true;
    }
    assert_true(failed);
}

void the_algorithm_is_the_keys_and_listed(void**) {
    const auto rsa = unit::generate_rsa(2048);
    const auto chosen = [&rsa](const std::vector<std::string>& supported) {
        const auto client = with_key(rsa, supported);
        if (!client.algorithm.empty()) {
            checked(assertion_of(client), registered(client), client.algorithm);
        }
        return client.algorithm;
    };
    assert_text_equal(chosen({}), "RS256");
    assert_text_equal(chosen({"ES256", "PS256", "RS256"}), "RS256");
    assert_text_equal(chosen({"ES256", "PS256"}), "PS256");
    assert_text_equal(chosen({"RS512", "HS256"}), "RS512");
    assert_text_equal(chosen({"ES256", "HS256", "none", "rs256"}), "");
    for (const auto& [curve, alg] : {std::pair("P-256", "ES256"), {"P-384", "ES384"}, {"P-521", "ES512"}}) {
        const auto key = unit::generate_ec(curve);
        const auto client = with_key(key);
        checked(assertion_of(client), registered(client), alg);
        assert_text_equal(with_key(key, {"RS256", alg}).algorithm, alg);
        assert_text_equal(with_key(key, {"RS256", "PS256"}).algorithm, "");
    }
    const auto edwards = unit::generate_ed25519();
    assert_text_equal(with_key(edwards, {"EdDSA"}).algorithm, "EdDSA");
    const auto by_curve = with_key(edwards, {"Ed25519"}); // RFC 9864
    const std::string assertion = assertion_of(by_curve);
    assert_text_equal(*core::base64url_decode(assertion.substr(0, assertion.find('.'))),
                      "{\"alg\":\"Ed25519\",\"typ\":\"JWT\",\"kid\":\"" + by_curve.key->kid() + "\"}");
}

void tk_05_a_secret_signs_by_hs256(void**) {
    const auto client = credentials(ClientAuth::client_secret_jwt);
    const std::string assertion = assertion_of(client);
    checked(assertion, unit::secret_jwk(long_secret, "HS256"), "HS256");
    const auto jws = jose::parse_compact(assertion);
    assert_false(jws->kid.has_value());
    assert_true(assertion.find(core::base64url_encode(long_secret)) == std::string::npos);
}

void tk_05_a_short_secret_signs_nothing(void**) {
    auto client = credentials(ClientAuth::client_secret_jwt);
    client.client_secret.resize(31);
    net::HttpRequest request;
    bool failed = false;
    try {
        oidc::authenticate_client(client, request);
    } catch (const std::bad_alloc&) {
        failed = true;
    }
    assert_true(failed);
    assert_true(request.body.empty());
}

void a_certificate_goes_with_the_connection(void**) {
    auto client = credentials(ClientAuth::tls);
    std::string error;
    const auto key = unit::generate_ec("P-256");
    net::HttpRequest request;
    oidc::authenticate_client(client, request);
    assert_text_equal(request.body, "client_id=the%20client");
    assert_true(request.headers.empty());
}

// What texts in place of a private key are called.
void keys_that_are_none(void**) {
    const auto rsa = unit::generate_rsa(2048);
    const std::string good = unit::private_pem(rsa.get());
    const auto taken = [](const std::string& text) {
        return SigningKey::from_pem(text, SigningKey::Curves::all).has_value();
    };
    assert_true(taken(good));
    assert_true(taken("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" + good));
    const std::string encrypted = unit::encrypted_pem(rsa.get());
    const std::pair<std::string, std::string> others[] = {
        {unit::public_pem(rsa.get()), "a public key and no private one"},
        {encrypted, "a private key with a passphrase"},
        {"-----BEGIN OPENSSH PRIVATE KEY-----\n", "in the form of OpenSSH"},
        {"-----BEGIN CERTIFICATE-----\n", "a certificate and no private key"},
        {good.substr(0, good.size() / 2) + "-----END PRIVATE KEY-----\n", "broken"},
        {unit::private_pem(unit::generate_rsa(1024).get()), "of a kind that is not used here"},
        {unit::private_pem(unit::generate_ec("secp256k1").get()), "of a kind that is not used here"},
        {"{\"kty\":\"RSA\"}", "no private key in PEM"},
        {"", "no private key in PEM"},
    };
    for (const auto& [text, told] : others) {
        assert_false(taken(text));
        if (jose::why_no_private_key(text).find(told) == std::string::npos) {
            fail_msg("%s: %s", told.c_str(), jose::why_no_private_key(text).c_str());
        }
    }
    // for identity tokens, P-256 alone
    assert_false(SigningKey::from_pem(unit::private_pem(unit::generate_ec("P-384").get())).has_value());
}

void a_derived_key_is_always_the_same(void**) {
    const auto key = SigningKey::derive_es256("a secret", "purpose");
    assert_true(key.has_value());
    assert_text_equal(key->alg(), "ES256");
    assert_text_equal(key->kid(), SigningKey::derive_es256("a secret", "purpose")->kid());
    assert_true(key->kid() != SigningKey::derive_es256("a secret", "other")->kid());
    assert_true(key->kid() != SigningKey::derive_es256("another", "purpose")->kid());
    const auto json = core::Json::parse(key->bare_jwk());
    assert_int_equal(json->root().members().size(), 4); // crv, kty, x, y
    const auto jwk = jose::parse_public_jwk(json->root());
    const auto signed_text = jose::sign_compact(*key, "{\"alg\":\"ES256\"}", "{}");
    assert_true(jose::verify(jose::parse_compact(*signed_text).value(), *jwk));
    assert_false(jose::sign_compact(*key, "{\"alg\":\"RS256\"}", "{}", "RS256").has_value());
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(tk_04_the_claims),
        cmocka_unit_test(tk_04_each_request_has_an_assertion_of_its_own),
        cmocka_unit_test(without_randomness_nothing_is_sent),
        cmocka_unit_test(the_algorithm_is_the_keys_and_listed),
        cmocka_unit_test(tk_05_a_secret_signs_by_hs256),
        cmocka_unit_test(tk_05_a_short_secret_signs_nothing),
        cmocka_unit_test(a_certificate_goes_with_the_connection),
        cmocka_unit_test(keys_that_are_none),
        cmocka_unit_test(a_derived_key_is_always_the_same),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
