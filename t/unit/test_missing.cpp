// SPDX-License-Identifier: MIT
// What the log is told where a provider leaves out what rules need: names, and never a value.
#include <string>

#include "../../providers/missing.hpp"
#include "identities.hpp"

using namespace oauth;
using namespace oauth::unit;

namespace {

Needs needing(std::initializer_list<session::Fact> facts) {
    Needs needs;
    for (const session::Fact fact : facts) {
        needs.add(fact);
    }
    return needs;
}

std::string missing(const UserData& data, const Needs& needs, const providers::Settings& of) {
    return providers::find_missing(of, data, needs, map(data, needs, of));
}

UserData alice() {
    return plain(
        R"({"sub":"s-1","name":"Alice V.","groups":["secret-group"],"nothing":null,"b d":1,"iss":"i"})");
}

void test_nothing_is_missing(void**) {
    assert_text_equal(missing(alice(), needing({"name", "group", "sub"}), settings("oauth2")), "");
    assert_text_equal(missing(alice(), {}, settings("oauth2")), "");
    // What this type of provider never tells is nobody's mistake.
    assert_text_equal(missing(alice(), needing({"org"}), settings("oauth2")), "");
}

void test_names_alone(void**) {
    const std::string told = missing(alice(), needing({"email", "role", "name"}), settings("oauth2"));
    assert_text_equal(
        told,
        "not told, though rules use it: email, role. Told: sub, name, groups. The parameter scope has no "
        "email. Name the scope that gives it in the parameter scope, or have the provider give it to this "
        "client");
    Needs claims;
    claims.claims = {"department", "name"};
    const UserData data = alice();
    session::Identity identity = map(data, claims, settings("oauth2"));
    providers::complete_identity(settings("oauth2"), data, claims, identity);
    const std::string of_claims = providers::find_missing(settings("oauth2"), data, claims, identity);
    assert_true(of_claims.starts_with("not told, though rules use it: claim.department. Told: "));
    for (const char* value : {"s-1", "Alice", "secret-group"}) {
        assert_true(told.find(value) == std::string::npos && of_claims.find(value) == std::string::npos);
    }
}

void test_empty_lists(void**) {
    UserData nobody = plain(R"({"sub":"s-1","groups":[]})");
    assert_text_equal(missing(nobody, needing({"group"}), settings("oauth2")),
                      ""); // in no group, and that is told
    session::Identity identity;
    identity.orgs = session::Strings{};
    const UserData user = plain(R"({"id":1,"login":"x"})");
    const std::string told = providers::find_missing(settings("github"), user, needing({"org"}), identity);
    assert_true(told.starts_with("not told, though rules use it: org. Told: id, login. GitHub shows an "));
    identity.orgs = session::Strings{"acme"};
    assert_text_equal(providers::find_missing(settings("github"), user, needing({"org"}), identity), "");
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_missing),
        cmocka_unit_test(test_names_alone),
        cmocka_unit_test(test_empty_lists),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
