// SPDX-License-Identifier: MIT
// Where a client with a certificate goes: mtls_endpoint_aliases, RFC 8705 5. CONF-034, PD-09.
#include "../../src/oidc/metadata.hpp"
#include "tokens.hpp"

#include <string>
#include <vector>

#include "fakes.hpp"

namespace {

using namespace oauth;
using oidc::ClientAuth;
using tokens::Object;
using tokens::quote;

constexpr const char* issuer = "https://op.example";

Object document(const std::string& aliases) {
    return {{"issuer", quote(issuer)},
            {"authorization_endpoint", "\"https://op.example/authorize\""},
            {"token_endpoint", "\"https://op.example/token\""},
            {"userinfo_endpoint", "\"https://op.example/userinfo\""},
            {"revocation_endpoint", "\"https://op.example/revoke\""},
            {"jwks_uri", "\"https://op.example/jwks\""},
            {"token_endpoint_auth_methods_supported", "[\"tls_client_auth\",\"client_secret_basic\"]"},
            {"mtls_endpoint_aliases", aliases}};
}

oidc::MetadataRules rules(std::optional<ClientAuth> auth) {
    oidc::MetadataRules rules;
    rules.issuer = issuer;
    rules.client_auth = auth;
    rules.material = {32, true, true};
    return rules;
}

core::Result<oidc::Metadata> process(const Object& object, const oidc::MetadataRules& rules) {
    return oidc::process_metadata_response(unit::json_response(object.text()).value(), rules);
}

const std::string all = "{\"token_endpoint\":\"https://mtls.op.example/token\","
                        "\"revocation_endpoint\":\"https://mtls.op.example/revoke\","
                        "\"userinfo_endpoint\":\"https://mtls.op.example/userinfo\","
                        "\"authorization_endpoint\":\"https://mtls.op.example/authorize\","
                        "\"jwks_uri\":\"https://mtls.op.example/jwks\",\"x\":7}";

void conf_034_they_are_used_with_a_certificate(void**) {
    const std::optional<ClientAuth> both[] = {ClientAuth::tls,
                                              std::nullopt}; // configured, and by the metadata
    for (const auto& auth : both) {
        const auto metadata = process(document(all), rules(auth));
        assert_true(metadata.ok());
        assert_text_equal(metadata->token_endpoint, "https://mtls.op.example/token");
        assert_text_equal(metadata->revocation_endpoint, "https://mtls.op.example/revoke");
        assert_text_equal(metadata->userinfo_endpoint, "https://mtls.op.example/userinfo");
        assert_text_equal(metadata->authorization_endpoint, "https://op.example/authorize"); // a browser's
        assert_text_equal(metadata->jwks_uri, "https://op.example/jwks");
    }
}

void conf_034_the_token_endpoint_may_be_there_alone(void**) {
    const auto metadata = process(document(all).without("token_endpoint"), rules(ClientAuth::tls));
    assert_true(metadata.ok());
    assert_text_equal(metadata->token_endpoint, "https://mtls.op.example/token");
    assert_false(process(document(all).without("token_endpoint"), rules(ClientAuth::basic)).ok());
}

void others_do_not_go_there(void**) {
    for (const ClientAuth auth : {ClientAuth::basic, ClientAuth::private_key_jwt, ClientAuth::none}) {
        const auto metadata = process(document("{\"token_endpoint\":\"nonsense\"}"), rules(auth));
        assert_true(metadata.ok());
        assert_text_equal(metadata->token_endpoint, "https://op.example/token");
    }
    auto without_certificate = rules(std::nullopt);
    without_certificate.material = {32, true, false};
    assert_text_equal(process(document(all), without_certificate)->token_endpoint,
                      "https://op.example/token");
}

void without_aliases_the_endpoints_are_the_same(void**) {
    for (const char* none : {"{}", "null", "{\"token_endpoint\":null}"}) {
        const auto metadata = process(document(none), rules(ClientAuth::tls));
        assert_true(metadata.ok());
        assert_text_equal(metadata->token_endpoint, "https://op.example/token");
    }
}

void pd_09_one_that_is_unusable_has_no_other_in_its_place(void**) {
    for (const char* url : {"\"\"", "\"mtls.op.example/token\"", "\"http://mtls.op.example/token\"",
                            "\"ftp://mtls.op.example/token\"", "7", "[]", "{}"}) {
        const auto metadata =
            process(document(std::string("{\"token_endpoint\":") + url + "}"), rules(ClientAuth::tls));
        assert_false(metadata.ok());
        assert_true(metadata.error().detail.starts_with("mtls_endpoint_aliases.token_endpoint is not"));
    }
    for (const char* aliases : {"[]", "\"https://mtls.op.example/token\"", "7", "true"}) {
        const auto metadata = process(document(aliases), rules(ClientAuth::tls));
        assert_false(metadata.ok());
        assert_text_equal(metadata.error().detail, "mtls_endpoint_aliases is not an object");
    }
    // What is not needed is left out, and not asked without the certificate.
    const auto metadata = process(document("{\"revocation_endpoint\":\"\"}"), rules(ClientAuth::tls));
    assert_true(metadata.ok());
    assert_text_equal(metadata->revocation_endpoint, "");
    assert_int_equal(metadata->left_out.size(), 1);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(conf_034_they_are_used_with_a_certificate),
        cmocka_unit_test(conf_034_the_token_endpoint_may_be_there_alone),
        cmocka_unit_test(others_do_not_go_there),
        cmocka_unit_test(without_aliases_the_endpoints_are_the_same),
        cmocka_unit_test(pd_09_one_that_is_unusable_has_no_other_in_its_place),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
