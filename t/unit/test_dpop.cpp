// SPDX-License-Identifier: MIT
// Proofs of possession: PD-04, and how a server asks for a nonce (PD-05, PD-06).
#include "../../src/core/bytes.hpp"
#include "../../src/core/json.hpp"
#include "../../src/jose/jws.hpp"
#include "../../src/oidc/dpop.hpp"

#include <algorithm>
#include <new>
#include <set>
#include <string>

#include "fakes.hpp"
#include "jose_keys.hpp"

namespace {

using namespace oauth;
using oidc::DpopProof;

const jose::SigningKey& key() {
    static const auto key = jose::SigningKey::derive_es256("a secret", "DPoP key");
    return *key;
}

struct Proof {
    core::Json header;
    core::Json claims;
};

// As a server verifies it: with the key in its header.
Proof opened(const DpopProof& asked) {
    static unit::FakeRandom random;
    const std::string text = oidc::make_dpop_proof(key(), random, asked);
    const auto jws = jose::parse_compact(text);
    assert_true(jws.ok());
    auto header = core::Json::parse(*core::base64url_decode(text.substr(0, text.find('.'))));
    const auto jwk = jose::parse_public_jwk(header->root().get("jwk"));
    assert_true(jwk.has_value());
    assert_true(jose::verify(jws.value(), *jwk));
    auto claims = core::Json::parse(jws->payload);
    return {std::move(*header), std::move(*claims)};
}

void pd_04_the_header_has_the_public_key_alone(void**) {
    const Proof proof = opened({"POST", "https://op.example/token", "", "", 1760000000});
    const core::JsonView header = proof.header.root();
    assert_text_equal(*header.get("typ").as_string(), "dpop+jwt");
    assert_text_equal(*header.get("alg").as_string(), "ES256");
    assert_int_equal(header.members().size(), 3);
    std::string names;
    for (const auto& [name, value] : header.get("jwk").members()) {
        names.append(name).append(" ");
    }
    assert_text_equal(names, "crv kty x y "); // and no d
}

void pd_04_the_claims_of_a_token_request(void**) {
    const Proof proof = opened({"POST", "https://op.example/token?tenant=x", "", "", 1760000000});
    const core::JsonView claims = proof.claims.root();
    assert_text_equal(*claims.get("htm").as_string(), "POST");
    assert_text_equal(*claims.get("htu").as_string(), "https://op.example/token");
    assert_int_equal(*claims.get("iat").as_integer(), 1760000000);
    assert_int_equal(claims.get("jti").as_string()->size(), 22); // 128 bits
    assert_int_equal(claims.members().size(), 4);                // neither ath nor nonce
}

void pd_04_the_address_has_neither_query_nor_fragment(void**) {
    const auto htu = [](const char* url) {
        return std::string(*opened({"GET", url, "", "", 1}).claims.root().get("htu").as_string());
    };
    assert_text_equal(htu("https://OP.example:443/a/b?c=d"), "https://op.example/a/b");
    assert_text_equal(htu("http://127.0.0.1:8080/token?"), "http://127.0.0.1:8080/token");
    assert_text_equal(htu("https://op.example"), "https://op.example/");
    assert_text_equal(htu("https://op.example/x#y"), "https://op.example/x"); // no URL of ours
}

void pd_04_ath_as_rfc_9449_has_it(void**) { // 7.1
    const std::string token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
    const Proof proof = opened({"GET", "https://resource.example.org/protectedresource", token, "n1", 1});
    assert_text_equal(*proof.claims.root().get("ath").as_string(),
                      "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
    assert_text_equal(*proof.claims.root().get("nonce").as_string(), "n1");
}

void pd_04_no_two_have_one_identifier(void**) {
    std::set<std::string> identifiers;
    for (int i = 0; i < 20; ++i) {
        identifiers.emplace(
            *opened({"GET", "https://op.example/", "", "", 1}).claims.root().get("jti").as_string());
    }
    assert_int_equal(identifiers.size(), 20);
}

void pd_04_without_randomness_there_is_none(void**) {
    unit::FakeRandom random;
    random.fail_draw(0);
    bool failed = false;
    try {
        oidc::make_dpop_proof(key(), random, {"GET", "https://op.example/", "", "", 1});
    } catch (const std::bad_alloc&) {
        failed = true;
    }
    assert_true(failed);
}

net::HttpResponse challenge(const std::string& value, int status = 401) {
    net::HttpResponse response;
    response.status = status;
    response.headers = {{"www-authenticate", value}};
    return response;
}

void pd_05_how_a_resource_asks(void**) {
    for (const char* value : {
             "DPoP error=\"use_dpop_nonce\"",
             "dpop error=\"use_dpop_nonce\", error_description=\"x\"",
             "DPOP realm=\"a, b=\\\"c\", error=use_dpop_nonce",
             "Bearer error=\"invalid_token\", DPoP algs=\"ES256 PS256\", error=\"use_dpop_nonce\"",
             "DPoP error = \"use_dpop_nonce\"",
             "Negotiate, DPoP ERROR=\"use_dpop_nonce\"",
         }) {
        if (!oidc::asks_for_nonce(challenge(value))) {
            fail_msg("%s", value);
        }
    }
    for (const char* value : {
             "",
             "DPoP",
             "DPoP error=\"invalid_token\"",
             "Bearer error=\"use_dpop_nonce\"",
             "DPoP algs=\"ES256\", Bearer error=\"use_dpop_nonce\"",
             "DPoP error_description=\"error=use_dpop_nonce\"",
             "DPoP realm=\"x, error=use_dpop_nonce\"",
             "error=\"use_dpop_nonce\"",
             "\"DPoP error=use_dpop_nonce",
             ",,,=,\"\\",
             "DPoP error=\"use_dpop_nonce",
         }) {
        if (oidc::asks_for_nonce(challenge(value))) {
            fail_msg("%s", value);
        }
    }
    auto two = challenge("Bearer realm=\"x\"");
    two.headers.push_back({"www-authenticate", "DPoP error=\"use_dpop_nonce\""});
    assert_true(oidc::asks_for_nonce(two));
    for (const int status : {200, 403, 500}) {
        assert_false(oidc::asks_for_nonce(challenge("DPoP error=\"use_dpop_nonce\"", status)));
    }
}

void a_resource_refuses_the_proof_and_not_the_token(void**) {
    for (const char* value :
         {"DPoP error=\"use_dpop_nonce\"", "DPoP algs=\"ES256\", error=\"invalid_dpop_proof\"",
          "Bearer realm=\"x\", dpop error=invalid_dpop_proof"}) {
        assert_true(oidc::is_about_proof(challenge(value)));
    }
    for (const char* value :
         {"DPoP error=\"invalid_token\"", "Bearer error=\"invalid_dpop_proof\"", "DPoP", ""}) {
        assert_false(oidc::is_about_proof(challenge(value)));
    }
}

void pd_05_how_a_token_endpoint_asks(void**) {
    assert_true(oidc::asks_for_nonce(unit::json_response("{\"error\":\"use_dpop_nonce\"}", 400).value()));
    assert_true(oidc::asks_for_nonce(unit::json_response("{\"error\":\"use_dpop_nonce\"}", 401).value()));
    for (const auto& [body, status] : {std::pair("{\"error\":\"use_dpop_nonce\"}", 200),
                                       {"{\"error\":\"use_dpop_nonce\"}", 503},
                                       {"{\"error\":\"invalid_grant\"}", 400},
                                       {"{\"error_description\":\"use_dpop_nonce\"}", 400},
                                       {"", 400}}) {
        assert_false(oidc::asks_for_nonce(unit::json_response(body, status).value()));
    }
}

net::HttpResponse with_nonce(std::vector<std::string> nonces) {
    net::HttpResponse response;
    response.status = 400;
    for (std::string& nonce : nonces) {
        response.headers.push_back({"dpop-nonce", std::move(nonce)});
    }
    return response;
}

void pd_06_what_is_no_nonce(void**) {
    assert_text_equal(*oidc::nonce_of(with_nonce({"eyJ7S_zG.eyJH0-Z.HX4w-7v"})), "eyJ7S_zG.eyJH0-Z.HX4w-7v");
    assert_true(oidc::nonce_of(with_nonce({std::string(1024, 'n')})).has_value());
    assert_false(oidc::nonce_of(with_nonce({})).has_value());
    assert_false(oidc::nonce_of(with_nonce({"one", "two"})).has_value());
    for (const std::string& nonce :
         {std::string(), std::string("a b"), std::string("a\"b"), std::string("a\\b"), std::string("a\x7f"),
          std::string("\xc3\xa9"), std::string(1025, 'n')}) {
        assert_false(oidc::nonce_of(with_nonce({nonce})).has_value());
    }
}

void pd_05_each_server_has_its_own_nonce(void**) {
    oidc::Nonces nonces;
    assert_text_equal(nonces.of("https://op.example/token"), "");
    nonces.learn("https://op.example/token", with_nonce({"n1"}));
    nonces.learn("https://api.example/userinfo", with_nonce({"n2"}));
    assert_text_equal(nonces.of("https://OP.example:443/other?x"), "n1");
    assert_text_equal(nonces.of("https://api.example/"), "n2");
    assert_text_equal(nonces.of("https://op.example:8443/token"), "");
    assert_text_equal(nonces.of("http://op.example/token"), "");
    nonces.learn("https://op.example/token", with_nonce({"n3"}));
    nonces.learn("https://op.example/token", with_nonce({}));
    nonces.learn("https://op.example/token", with_nonce({"not one"}));
    assert_text_equal(nonces.of("https://op.example/token"), "n3");
    for (int i = 0; i < 8; ++i) { // a bound
        nonces.learn("https://h" + std::to_string(i) + ".example/", with_nonce({"n"}));
    }
    assert_text_equal(nonces.of("https://op.example/token"), "");
    assert_text_equal(nonces.of("https://h0.example/token"), "n");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(pd_04_the_header_has_the_public_key_alone),
        cmocka_unit_test(pd_04_the_claims_of_a_token_request),
        cmocka_unit_test(pd_04_the_address_has_neither_query_nor_fragment),
        cmocka_unit_test(pd_04_ath_as_rfc_9449_has_it),
        cmocka_unit_test(pd_04_no_two_have_one_identifier),
        cmocka_unit_test(pd_04_without_randomness_there_is_none),
        cmocka_unit_test(pd_05_how_a_resource_asks),
        cmocka_unit_test(a_resource_refuses_the_proof_and_not_the_token),
        cmocka_unit_test(pd_05_how_a_token_endpoint_asks),
        cmocka_unit_test(pd_06_what_is_no_nonce),
        cmocka_unit_test(pd_05_each_server_has_its_own_nonce),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
