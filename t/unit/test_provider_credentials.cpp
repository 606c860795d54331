// SPDX-License-Identifier: MIT
// How the client proves itself at a provider, by the configuration and the metadata: TK-03, TK-04, CONF-034.
#include "../../providers/parameters.hpp"
#include "../../src/net/client_certificate.hpp"
#include "certificate_maker.hpp"
#include "flow_world.hpp"
#include "jose_keys.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace oauth;
using oidc::ClientAuth;
using unit::World;
using List = std::vector<std::string>;

std::shared_ptr<const jose::SigningKey> key(const jose::KeyPointer& of) {
    auto made = jose::SigningKey::from_pem(unit::private_pem(of.get()), jose::SigningKey::Curves::all);
    assert_true(made.has_value());
    return std::make_shared<const jose::SigningKey>(std::move(*made));
}

oidc::Metadata metadata(List methods, List algorithms = {}) {
    oidc::Metadata metadata;
    metadata.issuer = unit::issuer;
    metadata.token_endpoint_auth_methods_supported = std::move(methods);
    metadata.token_endpoint_auth_signing_alg_values_supported = std::move(algorithms);
    return metadata;
}

oidc::ClientCredentials given(const World& world, const oidc::Metadata& metadata) {
    auto credentials = world.provider.explained_credentials(metadata);
    if (!credentials) {
        fail_msg("%s", credentials.error().detail.c_str());
    }
    assert_true(world.provider.credentials(metadata).has_value());
    return std::move(credentials.value());
}

void expect_refused(const World& world, const oidc::Metadata& metadata, std::string_view told) {
    const auto credentials = world.provider.explained_credentials(metadata);
    assert_false(credentials.ok());
    assert_false(world.provider.credentials(metadata).has_value());
    assert_int_equal(credentials.error().code, core::Code::provider_error);
    if (credentials.error().detail.find(told) == std::string::npos) {
        fail_msg("%s", credentials.error().detail.c_str());
    }
}

void tk_04_a_key_signs_for_the_issuer(void**) {
    World world;
    world.settings.client_key = key(unit::generate_ec("P-384"));
    const auto chosen =
        given(world, metadata({"client_secret_basic", "private_key_jwt"}, {"RS256", "ES384"}));
    assert_true(chosen.auth == ClientAuth::private_key_jwt);
    assert_text_equal(chosen.audience, unit::issuer);
    assert_text_equal(chosen.algorithm, "ES384");
    assert_ptr_equal(chosen.key.get(), world.settings.client_key.get());
    assert_ptr_equal(chosen.clock, &world.clock);
    assert_non_null(chosen.random);
    world.settings.client_auth = ClientAuth::private_key_jwt; // whatever the metadata list
    assert_true(given(world, metadata({"client_secret_basic"})).auth == ClientAuth::private_key_jwt);
}

void tk_04_nothing_is_signed_for_nobody_or_for_all(void**) {
    World world;
    world.settings.client_key = key(unit::generate_ec("P-256"));
    world.settings.client_auth = ClientAuth::private_key_jwt;
    for (const char* issuer : {"", "https://login.example/{tenantid}/v2.0"}) {
        oidc::Metadata open = metadata({});
        open.issuer = issuer;
        expect_refused(world, open, "the issuer is not known before the ID token is");
    }
}

void the_provider_takes_no_such_signature(void**) {
    World world;
    world.settings.client_key = key(unit::generate_ec("P-256"));
    expect_refused(world, metadata({"private_key_jwt"}, {"RS256", "PS256"}),
                   "the provider takes no signature that client_key can make: its "
                   "token_endpoint_auth_signing_alg_values_supported has RS256, PS256, and the client ES256");
    world.settings.client_key = nullptr;
    world.settings.client_secret = std::string(32, 's');
    world.settings.client_auth = ClientAuth::client_secret_jwt;
    expect_refused(world, metadata({"client_secret_jwt"}, {"HS512", "RS256"}),
                   "no signature that client_secret can make");
    assert_text_equal(given(world, metadata({}, {"RS256", "HS256"})).algorithm, "HS256");
    assert_null(given(world, metadata({})).key.get());
}

