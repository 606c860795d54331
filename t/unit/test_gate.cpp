// SPDX-License-Identifier: MIT
// The gate: whose session a cookie is, until when (SC-16), under which configuration, and what is remembered
// with it: verdicts, and tokens for half of their lives.
#include "policy_ports.hpp"

#include "flow_world.hpp"

using namespace oauth;
using unit::app;
using unit::World;

namespace {

session::OpenedSessionPointer find(World& world) {
    return flow::find_session(world.site, world.jar.at(world.session_name()), app);
}

void forget(World& world) {
    world.sessions = session::SessionCache(9, 16); // as another worker
}

void a_session_is_opened_once(void**) {
    World world;
    world.sign_in_as("user-1");
    const auto first = find(world);
    assert_non_null(first.get());
    assert_ptr_equal(first.get(), find(world).get());
    forget(world);
    assert_ptr_not_equal(first.get(), find(world).get());
}

void sc_16_to_the_second(void**) {
    for (const bool cached : {false, true}) {
        World world;
        world.sign_in_as("user-1");
        const auto look = [&] {
            if (!cached) {
                forget(world);
            }
            return find(world) != nullptr;
        };
        assert_true(look());
        world.clock.advance(world.options.session_lifetime - 1);
        assert_true(look());
        world.clock.advance(1);
        assert_false(look());
        world.clock.set(unit::start_of_time - 3600); // a clock that is set back ends nothing before its time
        assert_true(look());
    }
}

void lo_06_what_was_ended_is_over(void**) {
    for (const bool cached : {false, true}) {
        World world;
        world.sign_in_as("user-1");
        const auto session = find(world);
        world.ledger.revoke("another session", unit::start_of_time + 100);
        assert_non_null(find(world).get()); // SC-25: the others live
        world.ledger.revoke(session->session.id, unit::start_of_time + 100);
        if (!cached) {
            forget(world);
        }
        assert_null(find(world).get());
        assert_null(find(world).get());
    }
}

void mx_04_of_a_provider_that_is_configured(void**) {
    World world;
    world.sign_in_as("user-1");
    forget(world);
    world.site.providers = {&world.other};
    assert_null(find(world).get());
}

void a_session_made_for_less_is_none(void**) {
    World world;
    world.sign_in_as("user-1");
    forget(world);
    world.requirements.needs.role = true; // a rule was added, and the session has not what it asks
    world.requirements.finish();
    assert_null(find(world).get());
    world.sign_in_as("user-1");
    forget(world);
    assert_non_null(find(world).get());
    world.requirements.needs.claims.insert("level");
    world.requirements.finish();
    forget(world);
    assert_null(find(world).get());
}

void sc_20_what_is_no_session_is_refused(void**) {
    World world;
    core::Random& random = world.random;
    const std::string bound = session::binding(world.session_name(), app);
    for (const std::string& record : {std::string(), std::string("x"), std::string(1000, '\xff')}) {
        const auto sealed = world.site.session_sealer.seal(random, bound, record);
        assert_true(sealed.has_value());
        assert_null(flow::find_session(world.site, *sealed, app).get());
    }
    for (const char* cookie : {"", "x", "AAAA"}) {
        assert_null(flow::find_session(world.site, cookie, app).get());
    }
}

policy::RuleSet rules_of(const std::vector<std::string>& words) {
    const unit::TestWorld ports;
    policy::RuleSet rules;
    assert_text_equal(rules.add(policy::Action::allow, words, ports.ports()), "");
    return rules;
}

void verdicts_are_remembered_per_rule_set(void**) {
    World world;
    world.sign_in_as("user-1");
    const auto session = find(world);
    const unit::TestFacts facts;
    const policy::RuleSet yes = rules_of({"sub=user-1"});
    const policy::RuleSet no = rules_of({"sub=user-2"});
    for (int i = 0; i < 3; ++i) {
        assert_true(flow::decide(*session, yes, facts).allowed);
        assert_false(flow::decide(*session, no, facts).allowed);
    }
    assert_int_equal(session->verdicts.size(), 2);
    session->verdicts[1].allowed = true; // it is this one that is read
    assert_true(flow::decide(*session, no, facts).allowed);
}

void verdicts_about_the_request_are_not_remembered(void**) {
    World world;
    world.sign_in_as("user-1");
    const auto session = find(world);
    const policy::RuleSet rules = rules_of({"sub=user-1", "if=$one"});
    unit::TestFacts facts;
    assert_false(flow::decide(*session, rules, facts).allowed);
    facts.true_variables = {1};
    assert_true(flow::decide(*session, rules, facts).allowed);
    facts.true_variables = {};
    assert_false(flow::decide(*session, rules, facts).allowed);
    assert_true(session->verdicts.empty());
}

void what_is_remembered_is_bounded(void**) {
    World world;
    world.site.identity_keys.add(*jose::SigningKey::generate_es256());
    world.sign_in_as("user-1");
    const auto session = find(world);
    const unit::TestFacts facts;
    const flow::IdentitySettings settings;
    std::vector<policy::RuleSet> rules;
    for (int i = 0; i < 40; ++i) {
        rules.push_back(rules_of({i % 2 == 0 ? "sub=user-1" : "sub=user-2"}));
    }
    for (std::size_t i = 0; i < rules.size(); ++i) {
        assert_true(flow::decide(*session, rules[i], facts).allowed == (i % 2 == 0));
        assert_false(flow::identity_token(world.site, *session, settings, "a" + std::to_string(i)).empty());
    }
    assert_true(session->verdicts.size() <= 16);
    assert_true(session->tokens.size() <= 16);
}

void a_token_is_reused_for_half_of_its_life(void**) {
    World world;
    world.site.identity_keys.add(*jose::SigningKey::generate_es256());
    world.sign_in_as("user-1");
    const auto session = find(world);
    flow::IdentitySettings settings;
    settings.lifetime = 300;
    const flow::IdentitySettings other = settings;
    const auto token = [&](const flow::IdentitySettings& of, const char* audience) {
        return std::string(flow::identity_token(world.site, *session, of, audience));
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
    const auto session = find(world);
    flow::IdentitySettings settings;
    settings.lifetime = 300;
    const std::string first(flow::identity_token(world.site, *session, settings, "reports"));
    world.clock.advance(99); // the token that is handed on has not run out
    const std::string last(flow::identity_token(world.site, *session, settings, "reports"));
    const auto jws = jose::parse_compact(last);
    const auto claims = core::Json::parse(jws->payload);
    assert_text_equal(last, first);
    assert_int_equal(claims->root().get("exp").as_integer().value_or(0), session->session.expires_at);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_opened_once),
        cmocka_unit_test(sc_16_to_the_second),
        cmocka_unit_test(lo_06_what_was_ended_is_over),
        cmocka_unit_test(mx_04_of_a_provider_that_is_configured),
        cmocka_unit_test(a_session_made_for_less_is_none),
        cmocka_unit_test(sc_20_what_is_no_session_is_refused),
        cmocka_unit_test(verdicts_are_remembered_per_rule_set),
        cmocka_unit_test(verdicts_about_the_request_are_not_remembered),
        cmocka_unit_test(what_is_remembered_is_bounded),
        cmocka_unit_test(a_token_is_reused_for_half_of_its_life),
        cmocka_unit_test(a_short_session_is_not_told_for_longer),
    };
    return cmocka_run_group_tests_name("gate", tests, nullptr, nullptr);
}
