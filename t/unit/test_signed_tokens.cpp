// SPDX-License-Identifier: MIT
// Identity tokens that all workers remember: found for exactly what they were signed for, until they are not
// to be reused; a memory without room remembers less and breaks nothing.
#include "../../src/session/signed_tokens.hpp"

#include "../../src/flow/signed_identity.hpp"
#include "flow_world.hpp"
#include "shared_memory.hpp"

using namespace oauth;
using session::SignedTokens;
using unit::World;

namespace {

void a_token_is_found_by_its_purpose_until_its_time(void**) {
    unit::FakeClock clock{1000};
    unit::SharedBlocks blocks(clock);
    SignedTokens one(blocks.memory());
    SignedTokens two(blocks.memory());
    assert_false(one.find("purpose").has_value());
    one.keep("purpose", {"token", 1150});
    const auto found = two.find("purpose");
    assert_text_equal(found->text, "token");
    assert_int_equal(found->reuse_until, 1150);
    assert_false(two.find("purpose ").has_value());
    assert_false(two.find("purpos").has_value());
    assert_false(two.find("").has_value());
    two.keep("purpose", {"next", 1200});
    assert_text_equal(one.find("purpose")->text, "next");
    clock.set(1199);
    assert_true(one.find("purpose").has_value());
    clock.set(1200);
    assert_false(one.find("purpose").has_value());
}

void what_has_no_room_is_not_kept(void**) {
    unit::FakeClock clock{1000};
    unit::SharedBlocks blocks(clock, {.signed_tokens = 4096});
    SignedTokens tokens(blocks.memory());
    tokens.keep("long", {std::string(SignedTokens::max_size, 'x'), 1150});
    assert_false(tokens.find("long").has_value());
    int kept = 0;
    for (int i = 0; i < 100; ++i) {
        const std::string purpose = "purpose " + std::to_string(i);
        tokens.keep(purpose, {std::string(600, 'x'), 1150});
        kept += tokens.find(purpose).has_value() ? 1 : 0;
    }
    assert_in_range(kept, 3, 10);
    assert_true(tokens.find("purpose 0").has_value()); // nothing gives way before its time
    clock.set(1150);
    tokens.keep("another", {std::string(600, 'x'), 1300});
    assert_true(tokens.find("another").has_value());
    blocks.state().signed_tokens = nullptr;
    tokens.keep("another", {"token", 1300});
    assert_false(tokens.find("another").has_value());
}

// Somebody has signed in at a site whose workers remember what they sign.
struct Signing : World {
    Signing() : blocks(clock), tokens(blocks.memory()) {
        site.signed_tokens = &tokens;
        site.identity_keys.add(*jose::SigningKey::generate_es256());
        sign_in_as("user-1");
    }

