// SPDX-License-Identifier: MIT
// Each type takes the parameters that it uses and no others, says which facts it tells, and docs/providers.md
// says the same.

#include "../../providers/environment.hpp"
#include "../../providers/facts.hpp"
#include "../../providers/parameters.hpp"

#include <algorithm>
#include <ctime>

#include "unit.hpp"

using namespace oauth;
using providers::find_parameter;
using providers::find_type;
using providers::Settings;
using providers::Type;
using Given = std::vector<std::string>;

namespace {

void assert_has(const std::string& text, std::string_view part) {
    if (text.find(part) == std::string::npos) {
        fail_msg("\"%s\" is not in \"%.2000s\"", std::string(part).c_str(), text.c_str());
    }
}

bool takes(const char* type, const char* parameter) {
    return providers::takes(*find_type(type), *find_parameter(parameter));
}

void parameters_belong_to_types(void**) {
    const std::pair<const char*, const char*> named[] = {
        {"tenant", "azure-ad, azure-ad-hybrid"},
        {"single_tenant", "azure-ad, azure-ad-hybrid"},
        {"allowed_tenants", "azure-ad, azure-ad-hybrid"},
        {"authorization_server", "okta"},
        {"original_domain", "auth0"},
        {"realm", "keycloak"},
        {"region", "descope"},
        {"subject", "generic, oauth2"},
        {"revocation_endpoint",
         "google, okta, auth0, descope, aws-cognito, gitlab, keycloak, generic, oidc, oauth2"},
        {"api_url", "github, azure-ad, azure-ad-hybrid"},
        {"domain", "github, azure-ad, azure-ad-hybrid, okta, auth0, descope, aws-cognito, gitlab, keycloak"},
        {"nonce",
         "google, azure-ad, azure-ad-hybrid, okta, auth0, descope, aws-cognito, gitlab, keycloak, oidc"},
        {"dpop", "google, okta, auth0, descope, aws-cognito, gitlab, keycloak, generic, oidc, oauth2"},
        {"client_key", "google, azure-ad, azure-ad-hybrid, okta, auth0, descope, aws-cognito, gitlab, "
                       "keycloak, generic, oidc, oauth2"},
        {"response_mode", "google, azure-ad, azure-ad-hybrid, okta, auth0, descope, aws-cognito, gitlab, "
                          "keycloak, generic, oidc, oauth2"},
    };
    for (const auto& [parameter, types] : named) {
        assert_text_equal(providers::types_that_take(*find_parameter(parameter)), types);
    }
    for (const Type* type : providers::types()) {
        for (const char* common :
             {"client_id", "client_secret", "issuer", "authorization_endpoint", "token_endpoint",
              "userinfo_endpoint", "end_session_endpoint", "scope", "client_auth", "pkce", "prompt",
              "account_prompt", "label", "user", "allow_http"}) {
            assert_true(providers::takes(*type, *find_parameter(common)));
        }
        for (const char* openid :
             {"jwks_uri", "nonce", "signing_algorithms", "userinfo", "trusted_audiences"}) {
            assert_int_equal(providers::takes(*type, *find_parameter(openid)),
                             type->protocol == providers::Protocol::oidc);
        }
    }
    assert_false(takes("github", "response_mode"));
    assert_has(providers::parameter_names(*find_type("okta")), "authorization_server");
    assert_true(providers::parameter_names(*find_type("oidc")).find("domain") == std::string::npos);
}

Settings settings_of(const char* type) {
    Settings settings = providers::make_settings(*find_type(type), type);
    settings.client_id = settings.client_secret = "x";
    return settings;
}

void a_subject_is_a_path(void**) {
    const auto problem = [](const char* value) {
        Settings settings = settings_of("oauth2");
        const std::string sentence = find_parameter("subject")->set(settings, {value});
        assert_text_equal(settings.subject_claim, sentence.empty() ? value : "");
        return sentence;
    };
    for (const char* path :
         {"uuid", "data.id", "/data/id", "/a..b", "name", "https://x/id", "/a~0~1b", "a~2"}) {
        assert_text_equal(problem(path), "");
    }
    for (const char* path : {"", ".id", "data.", "data..id", "/", "a\nb", "/a~", "/a~2", "/~0/~/b"}) {
        assert_has(problem(path), "a dotted path (data.id)");
    }
}

void a_row_names_what_there_is(void**) {
    for (const Type* type : providers::types()) {
        for (const providers::Variable& variable : type->variables) {
            const auto* parameter = find_parameter(variable.parameter);
            assert_non_null(parameter);
            assert_true(providers::takes(*type, *parameter));
        }
        for (const auto& names : {type->parameters, type->issuer_parameters}) {
            for (const std::string_view name : names) {
                assert_non_null(find_parameter(name));
                assert_true(providers::takes(*type, *find_parameter(name)));
            }
        }
    }
}

void parameters_that_have_no_effect_together(void**) {
    const auto idle = [](const char* type, const Given& given) {
        return providers::find_idle_parameter(settings_of(type), given);
    };
    for (const char* type : {"azure-ad", "okta", "auth0", "descope", "gitlab", "keycloak"}) {
        assert_text_equal(idle(type, {"issuer", "domain"}), "\"domain\" has no effect beside \"issuer\"");
        assert_text_equal(idle(type, {"domain"}), "");
        assert_text_equal(idle(type, {"issuer"}), "");
    }
    for (const char* type : {"github", "aws-cognito"}) { // whose endpoints are made of the domain
        assert_text_equal(idle(type, {"issuer", "domain"}), "");
    }
    assert_text_equal(idle("keycloak", {"realm", "issuer"}), "\"realm\" has no effect beside \"issuer\"");
    assert_text_equal(idle("descope", {"region", "domain"}), "\"region\" has no effect beside \"domain\"");
    Settings settings = settings_of("oidc");
    settings.client_auth = oidc::ClientAuth::none;
    settings.userinfo = providers::UserinfoUse::off;
    assert_text_equal(providers::find_idle_parameter(settings, {"client_secret"}),
                      "\"client_secret\" has no effect beside \"client_auth none\"");
    assert_text_equal(providers::find_idle_parameter(settings, {"userinfo_endpoint"}),
                      "\"userinfo_endpoint\" has no effect beside \"userinfo off\"");
    assert_text_equal(providers::find_idle_parameter(settings, {"client_auth", "userinfo"}), "");
}

double seconds_for_roles(std::size_t number) {
    session::Strings list;
    session::Strings more;
    for (std::size_t i = 0; i < number; ++i) {
        list.push_back("a role with a long name " + std::to_string(i));
        more.push_back("another role with a long name " + std::to_string(i));
    }
    more.insert(more.end(), list.begin(), list.end());
    double best = 1000;
    for (int round = 0; round < 3; ++round) {
        session::Strings all = list;
        const std::clock_t before = std::clock();
        providers::append_missing(all, more);
        best = std::min(best, static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC);
        assert_int_equal(all.size(), 2 * number);
    }
    return best;
}

void many_roles_cost_what_they_are(void**) {
    session::Strings roles = {"b", "a"};
    providers::append_missing(roles, {"a", "c", "c", "b"});
    assert_true(roles == session::Strings({"b", "a", "c"}));
    const double few = seconds_for_roles(1000);
    const double many = seconds_for_roles(10000);
    assert_true(many < 40 * few + 0.02); // a hundred times as much, were each compared with each
}

void labels_are_told_apart(void**) {
    const auto labels = [](const Given& given) {
        std::vector<Settings> all;
        for (std::size_t i = 0; i < given.size(); ++i) {
            all.push_back(providers::make_settings(*find_type("github"), "p" + std::to_string(i)));
            all.back().given_label = given[i];
        }
        std::vector<Settings*> pointers;
        for (Settings& each : all) {
            pointers.push_back(&each);
        }
        providers::tell_labels_apart(pointers);
        Given told;
        for (const Settings& each : all) {
            told.push_back(each.label);
        }
        return told;
    };
    assert_true(labels({""}) == Given{"GitHub"});
    assert_true((labels({"", ""}) == Given{"GitHub (p0)", "GitHub (p1)"}));
    assert_true((labels({"", "Work"}) == Given{"GitHub", "Work"}));
    assert_true((labels({"GitHub", ""}) == Given{"GitHub", "GitHub (p1)"}));
    assert_true((labels({"Same", "Same"}) == Given{"Same", "Same"}));
}

void what_people_could_not_use_is_refused(void**) {
    Settings settings;
    const auto problem = [&](const char* parameter, const char* value) {
        return find_parameter(parameter)->set(settings, {value});
    };
    for (const char* blank : {"", " ", "\t "}) {
        assert_has(problem("label", blank), "a text that people can read");
    }
    for (const char* prompt : {"none", "login none", "$arg_prompt"}) {
        assert_has(problem("account_prompt", prompt), "select_account");
    }
    assert_text_equal(problem("label", "GitHub"), "");
    assert_text_equal(problem("account_prompt", "select_account consent"), "");
}

void tenants_that_exclude_each_other(void**) {
    const std::string one = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
    const std::string two = "ffffffff-bbbb-cccc-dddd-eeeeeeeeeeee";
    const auto problem = [](bool single, const std::string& tenant, std::vector<std::string> allowed) {
        Settings settings = settings_of("azure-ad");
        settings.single_tenant = single;
        settings.tenant = tenant;
        settings.allowed_tenants = std::move(allowed);
        return providers::complete(settings);
    };
    for (const auto& allowed : {std::vector{two}, std::vector{one, two}}) {
        assert_has(problem(true, one, allowed), "\"allowed_tenants\" with others has no effect");
        assert_text_equal(problem(false, one, allowed), "");
    }
    assert_text_equal(problem(true, one, {one}), "");
    assert_text_equal(problem(true, "contoso.example", {one}), ""); // the id of that domain, perhaps
    assert_has(problem(true, "contoso.example", {one, two}), "contoso.example");
    Settings hybrid = settings_of("azure-ad-hybrid");
    hybrid.response_mode = "query";
    assert_has(providers::complete(hybrid), "response_mode query");
    hybrid.response_mode = "form_post";
    assert_text_equal(providers::complete(hybrid), "");
}

// PD-08: no answer is verified with the client's secret.
void pd_08_signed_answers_need_a_key_of_the_provider(void**) {
    Settings settings = settings_of("auth0");
    settings.client_id = "c";
    settings.client_secret = "s3cr3t-of-the-test-3f";
    settings.domain = "a.auth0.com";
    settings.response_mode = "query.jwt";
    assert_text_equal(providers::complete(settings), ""); // those of the metadata
    settings.signing_algorithms = {"HS256"};
    assert_has(providers::complete(settings), "\"response_mode query.jwt\" needs one");
    settings.signing_algorithms = {"HS256", "RS256"};
    assert_text_equal(providers::complete(settings), "");
    settings.signing_algorithms = {"HS256"};
    settings.response_mode = "query";
    assert_text_equal(providers::complete(settings), "");
}

void addresses_without_tls(void**) {
    Settings settings = settings_of("keycloak");
    const auto set = [&settings](const char* parameter, const char* value) {
        const std::string problem = find_parameter(parameter)->set(settings, {value});
        return problem.empty() ? providers::find_plain_endpoint(settings, parameter) : problem;
    };
    for (const char* parameter :
         {"issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri",
          "end_session_endpoint", "revocation_endpoint", "introspection_endpoint",
          "pushed_authorization_request_endpoint", "api_url", "domain", "original_domain"}) {
        assert_has(set(parameter, "http://sso.internal:8080/x"), "allow_http");
        assert_text_equal(set(parameter, "http://127.0.0.1:8080/x"), "");
    }
    assert_text_equal(set("allow_http", "SSO.internal"), "");
    for (const char* parameter : {"issuer", "token_endpoint", "domain"}) {
        assert_text_equal(set(parameter, "http://sso.internal:8080/x"), "");
        assert_has(set(parameter, "http://other.internal/x"), "found \"http://other.internal/x\"");
    }
    for (const char* host :
         {"http://sso.internal", "sso.internal:8080", "sso.internal/x", "", "*", "a b", "::1"}) {
        assert_has(set("allow_http", host), "without scheme, port and path");
    }
    for (const char* host : {"10.0.0.1", "[fd00::1]", "sso"}) {
        assert_text_equal(set("allow_http", host), "");
    }
    assert_text_equal(providers::find_plain_endpoint(settings, "client_id"), "");
}

// A block that gives its endpoints itself has no metadata to learn the issuer from.
void issuers_without_metadata(void**) {
    const auto given = [](const char* type, const std::string& base, const std::string& token) {
        Settings settings = settings_of(type);
        settings.authorization_endpoint = base + "/authorize";
        settings.token_endpoint = base + token;
        settings.jwks_uri = base + "/keys";
        return settings;
    };
    const std::string tenant = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";
    for (const char* type : {"azure-ad", "azure-ad-hybrid"}) {
        Settings entra = given(type, "https://gateway.example", "/token");
        assert_text_equal(providers::complete(entra), "");
        assert_text_equal(entra.issuer, "https://login.microsoftonline.com/{tenantid}/v2.0");
        assert_true(entra.issuers == session::Strings{"https://gateway.example/{tenantid}/v2.0"});
        Settings single = given(type, "https://login.microsoftonline.com", "/token");
        single.single_tenant = true;
        single.tenant = tenant;
        assert_text_equal(providers::complete(single), "");
        assert_text_equal(single.issuer, "https://login.microsoftonline.com/" + tenant + "/v2.0");
        assert_true(single.issuers.empty());
        Settings named = given(type, "https://login.microsoftonline.com", "/token");
        named.single_tenant = true; // of a domain's tenant nobody tells the id
        named.tenant = "contoso.example";
        assert_has(providers::complete(named), "a tenant's id, or \"issuer\"");
        Settings cloud = given(type, "https://gateway.example", "/token");
        cloud.domain = "login.microsoftonline.us";
        assert_text_equal(providers::complete(cloud), "");
        assert_text_equal(cloud.issuer, "https://login.microsoftonline.us/{tenantid}/v2.0");
        assert_true(cloud.issuers.empty());
        Settings told = given(type, "https://gateway.example", "/token");
        told.issuer = "https://sts.example/";
        assert_text_equal(providers::complete(told), "");
        assert_true(told.issuer == "https://sts.example/" && told.issuers.empty());
    }
    Settings okta = given("okta", "https://company.okta.com/oauth2/default", "/v1/token");
    assert_text_equal(providers::complete(okta), "");
    assert_text_equal(okta.issuer, "https://company.okta.com/oauth2/default");
    Settings custom = given("okta", "https://company.okta.com/oauth2", "/v1/token");
    custom.domain = "id.example.org";
    custom.authorization_server = "false";
    assert_text_equal(providers::complete(custom), "");
    assert_text_equal(custom.issuer, "https://id.example.org");
    assert_true(custom.issuers == session::Strings{"https://company.okta.com"});
    Settings unknown = given("okta", "https://company.okta.com", "/token");
    assert_has(providers::complete(unknown), "\"issuer\"");
    Settings cognito = given("aws-cognito", "https://auth.example.org", "/token");
    cognito.jwks_uri = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example/.well-known/jwks.json";
    assert_text_equal(providers::complete(cognito), "");
    assert_text_equal(cognito.issuer, "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_example");
    Settings elsewhere = given("aws-cognito", "https://auth.example.org", "/token");
    elsewhere.jwks_uri = "https://evil.example/us-east-1_example/.well-known/jwks.json";
    assert_text_equal(providers::complete(elsewhere), "");
    assert_text_equal(elsewhere.issuer, ""); // the token's, by its metadata
    Settings asking = given("oidc", "https://op.example", "/token");
    asking.issuer = "https://op.example";
    asking.userinfo = providers::UserinfoUse::on;
    assert_has(providers::complete(asking), "\"userinfo_endpoint\" is missing");
}

template <class Names>
std::string cell(const Names& names) {
    std::string text;
    for (const std::string_view name : names) {
        text.append(text.empty() ? "`" : ", `").append(name).append("`");
    }
    return text.empty() ? "–" : text;
}

void the_documentation_has_each_row(void**) {
    const auto text = unit::read_file("docs/providers.md");
    assert_true(text.has_value());
    for (const Type* type : providers::types()) {
        std::vector<std::string_view> facts;
        for (const session::FactRow& row : session::facts) {
            if (type->tells.has(session::Fact::of(row))) {
                facts.push_back(row.name);
            }
        }
        const std::string row =
            "| `" + std::string(type->name) + "` | " + cell(facts) + " | " + cell(type->parameters) + " |\n";
        assert_has(*text, row.c_str());
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(parameters_belong_to_types),
        cmocka_unit_test(a_subject_is_a_path),
        cmocka_unit_test(a_row_names_what_there_is),
        cmocka_unit_test(parameters_that_have_no_effect_together),
        cmocka_unit_test(many_roles_cost_what_they_are),
        cmocka_unit_test(labels_are_told_apart),
        cmocka_unit_test(what_people_could_not_use_is_refused),
        cmocka_unit_test(tenants_that_exclude_each_other),
        cmocka_unit_test(pd_08_signed_answers_need_a_key_of_the_provider),
        cmocka_unit_test(addresses_without_tls),
        cmocka_unit_test(issuers_without_metadata),
        cmocka_unit_test(the_documentation_has_each_row),
    };
    return cmocka_run_group_tests_name("provider_types", tests, nullptr, nullptr);
}
