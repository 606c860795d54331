// SPDX-License-Identifier: MIT
// Variables that have been set in vain: whose names are close to one that is read, and nobody else's.
#include "../../providers/near_names.hpp"
#include "../../providers/environment.hpp"

#include <set>
#include <string>

#include "fakes.hpp"

using namespace oauth;

namespace {

std::string explain(const std::string& name, const std::set<std::string>& others = {}) {
    const providers::GetVariable get = [&](const std::string& asked) {
        return others.count(asked) != 0 ? "set" : nullptr;
    };
    return providers::explain_unread(name, providers::variable_names(), get);
}

void is_meant(const std::string& name, const std::string& known) {
    const std::string sentence = explain(name);
    assert_text_equal(sentence, "nothing reads the environment variable \"" + name + "\": did you mean \"" +
                                    known + "\"?");
}

void a_name_that_is_close_to_a_known_one(void**) {
    is_meant("OAUTH_BASEURL", "OAUTH_BASE_URL");
    is_meant("OAUTH_BASE_ULR", "OAUTH_BASE_URL");
    is_meant("OAUTH_GOOGLE_CLIENTID", "OAUTH_GOOGLE_CLIENT_ID");
    is_meant("OAUTH_GOOGLE_CLIENT_SECRETS", "OAUTH_GOOGLE_CLIENT_SECRET");
    is_meant("OAUTH_AZUREAD_CLIENTID", "OAUTH_AZURE_AD_CLIENT_ID"); // two underscores and one
    is_meant("OAUTH_AZUREAD_TENANTID", "OAUTH_AZURE_AD_TENANT_ID");
    is_meant("oauth_github_client_id", "OAUTH_GITHUB_CLIENT_ID");
    is_meant("OAUTH_GTIHUB_CLIENT_ID", "OAUTH_GITHUB_CLIENT_ID");
    is_meant("CHAINLIT_URI", "CHAINLIT_URL");
}

void what_is_read_and_what_is_somebody_elses(void**) {
    for (const std::string& name : providers::variable_names()) {
        assert_text_equal(explain(name), "");
    }
    // Chainlit's own, and an application's.
    for (const std::string name :
         {"CHAINLIT_AUTH_SECRET", "CHAINLIT_COOKIE_SAMESITE", "CHAINLIT_ROOT_PATH",
          "CHAINLIT_STATE_COOKIE_LIFETIME", "CHAINLIT_AUTH_COOKIE_NAME", "CHAINLIT_AUTH_COOKIE_PATH",
          "OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_SCOPES", "OAUTH2_PROXY_CLIENT_ID",
          "OAUTH_GITHUB_SCOPES", "OAUTH_", "PATH", "BASE_URL", ""}) {
        assert_text_equal(explain(name), "");
    }
    assert_text_equal(explain("OAUTH_BASE_URL\n"), "");
    assert_text_equal(explain("OAUTH_BASEURL" + std::string(100, 'L')), "");
}

void one_that_a_provider_in_use_does_not_have(void**) {
    const std::set<std::string> github{"OAUTH_GITHUB_CLIENT_ID"};
    const std::string sentence = explain("OAUTH_GITHUB_SCOPES", github);
    assert_true(sentence.starts_with("nothing reads the environment variable \"OAUTH_GITHUB_SCOPES\": those "
                                     "of github are OAUTH_GITHUB_CLIENT_ID, OAUTH_GITHUB_CLIENT_SECRET"));
    assert_true(sentence.ends_with("; all else is a parameter of an oauth_provider block"));
    assert_text_equal(explain("OAUTH_GITLAB_SCOPES", github), "");
    const std::set<std::string> both{"OAUTH_AZURE_AD_CLIENT_ID", "OAUTH_AZURE_AD_HYBRID_CLIENT_ID"};
    assert_true(explain("OAUTH_AZURE_AD_HYBRID_AUDIENCE", both).find("those of azure-ad-hybrid are") !=
                std::string::npos);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_is_close_to_a_known_one),
        cmocka_unit_test(what_is_read_and_what_is_somebody_elses),
        cmocka_unit_test(one_that_a_provider_in_use_does_not_have),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
