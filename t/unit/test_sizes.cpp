// SPDX-License-Identifier: MIT
// What the log says of a session that is too large: what it is full of, and what makes it smaller; never a
// value.
#include "../../src/session/sizes.hpp"

#include <string>

#include "fakes.hpp"

using namespace oauth;
using session::Session;

namespace {

Session of_somebody() {
    Session session;
    session.identity.provider = "example";
    session.identity.subject = "alice-1";
    session.identity.user = "alice";
    session.identity.name = "Alice Example";
    return session;
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

void the_largest_comes_first_and_has_the_remedy(void**) {
    Session session = of_somebody();
    session.identity.groups.emplace(500, "a-secret-group");
    session.id_token = std::string(1800, 'x');
    const std::string text = session::explain_size(session);
    assert_true(has(text, "make it smaller by fewer values of \"group\" at the provider; "));
    assert_true(has(text, "it holds, in bytes: group 7500, ID token 1800, name 13, "));
    assert_false(has(text, "a-secret-group") || has(text, "Alice") || has(text, "xxx"));
}

void each_kind_has_a_remedy_of_its_own(void**) {
    Session tokens = of_somebody();
    tokens.access_token = std::string(3000, 'x');
    assert_true(
        has(session::explain_size(tokens), "by \"oauth_tokens off\"; it holds, in bytes: access token 3000"));
    Session refreshed = of_somebody();
    refreshed.refresh_token = std::string(3000, 'x');
    assert_true(has(session::explain_size(refreshed),
                    "by \"oauth_refresh off\"; it holds, in bytes: refresh token 3000"));
    Session claims = of_somebody();
    claims.identity.claims.emplace_back("realm_access.roles", std::string(3000, 'x'));
    assert_true(has(session::explain_size(claims), "fewer oauth_identity_claims"));
    assert_true(has(session::explain_size(claims), "claim.realm_access.roles 3018"));
    Session picture = of_somebody();
    picture.identity.picture = std::string(3000, 'x');
    assert_true(has(session::explain_size(picture),
                    "a shorter \"picture\" at the provider; it holds, in bytes: picture 3000"));
}

void names_as_many_as_can_be_read(void**) {
    Session session = of_somebody();
    for (int i = 0; i < 100; ++i) {
        session.identity.claims.emplace_back("claim_" + std::to_string(i), "\"x\"");
    }
    assert_true(session::explain_size(session).size() < 300);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(the_largest_comes_first_and_has_the_remedy),
        cmocka_unit_test(each_kind_has_a_remedy_of_its_own),
        cmocka_unit_test(names_as_many_as_can_be_read),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