    unit::SharedBlocks blocks;
    SignedTokens tokens;
};

// Another worker of the same site: what it knows of a session is what the cookie says.
std::string signed_by_another(World& world, const flow::IdentitySettings& settings, const char* audience) {
    auto opened = std::make_shared<session::OpenedSession>(*world.current());
    opened->tokens.clear();
    return *flow::signed_identity(world.site, *opened, settings, audience);
}

void all_workers_sign_once(void**) {
    Signing world;
    flow::IdentitySettings settings;
    const std::string first = signed_by_another(world, settings, "reports");
    assert_text_equal(signed_by_another(world, settings, "reports"), first);
    world.clock.advance(149);
    assert_text_equal(signed_by_another(world, settings, "reports"), first);
    world.clock.advance(1);
    assert_true(signed_by_another(world, settings, "reports") != first);
}

// Whatever a token depends on: nobody is ever given the token of somebody or something else.
// It would say that it was issued later than now, and hold for as much longer.
void sc_16_what_a_clock_ahead_has_dated_is_signed_anew(void**) {
    Signing world;
    const auto session = world.current();
    flow::IdentitySettings settings;
    settings.lifetime = 300;
    world.clock.advance(100);
    const std::string ahead = *flow::signed_identity(world.site, *session, settings, "reports");
    world.clock.put(-1);
    const std::string here = *flow::signed_identity(world.site, *session, settings, "reports");
    assert_true(here != ahead);
    assert_text_equal(signed_by_another(world, settings, "reports"), here);
    world.clock.put(-1);
    const std::string there = signed_by_another(world, settings, "reports");
    assert_true(there != here && there != ahead);
    world.clock.advance(149);
    assert_text_equal(signed_by_another(world, settings, "reports"), there);
}

void another_purpose_is_another_token(void**) {
    World world;
    unit::SharedBlocks blocks(world.clock, {.signed_tokens = 65536});
    SignedTokens tokens(blocks.memory());
    world.site.signed_tokens = &tokens;
    world.site.identity_keys.add(*jose::SigningKey::generate_es256());
    world.sign_in_as("user-1");
    const flow::IdentitySettings settings;
    const std::string first = signed_by_another(world, settings, "reports");
    assert_true(signed_by_another(world, settings, "billing") != first);

    flow::IdentitySettings other = settings;
    other.lifetime = 299;
    assert_true(signed_by_another(world, other, "reports") != first);
    other = settings;
    other.extra_claims = {"department"};
    assert_true(signed_by_another(world, other, "reports") != first);

    using Change = void (*)(session::OpenedSession&);
    const Change changes[] = {
        [](session::OpenedSession& opened) { opened.session.id = std::string(16, 'o'); },
        [](session::OpenedSession& opened) { ++opened.session.epoch; },
        [](session::OpenedSession& opened) { ++opened.session.made_at; },
        [](session::OpenedSession& opened) { ++opened.session.signed_in_at; },
        [](session::OpenedSession& opened) { ++opened.session.checked_at; },
        [](session::OpenedSession& opened) { opened.session.made_for = opened.session.made_for + "x"; },
        [](session::OpenedSession& opened) { --opened.ends_at; },
        [](session::OpenedSession& opened) { opened.base_url = "https://other.example"; },
    };
    for (const Change change : changes) {
        session::OpenedSession opened = *world.current();
        opened.tokens.clear();
        change(opened);
        assert_true(*flow::signed_identity(world.site, opened, settings, "reports") != first);
    }
    world.site.identity_keys = {};
    world.site.identity_keys.add(*jose::SigningKey::generate_es256());
    assert_true(signed_by_another(world, settings, "reports") != first);
}

void the_mark_of_a_key_is_that_of_its_secret(void**) {
    const std::string secret(32, 'a');
    const auto mark = [](jose::SigningKey key, const char* kid) {
        key.set_kid(kid);
        identity::KeyRing ring;
        ring.add(std::move(key));
        ring.add(*jose::SigningKey::generate_es256()); // is published only
        return ring.mark();
    };
    const std::string one = mark(*jose::SigningKey::from_secret(secret), "a");
    assert_int_equal(one.size(), 16);
    assert_text_equal(mark(*jose::SigningKey::from_secret(secret), "a"), one);
    assert_true(mark(*jose::SigningKey::from_secret(secret), "b") != one);
    assert_true(mark(*jose::SigningKey::from_secret(std::string(32, 'b')), "a") != one);
    const auto key = jose::SigningKey::generate_es256();
    assert_true(mark(*key, "a") != one);
    assert_text_equal(mark(*key, "a"), mark(*key, "a"));
    assert_true(mark(*jose::SigningKey::generate_es256(), "a") != mark(*key, "a"));
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_found_by_its_purpose_until_its_time),
        cmocka_unit_test(what_has_no_room_is_not_kept),
        cmocka_unit_test(all_workers_sign_once),
        cmocka_unit_test(sc_16_what_a_clock_ahead_has_dated_is_signed_anew),
        cmocka_unit_test(another_purpose_is_another_token),
        cmocka_unit_test(the_mark_of_a_key_is_that_of_its_secret),
    };
    return cmocka_run_group_tests_name("signed_tokens", tests, nullptr, nullptr);
}
