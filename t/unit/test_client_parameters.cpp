// SPDX-License-Identifier: MIT
// What a block may say of how the client proves itself: TK-05, and mistakes that nginx -t finds.
#include "../../providers/parameters.hpp"
#include "../../src/net/client_certificate.hpp"
#include "certificate_maker.hpp"

#include <string>
#include <vector>

#include "jose_keys.hpp"

namespace {

using namespace oauth;
using oidc::ClientAuth;
using providers::Settings;
using Values = std::vector<std::string>;

const unit::Identity& identity() {
    static const unit::Identity made = unit::make_identity({});
    return made;
}

Settings block(const char* type, const std::vector<std::pair<const char*, Values>>& parameters) {
    Settings settings = providers::make_settings(*providers::find_type(type), "op");
    settings.client_id = "client";
    settings.issuer = "https://op.example";
    for (const auto& [name, values] : parameters) {
        assert_text_equal(providers::find_parameter(name)->set(settings, values), "");
    }
    return settings;
}

const std::string key_text = unit::private_pem(identity().key.get());
const std::pair<const char*, Values> key = {"client_key", {key_text}};
const std::pair<const char*, Values> certificate = {"client_certificate", {identity().pem(), " \"c.pem\""}};
const std::pair<const char*, Values> secret = {"client_secret", {std::string(32, 's')}};

std::pair<const char*, Values> auth(const char* name) {
    return {"client_auth", {name}};
}

void expect(Settings settings, const std::string& told) {
    const std::string problem = providers::complete(settings);
    if (told.empty() ? !problem.empty() : problem.find(told) == std::string::npos) {
        fail_msg("%s: %s", told.c_str(), problem.c_str());
    }
}

void what_is_missing_is_named(void**) {
    expect(block("oidc", {}),
           "\"client_secret\" is missing (a public client needs \"client_auth none\", one with a "
           "key of its own \"client_key\")");
    expect(block("oidc", {auth("private_key_jwt")}), "\"client_key\" is missing");
    expect(block("oidc", {auth("private_key_jwt"), secret}), "\"client_key\" is missing");
    expect(block("oidc", {auth("tls"), key}), "\"client_certificate\" is missing");
    expect(block("oidc", {certificate}), "\"client_key\" is missing, and \"client_certificate\" needs it");
    expect(block("oidc", {auth("client_secret_jwt"), key}), "\"client_secret\" is missing");
    expect(block("oidc", {auth("client_secret_jwt"), {"client_secret", {std::string(31, 's')}}}),
           "\"client_secret\": found 31 bytes, accepted: at least 32");
    expect(block("oidc", {auth("basic")}), "\"client_secret\" is missing");
}

void what_is_there_is_enough(void**) {
    expect(block("oidc", {key}), ""); // without a secret
    expect(block("oidc", {key, certificate}), "");
    expect(block("oidc", {auth("private_key_jwt"), key}), "");
    expect(block("oidc", {auth("tls"), key, certificate}), "");
    expect(block("oidc", {auth("client_secret_jwt"), secret}), "");
    expect(block("oidc", {secret, key}), "");
    expect(block("auth0", {key}), "");
}

void a_types_way_to_send_a_secret_is_not_a_keys(void**) {
    Settings with_secret = block("auth0", {secret});
    expect(with_secret, "");
    assert_true(with_secret.client_auth == ClientAuth::post);
    Settings with_key = block("auth0", {secret, key});
    assert_text_equal(providers::complete(with_key), "");
    assert_false(with_key.client_auth.has_value()); // the metadata's business
}

void what_is_signed_is_made_out_to_somebody(void**) {
    const auto plain = [](std::vector<std::pair<const char*, Values>> more) {
        more.push_back({"authorization_endpoint", {"https://op.example/a"}});
        more.push_back({"token_endpoint", {"https://op.example/t"}});
        more.push_back({"userinfo_endpoint", {"https://op.example/u"}});
        Settings settings = block("oauth2", more);
        settings.issuer.clear();
        return settings;
    };
    expect(plain({key}), "\"issuer\" is missing: what the client signs is made out to it");
    expect(plain({secret, auth("client_secret_jwt")}), "\"issuer\" is missing");
    expect(plain({key, certificate}), ""); // by TLS, nothing is signed
    Settings with_issuer = plain({key});
    with_issuer.issuer = "https://op.example";
    expect(with_issuer, "");
}

void a_certificate_is_the_keys(void**) {
    const unit::Identity other = unit::make_identity({});
    expect(block("oidc", {key, {"client_certificate", {other.pem(), " \"other.pem\""}}}),
           "\"client_certificate\": file \"other.pem\" is not the certificate of client_key");
    expect(block("oidc", {key, {"client_certificate", {key_text, ""}}}), "holds no certificate in PEM");
    expect(block("oidc", {auth("tls"), key, certificate, {"token_endpoint", {"http://127.0.0.1/token"}}}),
           "\"token_endpoint\" is http");
    Settings settings = block("oidc", {key, certificate});
    assert_text_equal(providers::complete(settings), "");
    assert_non_null(settings.client_certificate.get());
    assert_true(settings.client_certificate_text.empty());
}

void what_is_no_key_is_told(void**) {
    Settings settings = block("oidc", {});
    const auto problem = [&settings](const Values& values) {
        return providers::find_parameter("client_key")->set(settings, values);
    };
    for (const auto& [text, told] : {std::pair(unit::public_pem(identity().key.get()),
                                               "holds a public key and no private one, accepted: "),
                                     {unit::encrypted_pem(identity().key.get()), "with a passphrase"},
                                     {std::string("s3cret"), "holds no private key in PEM"}}) {
        assert_true(problem({text}).find(told) != std::string::npos);
        assert_true(problem({text}).find("s3cret") == std::string::npos);
    }
    for (const char* option : {"kid=", "id=x", "x", "kid=a\tb"}) {
        assert_true(problem({key_text, option}).find("accepted: kid=ID") != std::string::npos);
    }
    assert_null(settings.client_key.get());
    assert_text_equal(problem({key_text, "kid=mine"}), "");
    assert_text_equal(settings.client_key->kid(), "mine");
    assert_text_equal(problem({key_text}), "");
    assert_text_equal(settings.client_key->kid(), "");
}

void what_has_no_effect_is_told(void**) {
    const auto idle = [](const char* way, const char* name) {
        Settings settings = block("oidc", {auth(way)});
        return providers::find_idle_parameter(settings, {"client_auth", name});
    };
    const std::pair<const char*, const char*> pairs[] = {{"none", "client_secret"},
                                                         {"none", "client_key"},
                                                         {"basic", "client_key"},
                                                         {"post", "client_certificate"},
                                                         {"private_key_jwt", "client_secret"},
                                                         {"client_secret_jwt", "client_key"},
                                                         {"tls", "client_secret"}};
    for (const auto& [way, name] : pairs) {
        assert_text_equal(idle(way, name),
                          "\"" + std::string(name) + "\" has no effect beside \"client_auth " + way + "\"");
    }
    assert_text_equal(idle("private_key_jwt", "client_key"), "");
    assert_text_equal(idle("tls", "client_certificate"), "");
    assert_text_equal(idle("private_key_jwt", "client_certificate"), "");
    assert_text_equal(idle("tls", "client_key"), "");
    assert_text_equal(idle("client_secret_jwt", "client_secret"), "");
    Settings auth0 = block("auth0", {auth("private_key_jwt"), {"signing_algorithms", {"HS256"}}});
    assert_text_equal(providers::find_idle_parameter(auth0, {"client_auth", "client_secret"}), "");
    const Settings by_type = block("auth0", {});
    assert_text_equal(providers::find_idle_parameter(by_type, {"client_key", "client_secret"}), "");
}

void github_takes_no_key(void**) {
    Settings github = providers::make_settings(*providers::find_type("github"), "github");
    const std::string told = providers::find_parameter("client_auth")->set(github, {"private_key_jwt"});
    assert_text_equal(told, "found \"private_key_jwt\", accepted: basic, post, none");
    assert_false(providers::takes(*github.type, *providers::find_parameter("client_key")));
    assert_false(providers::takes(*github.type, *providers::find_parameter("dpop")));
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(what_is_there_is_enough),
        cmocka_unit_test(a_types_way_to_send_a_secret_is_not_a_keys),
        cmocka_unit_test(what_is_signed_is_made_out_to_somebody),
        cmocka_unit_test(a_certificate_is_the_keys),
        cmocka_unit_test(what_is_no_key_is_told),
        cmocka_unit_test(what_has_no_effect_is_told),
        cmocka_unit_test(github_takes_no_key),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
