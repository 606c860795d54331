// SPDX-License-Identifier: MIT
// What a session becomes by a refresh (RF-01, RF-02, RF-08, RF-10): tokens that take the place of others,
// facts that stay, facts that go, and a check that is no use.
#include "../../src/flow/renewed_session.hpp"
#include "flow_world.hpp"

using namespace oauth;
using unit::World;

namespace {

session::Session before() {
    session::Session session;
    session.identity.provider = "op";
    session.identity.subject = "user-1";
    session.identity.user = "ann";
    session.identity.name = "Ann";
    session.identity.acr = "mfa";
    session.identity.groups = session::Strings{"admins"};
    session.refresh_token = "refresh-1";
    session.signed_in_at = unit::start_of_time - 500;
    session.used_at = unit::start_of_time - 100;
    session.sid = "sid-1";
    return session;
}

flow::SignedIn answer(const std::string& subject = "user-1") {
    flow::SignedIn signed_in;
    signed_in.identity.provider = "op";
    signed_in.identity.subject = subject;
    signed_in.identity.user = subject;
    signed_in.had_id_token = true;
    signed_in.auth_time = unit::start_of_time;
    return signed_in;
}

std::optional<session::Session> renew(World& world, flow::SignedIn signed_in) {
    world.options.refresh = 300;
    return flow::renewed(world.site, world.settings, before(), std::move(signed_in));
}

void rf_01_rf_02_refresh_tokens(void**) {
    World world;
    assert_text_equal(renew(world, answer())->refresh_token, "refresh-1");
    flow::SignedIn rotated = answer();
    rotated.refresh_token = "refresh-2";
    const auto next = renew(world, std::move(rotated));
    assert_text_equal(next->refresh_token, "refresh-2");
    assert_int_equal(next->epoch, 1);
    assert_int_equal(next->checked_at, unit::start_of_time);
}

void rf_06_another_user(void**) {
    World world;
    assert_false(renew(world, answer("mallory")).has_value());
}

void rf_08_rf_10_what_stays_and_what_goes(void**) {
    World world;
    const auto next = renew(world, answer());
    assert_int_equal(next->signed_in_at, unit::start_of_time - 500);
    assert_text_equal(next->sid, "sid-1");
    assert_text_equal(*next->identity.acr, "mfa");
    assert_text_equal(next->identity.user, "ann");
    assert_text_equal(*next->identity.name, "Ann");
    assert_false(next->identity.groups.has_value());
    flow::SignedIn silent = answer();
    silent.had_id_token = false;
    assert_true(renew(world, std::move(silent))->identity.groups.has_value());
    flow::SignedIn renamed = answer();
    renamed.identity.user = "ann.b";
    assert_text_equal(renew(world, std::move(renamed))->identity.user, "ann.b");
}

void a_check_is_no_use(void**) {
    World world;
    assert_int_equal(renew(world, answer())->used_at, unit::start_of_time - 100);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(rf_01_rf_02_refresh_tokens),
        cmocka_unit_test(rf_06_another_user),
        cmocka_unit_test(rf_08_rf_10_what_stays_and_what_goes),
        cmocka_unit_test(a_check_is_no_use),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
