// SPDX-License-Identifier: MIT
// Discovery documents: MD-01..08 and MD-20 as far as they are pure, TK-15 for this answer, CONF-007,
// CONF-037, AR-04, AR-08.
#include "../../src/oidc/metadata.hpp"
#include "tokens.hpp"

#include <string>
#include <vector>

#include "unit.hpp"

namespace {

using namespace oauth;
using core::Code;
using tokens::Object;
using tokens::quote;

constexpr const char* issuer = "https://op.example/tenant/";

Object document() {
    return {{"issuer", quote(issuer)},
            {"authorization_endpoint", "\"https://op.example/authorize\""},
            {"token_endpoint", "\"https://op.example/token\""},
            {"userinfo_endpoint", "\"https://api.example/userinfo\""},
            {"jwks_uri", "\"https://keys.example:8443/jwks?v=1\""},
            {"end_session_endpoint", "\"https://op.example/logout\""},
            {"revocation_endpoint", "\"https://op.example/revoke\""},
            {"introspection_endpoint", "\"https://op.example/introspect\""},
            {"pushed_authorization_request_endpoint", "\"https://op.example/par\""},
            {"id_token_signing_alg_values_supported", "[\"RS256\",\"none\"]"},
            {"token_endpoint_auth_methods_supported", "[\"client_secret_post\"]"},
            {"code_challenge_methods_supported", "[\"S256\",\"plain\"]"},
            {"authorization_response_iss_parameter_supported", "true"},
            {"require_pushed_authorization_requests", "true"}};
}

net::HttpResponse answer(std::string body) {
    net::HttpResponse response;
    response.status = 200;
    response.content_type = "application/json";
    response.body = std::move(body);
    return response;
}

oidc::MetadataRules rules(std::string of_issuer = issuer) {
    oidc::MetadataRules rules;
    rules.issuer = std::move(of_issuer);
    return rules;
}

core::Result<oidc::Metadata> process(const Object& object) {
    return oidc::process_metadata_response(answer(object.text()), rules());
}

void expect_refused(const net::HttpResponse& response, std::string_view detail_part) {
    const auto metadata = oidc::process_metadata_response(response, rules());
    assert_false(metadata.ok());
    assert_int_equal(metadata.error().code, Code::provider_error);
    if (metadata.error().detail.find(detail_part) == std::string::npos) {
        print_error("detail: %s\n", metadata.error().detail.c_str());
        fail();
    }
}

void md_01_one_terminating_slash_is_removed(void**) {
    const std::string known = "/.well-known/openid-configuration";
    assert_text_equal(oidc::metadata_url("https://op.example"), "https://op.example" + known);
    assert_text_equal(oidc::metadata_url("https://op.example/"), "https://op.example" + known);
    assert_text_equal(oidc::metadata_url("https://op.example/a/b"), "https://op.example/a/b" + known);
    assert_text_equal(oidc::metadata_url("https://op.example/a/b/"), "https://op.example/a/b" + known);
    assert_text_equal(oidc::metadata_url("https://op.example/a//"), "https://op.example/a/" + known);
    // MD-03, RFC 8414 3.1
    const std::string other = "https://op.example/.well-known/oauth-authorization-server";
    assert_text_equal(oidc::authorization_server_metadata_url("https://op.example"), other);
    assert_text_equal(oidc::authorization_server_metadata_url("https://op.example/"), other);
    assert_text_equal(oidc::authorization_server_metadata_url("https://op.example/a/b/"), other + "/a/b");
    assert_text_equal(oidc::authorization_server_metadata_url("op.example"), "");
}

void all_fields_are_read(void**) { // MD-06: endpoints on other hosts are fine
    const auto metadata = process(document());
    assert_true(metadata.ok());
    assert_text_equal(metadata->issuer, issuer);
    assert_text_equal(metadata->authorization_endpoint, "https://op.example/authorize");
    assert_text_equal(metadata->token_endpoint, "https://op.example/token");
    assert_text_equal(metadata->userinfo_endpoint, "https://api.example/userinfo");
    assert_text_equal(metadata->jwks_uri, "https://keys.example:8443/jwks?v=1");
    assert_text_equal(metadata->end_session_endpoint, "https://op.example/logout");
    assert_text_equal(metadata->revocation_endpoint, "https://op.example/revoke");
    assert_text_equal(metadata->introspection_endpoint, "https://op.example/introspect");
    assert_text_equal(metadata->pushed_authorization_request_endpoint, "https://op.example/par");
    assert_true(metadata->id_token_signing_alg_values_supported ==
                (std::vector<std::string>{"RS256", "none"}));
    assert_true(metadata->token_endpoint_auth_methods_supported ==
                (std::vector<std::string>{"client_secret_post"}));
    assert_true(metadata->code_challenge_methods_supported == (std::vector<std::string>{"S256", "plain"}));
    assert_true(metadata->authorization_response_iss_parameter_supported);
    assert_true(metadata->require_pushed_authorization_requests);
}

void conf_007_the_least_and_the_unknown_are_accepted(void**) {
    const Object least = {{"issuer", quote(issuer)},
                          {"authorization_endpoint", "\"http://127.0.0.1:9000/authorize\""},
                          {"token_endpoint", "\"http://localhost/token\""},
                          {"userinfo_endpoint", "null"},
                          {"code_challenge_methods_supported", "null"},
                          {"require_pushed_authorization_requests", "null"},
                          {"response_types_supported", "[\"token code id_token\"]"},
                          {"x_unknown", "{\"deep\":[1,null]}"}};
    const auto metadata = process(least);
    assert_true(metadata.ok());
    assert_text_equal(metadata->userinfo_endpoint, "");
    assert_text_equal(metadata->jwks_uri, "");
    assert_true(metadata->id_token_signing_alg_values_supported.empty());
    assert_true(metadata->code_challenge_methods_supported.empty());
    assert_false(metadata->authorization_response_iss_parameter_supported);
    assert_false(metadata->require_pushed_authorization_requests);
}

void md_02_conf_037_the_issuer_is_compared_byte_for_byte(void**) {
    for (const char* other :
         {"https://op.example/tenant", "https://op.example/tenant//", "https://op.example/Tenant/",
          "https://op.example:443/tenant/", "https://op.example/tenant/1", ""}) {
        expect_refused(answer(document().with("issuer", quote(other)).text()), "issuer");
    }
    expect_refused(
        answer(document().with("issuer", quote("https://op.example/tenant")).text()),
        "found \"https://op.example/tenant\", expected \"https://op.example/tenant/\", which differ in "
        "the slash at the end");
    expect_refused(answer(document().without("issuer").text()), "issuer is missing");
    expect_refused(answer(document().with("issuer", "[\"https://op.example/tenant/\"]").text()),
                   "issuer is missing");
    expect_refused(answer(document().with("issuer", "null").text()), "issuer is missing");
}

void a_template_issuer_is_accepted_where_it_is_expected(void**) {
    const char* pattern = "https://login.example/{tenantid}/v2.0";
    const auto response = answer(document().with("issuer", quote(pattern)).text());
    assert_true(oidc::process_metadata_response(response, rules(pattern)).ok());
    assert_false(oidc::process_metadata_response(response, rules("https://login.example/1234/v2.0")).ok());
}

void md_20_escapes_in_member_names_are_the_same_names(void**) {
    const auto escaped = document().without("issuer").with("\\u0069ssuer", quote(issuer));
    assert_true(process(escaped).ok());
    expect_refused(answer(document().with("\\u0069ssuer", quote(issuer)).text()), "strict JSON");
    expect_refused(answer(document().with("token\\u005fendpoint", "\"https://evil.example/\"").text()),
                   "strict JSON");
}

void md_04_what_is_no_document_is_refused(void**) {
    for (const int status : {0, 201, 204, 302, 404, 500}) {
        auto response = answer(document().text());
        response.status = status;
        expect_refused(response, "status " + std::to_string(status));
    }
    for (const char* type :
         {"text/html", "", "text/json", "application/jwt", "application/+json", "application/jsonp"}) {
        auto response = answer(document().text());
        response.content_type = type;
        expect_refused(response, "media type");
    }
    const std::string text = document().text();
    for (const std::string& body :
         {std::string(), text.substr(0, text.size() - 1), text + "x", std::string("<html>")}) {
        expect_refused(answer(body), "strict JSON");
    }
    for (const char* body : {"[]", "null", "\"text\"", "1"}) {
        expect_refused(answer(body), "JSON object");
    }
    expect_refused(answer(text + std::string(5 * 1024 * 1024, ' ')), "too large");
}

void json_media_types_of_other_names_are_accepted(void**) {
    auto response = answer(document().text());
    response.content_type = "application/oauth-authz-server+json";
    assert_true(oidc::process_metadata_response(response, rules()).ok());
}

void tk_15_text_that_is_not_json_text_is_refused(void**) {
    const std::string text = document().text();
    expect_refused(answer("\xef\xbb\xbf" + text), "strict JSON");
    expect_refused(answer(document().with("x", "\"\xff\"").text()), "strict JSON");
    expect_refused(answer(document().with("x", "\"\\ud800\"").text()), "strict JSON");
    expect_refused(answer(document().with("x", "\"\\u0000\"").text()), "strict JSON");
    expect_refused(answer(std::string(1, '\0') + text), "strict JSON");
}

constexpr const char* bad_urls[] = {"\"http://op.example/x\"",
                                    "\"javascript:alert(1)\"",
                                    "\"file:///etc/passwd\"",
                                    "\"/relative\"",
                                    "\"//op.example/x\"",
                                    "\"https://user:password@op.example/x\"",
                                    "\"https://op.example/x\\r\\nA: b\"",
                                    "\"https://op.example:0/x\"",
                                    "\"https://op.example:65536/x\"",
                                    "\"https://op.example/x#fragment\"",
                                    "\"https://op.example/x#\"",
                                    "\"\"",
                                    "\"https://\"",
                                    "1",
                                    "[]",
                                    "{}",
                                    "true"};

void md_05_ar_08_every_endpoint_that_is_needed_is_checked(void**) {
    for (const char* name : {"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"}) {
        for (const char* value : bad_urls) {
            expect_refused(answer(document().with(name, value).text()), name);
        }
    }
}

// One of them costs itself and nothing else.
void md_05_what_nothing_needs_is_left_out(void**) {
    using Text = std::string oidc::Metadata::*;
    const std::pair<const char*, Text> unused[] = {
        {"end_session_endpoint", &oidc::Metadata::end_session_endpoint},
        {"revocation_endpoint", &oidc::Metadata::revocation_endpoint},
        {"introspection_endpoint", &oidc::Metadata::introspection_endpoint},
        {"pushed_authorization_request_endpoint", &oidc::Metadata::pushed_authorization_request_endpoint}};
    for (const auto& [name, member] : unused) {
        for (const char* value : bad_urls) {
            const auto metadata = process(document().with(name, value));
            assert_true(metadata.ok());
            assert_text_equal(metadata.value().*member, "");
            assert_text_equal(metadata->token_endpoint, "https://op.example/token");
            assert_int_equal(metadata->left_out.size(), 1);
            assert_true(metadata->left_out[0].starts_with(std::string(name) + " is "));
            assert_true(metadata->left_out[0].find("op.example") == std::string::npos); // none of its text
        }
    }
    for (const auto& [name, value] : {std::pair("code_challenge_methods_supported", "\"S256\""),
                                      std::pair("require_pushed_authorization_requests", "\"true\"")}) {
        const auto metadata = process(document().with(name, value));
        assert_true(metadata.ok());
        assert_int_equal(metadata->left_out.size(), 1);
        assert_true(metadata->left_out[0].starts_with(name));
    }
    assert_true(process(document())->left_out.empty());
}

void what_the_block_gives_is_not_needed_of_the_document(void**) {
    oidc::MetadataRules given = rules();
    given.required = {"token_endpoint"};
    given.used = {"jwks_uri"};
    const auto without = document()
                             .with("authorization_endpoint", "\"http://op.example/\"")
                             .with("userinfo_endpoint", "7")
                             .with("id_token_signing_alg_values_supported", "[\"RS256\",1]");
    auto metadata = oidc::process_metadata_response(answer(without.text()), given);
    assert_true(metadata.ok());
    assert_int_equal(metadata->left_out.size(), 3);
    assert_text_equal(metadata->authorization_endpoint, "");
    assert_true(metadata->id_token_signing_alg_values_supported.empty());
    metadata =
        oidc::process_metadata_response(answer(document().without("authorization_endpoint").text()), given);
    assert_true(metadata.ok());
    given.required.push_back("userinfo_endpoint");
    metadata = oidc::process_metadata_response(answer(document().without("userinfo_endpoint").text()), given);
    assert_text_equal(metadata.error().detail, "userinfo_endpoint is missing");
}

// MD-06: metadata from elsewhere do not have this machine asked.
void http_in_metadata(void**) {
    oidc::MetadataRules elsewhere = rules();
    elsewhere.plain = {{"idp.internal"}, core::PlainHttp::Loopback::refused};
    const auto token_at = [&](const char* url, const oidc::MetadataRules& by) {
        return oidc::process_metadata_response(answer(document().with("token_endpoint", quote(url)).text()),
                                               by);
    };
    for (const char* url : {"http://127.0.0.1:8500/v1/kv", "http://localhost/", "http://[::1]:80/"}) {
        const auto refused = token_at(url, elsewhere);
        assert_false(refused.ok());
        assert_true(refused.error().detail.find("loopback") != std::string::npos);
        assert_true(token_at(url, rules()).ok()); // of an issuer on this machine
    }
    assert_true(token_at("http://idp.internal/token", elsewhere).ok());
    assert_false(token_at("http://idp.internal/token", rules()).ok());
    assert_true(token_at("https://127.0.0.1/token", elsewhere).ok());
}

void the_two_endpoints_that_are_needed_must_be_there(void**) {
    for (const char* name : {"authorization_endpoint", "token_endpoint"}) {
        expect_refused(answer(document().without(name).text()), "is missing");
        expect_refused(answer(document().with(name, "null").text()), "is missing");
    }
}

void lists_and_flags_of_another_type_are_refused(void**) {
    for (const char* name :
         {"id_token_signing_alg_values_supported", "token_endpoint_auth_methods_supported"}) {
        for (const char* value : {"\"RS256\"", "{}", "1", "[1]", "[null]", "[[\"RS256\"]]"}) {
            expect_refused(answer(document().with(name, value).text()), name);
        }
        std::string many = "[\"a\"";
        for (int i = 0; i < 1000; ++i) {
            many += ",\"a\"";
        }
        expect_refused(answer(document().with(name, many + "]").text()), name);
    }
    for (const char* value : {"\"true\"", "1", "[]"}) {
        const char* name = "authorization_response_iss_parameter_supported";
        expect_refused(answer(document().with(name, value).text()), name);
    }
}

void ar_04_plain_alone_is_no_error_here(void**) {
    const auto metadata = process(document().with("code_challenge_methods_supported", "[\"plain\"]"));
    assert_true(metadata.ok());
    assert_true(metadata->code_challenge_methods_supported == std::vector<std::string>{"plain"});
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(md_01_one_terminating_slash_is_removed),
        cmocka_unit_test(all_fields_are_read),
        cmocka_unit_test(conf_007_the_least_and_the_unknown_are_accepted),
        cmocka_unit_test(md_02_conf_037_the_issuer_is_compared_byte_for_byte),
        cmocka_unit_test(a_template_issuer_is_accepted_where_it_is_expected),
        cmocka_unit_test(md_20_escapes_in_member_names_are_the_same_names),
        cmocka_unit_test(md_04_what_is_no_document_is_refused),
        cmocka_unit_test(json_media_types_of_other_names_are_accepted),
        cmocka_unit_test(tk_15_text_that_is_not_json_text_is_refused),
        cmocka_unit_test(md_05_ar_08_every_endpoint_that_is_needed_is_checked),
        cmocka_unit_test(md_05_what_nothing_needs_is_left_out),
        cmocka_unit_test(what_the_block_gives_is_not_needed_of_the_document),
        cmocka_unit_test(http_in_metadata),
        cmocka_unit_test(the_two_endpoints_that_are_needed_must_be_there),
        cmocka_unit_test(lists_and_flags_of_another_type_are_refused),
        cmocka_unit_test(ar_04_plain_alone_is_no_error_here),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
