// SPDX-License-Identifier: MIT
// The signed identity of a session: reused for half of its life, per audience and settings, within a bound.
#include "../../src/flow/signed_identity.hpp"
#include "flow_world.hpp"

using namespace oauth;
using unit::World;

namespace {

void a_token_is_reused_for_half_of_its_life(void**) {
    World world;
    world.site.identity_keys.add(*jose::SigningKey::generate_es256());
    world.sign_in_as("user-1");
    const auto session = world.current();
    flow::IdentitySettings settings;
    settings.lifetime = 300;
    const flow::IdentitySettings other = settings;
    const auto token = [&](const flow::IdentitySettings& of, const char* audience) {
        return *flow::signed_identity(world.site, *session, of, audience);
    };
    const std::string first = token(settings, "reports");
    assert_false(first.empty());
    assert_true(token(settings, "billing") != first);
    assert_true(token(other, "reports") != first); // another location's
    world.clock.advance(149);
    assert_text_equal(token(settings, "reports"), first);
    world.clock.advance(1);
    const std::string second = token(settings, "reports");
    assert_true(second != first);
    assert_text_equal(token(settings, "reports"), second);
    assert_int_equal(session->tokens.size(), 3);
}

void a_short_session_is_not_told_for_longer(void**) {
    World world;
    world.options.session_lifetime = 100;
    world.site.identity_keys.add(*jose::SigningKey::generate_es256());
    world.sign_in_as("user-1");
    const auto session = world.current();
    flow::IdentitySettings settings;
    settings.lifetime = 300;
    const std::string first = *flow::signed_identity(world.site, *session, settings, "reports");
    world.clock.advance(49);
    assert_text_equal(*flow::signed_identity(world.site, *session, settings, "reports"), first);
    world.clock.advance(1); // half of its life, which the session's end has cut, is over
    const std::string last = *flow::signed_identity(world.site, *session, settings, "reports");
    const auto jws = jose::parse_compact(last);
    const auto claims = core::Json::parse(jws->payload);
    assert_true(last != first);
    assert_int_equal(claims->root().get("exp").as_integer().value_or(0), session->session.expires_at);
    session->ends_at += 1000; // it was used meanwhile, and ends later: what was signed does not
    world.clock.advance(25);
    assert_true(*flow::signed_identity(world.site, *session, settings, "reports") != last);
}

void remembered_tokens_are_bounded(void**) {
    World world;
    world.site.identity_keys.add(*jose::SigningKey::generate_es256());
    world.sign_in_as("user-1");
    const auto session = world.current();
    const flow::IdentitySettings settings;
    for (int i = 0; i < 40; ++i) {
        assert_non_null(flow::signed_identity(world.site, *session, settings, "a" + std::to_string(i)).get());
    }
    assert_true(session->tokens.size() <= 16);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_reused_for_half_of_its_life),
        cmocka_unit_test(a_short_session_is_not_told_for_longer),
        cmocka_unit_test(remembered_tokens_are_bounded),
    };
    return cmocka_run_group_tests_name("signed_identity", tests, nullptr, nullptr);
}