void tk_03_what_both_know_is_told(void**) {
    World world;
    expect_refused(
        world, metadata({"tls_client_auth", "x\ny"}),
        "its metadata lists tls_client_auth, x?y, possible is client_secret_basic or "
        "client_secret_post (client_secret_jwt needs a secret of at least 32 bytes) with client_secret");
    world.settings.client_secret.clear();
    world.settings.client_key = key(unit::generate_ec("P-256"));
    expect_refused(
        world, metadata({"client_secret_basic", "none"}),
        "possible is private_key_jwt with client_key; client_auth says which one to use all the same");
}

// A whole sign-in.
void conf_034_a_certificate_is_shown_where_it_is_asked_for(void**) {
    World world;
    const unit::Identity identity = unit::make_identity({});
    std::string error;
    world.settings.client_key = key(identity.key);
    world.settings.client_certificate =
        net::ClientCertificate::create(identity.pem(), identity.key.get(), error);
    world.settings.client_secret.clear();
    world.op.metadata =
        world.op.metadata.with("token_endpoint_auth_methods_supported", "[\"tls_client_auth\"]")
            .with("mtls_endpoint_aliases", "{\"token_endpoint\":\"https://mtls.op.example/token\"}");
    const auto parameters = world.begin();
    assert_int_equal(world.serve(world.callback_request(*parameters.find("state"))).status, 302);
    assert_non_null(world.current().get());
    int shown = 0;
    for (const net::HttpRequest& request : world.http.sent) {
        const bool is_token = request.url == "https://mtls.op.example/token";
        assert_false(request.url == unit::issuer + "/token");
        const bool is_asked =
            is_token || request.url.ends_with("/userinfo"); // RFC 8705 3: the token is bound
        assert_ptr_equal(request.certificate.get(),
                         is_asked ? world.settings.client_certificate.get() : nullptr);
        shown += is_asked ? 1 : 0;
        if (is_token) {
            assert_true(request.body.find("client_id=client") != std::string::npos);
            assert_true(request.body.find("client_secret") == std::string::npos);
        }
    }
    assert_int_equal(shown, 2);
}

// It is there, and another way was chosen.
void a_certificate_is_not_shown_otherwise(void**) {
    World world;
    const unit::Identity identity = unit::make_identity({});
    std::string error;
    world.settings.client_key = key(identity.key);
    world.settings.client_certificate =
        net::ClientCertificate::create(identity.pem(), identity.key.get(), error);
    world.op.metadata =
        world.op.metadata.with("token_endpoint_auth_methods_supported", "[\"client_secret_basic\"]");
    const auto parameters = world.begin();
    assert_int_equal(world.serve(world.callback_request(*parameters.find("state"))).status, 302);
    for (const net::HttpRequest& request : world.http.sent) {
        assert_null(request.certificate.get());
    }
}

// Microsoft Entra finds the key by its certificate.
void a_certificate_names_the_key_that_signs_tk_04(void**) {
    World world;
    const unit::Identity identity = unit::make_identity({});
    std::string error;
    world.settings.client_key = key(identity.key);
    world.settings.client_secret.clear();
    const auto header = [&world] {
        net::HttpRequest request;
        oidc::authenticate_client(given(world, metadata({"private_key_jwt"})), request);
        const auto form = core::Parameters::parse(request.body);
        const std::string assertion(*form->find("client_assertion"));
        return jose::parse_compact(assertion)->header.root().dump();
    };
    assert_true(header().find("x5t") == std::string::npos);
    world.settings.client_certificate =
        net::ClientCertificate::create(identity.pem(), identity.key.get(), error);
    const auto& made = *world.settings.client_certificate;
    assert_true(header().find("\"x5t\":\"" + made.sha1_thumbprint() + "\"") != std::string::npos);
    assert_true(header().find("\"x5t#S256\":\"" + made.sha256_thumbprint() + "\"") != std::string::npos);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(tk_04_a_key_signs_for_the_issuer),
        cmocka_unit_test(tk_04_nothing_is_signed_for_nobody_or_for_all),
        cmocka_unit_test(the_provider_takes_no_such_signature),
        cmocka_unit_test(tk_03_what_both_know_is_told),
        cmocka_unit_test(conf_034_a_certificate_is_shown_where_it_is_asked_for),
        cmocka_unit_test(a_certificate_is_not_shown_otherwise),
        cmocka_unit_test(a_certificate_names_the_key_that_signs_tk_04),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
