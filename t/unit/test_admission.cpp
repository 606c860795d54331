// SPDX-License-Identifier: MIT
// Admission: whose session a cookie is, until when (SC-16), under which configuration; what a request is
// then; what is remembered with a session; and all of it where the store answers late.
#include "policy_ports.hpp"

#include "flow_world.hpp"

#include <set>

using namespace oauth;
using unit::app;
using unit::World;

namespace {

session::OpenedSessionPointer find(World& world) {
    return world.open(world.jar.at(world.session_name()));
}

void forget(World& world) {
    world.sessions = session::SessionCache(9, 16); // as another worker
}

void a_session_is_opened_once(void**) {
    World world;
    world.sign_in_as("user-1");
    assert_non_null(find(world).get()); // from its second request on it stays open
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

// The smaller of the sealed and the configured end holds, and the identity is not told for longer.
void sc_16_a_lifetime_that_was_shortened(void**) {
    World world;
    world.sign_in_as("user-1");
    const std::int64_t sealed = unit::start_of_time + world.options.session_lifetime;
    world.options.session_lifetime = 100;
    forget(world);
    world.clock.advance(99);
    const auto session = find(world);
    assert_non_null(session.get());
    assert_int_equal(session->ends_at, unit::start_of_time + 100);
    assert_true(world.serve(world.request("GET", "/auth/oauth/userinfo"))
                    .body.find("\"expires_at\":" + std::to_string(unit::start_of_time + 100)) !=
                std::string::npos);
    // It is forgotten no sooner than it could open something again.
    assert_int_equal(world.serve(world.request("POST", "/auth/oauth/logout")).status, 303);
    assert_int_equal(world.ledger.revoked.at(session->session.id), sealed);
    world.sign_in_as("user-2");
    world.clock.advance(100);
    forget(world);
    assert_null(find(world).get());
    world.options.session_lifetime = 8 * 3600; // what it was sealed with holds
    forget(world);
    assert_null(find(world).get());
}

// auth_time is another time than that of the session.
void sc_16_counts_from_the_sign_in_here(void**) {
    World world;
    world.op.claims = world.op.claims.with("auth_time", std::to_string(unit::start_of_time - 20 * 3600));
    world.sign_in_as("user-1");
    forget(world);
    assert_non_null(find(world).get());
    assert_int_equal(find(world)->ends_at, unit::start_of_time + world.options.session_lifetime);
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

void a_session_belongs_to_the_provider_as_it_was_configured(void**) {
    World world;
    world.sign_in_as("user-1");
    forget(world);
    providers::Settings changed = world.settings;
    changed.issuer = "https://new.example"; // under the same name
    flow::Provider renewed{changed, world.ready, world.clock};
    world.site.providers = {&renewed, &world.other};
    assert_null(find(world).get());
    flow::Provider same{world.settings, world.ready, world.clock};
    world.site.providers = {&same, &world.other};
    assert_non_null(find(world).get());
}

void a_session_made_for_less_is_none(void**) {
    World world;
    world.sign_in_as("user-1");
    forget(world);
    world.requirements.needs.add("role"); // a rule was added, and the session has not what it asks
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
    auto sealer = session::Sealer::create({"a secret that seals cookies in tests"}, "session");
    const std::string bound = session::binding(world.session_name(), app);
    for (const std::string& record : {std::string(), std::string("x"), std::string(1000, '\xff')}) {
        const auto sealed = sealer->seal(random, bound, record);
        assert_true(sealed.has_value());
        assert_null(world.open(*sealed).get());
    }
    for (const char* cookie : {"", "x", "AAAA"}) {
        assert_null(world.open(cookie).get());
    }
}

policy::RuleSet rules_of(const std::vector<std::string>& words) {
    const unit::TestWorld ports;
    policy::RuleSet rules;
    assert_text_equal(rules.add(policy::Action::allow, words, ports.ports()), "");
    return rules;
}

class Facts final : public flow::Circumstances {
public:
    void about(const flow::Admission* candidate) const override {
        calls.push_back(candidate == nullptr ? "" : candidate->identity->subject);
    }
    bool variable_is_true(int index) const override { return true_variables.contains(index); }

    std::set<int> true_variables;
    mutable std::vector<std::string> calls;
};

flow::Guard guard_of(const policy::RuleSet& rules) {
    flow::Guard guard;
    guard.rules = &rules;
    return guard;
}

flow::Admission admit(World& world, const flow::Guard& guard, const Facts& facts = {}) {
    flow::Visitor visitor = world.visitor();
    flow::Admission admission;
    assert_true(flow::admit_now(visitor, guard, facts, admission));
    return admission;
}

void what_a_request_is(void**) {
    using enum flow::Standing;
    World world;
    const policy::RuleSet yes = rules_of({"sub=user-1"});
    const policy::RuleSet no = rules_of({"sub=user-2"});
    struct Case {
        const policy::RuleSet* rules;
        flow::Guard::Mode mode;
        flow::Guard::Enforcement enforcement;
        flow::Standing without; // a session
        flow::Standing with;
    };
    using enum flow::Guard::Mode;
    using enum flow::Guard::Enforcement;
    const Case cases[] = {
        {&yes, required, enforced, unauthenticated, allowed},
        {&no, required, enforced, unauthenticated, denied},
        {&yes, required, shadow, unauthenticated, allowed},
        {&no, required, shadow, unauthenticated, shadowed},
        {&yes, optional, enforced, anonymous, allowed},
        {&no, optional, enforced, anonymous, anonymous},
        {&no, optional, shadow, anonymous, shadowed},
        {nullptr, optional, enforced, anonymous, allowed},
        {nullptr, required, enforced, unauthenticated, denied}, // no rule: nobody
    };
    for (const bool signed_in : {false, true}) {
        for (const Case& each : cases) {
            const flow::Guard guard{each.mode, each.enforcement, each.rules, {}};
            const flow::Admission admission = admit(world, guard);
            assert_int_equal(admission.standing, signed_in ? each.with : each.without);
            assert_true(admission.passes() ==
                        (admission.standing == allowed || admission.standing == shadowed));
            assert_true((admission.identity != nullptr) == signed_in);
        }
        world.sign_in_as("user-1");
    }
}

// An internal redirect: nothing is left of what the location before said.
void a_next_admission_is_another_one(void**) {
    World world;
    world.sign_in_as("user-1");
    const policy::RuleSet rules = rules_of({"sub=user-1"});
    flow::Guard guard = guard_of(rules);
    flow::Visitor visitor = world.visitor();
    flow::Admission admission;
    admission.cookies = {"former=1"};
    assert_true(flow::admit_now(visitor, guard, Facts(), admission) && admission.passes());
    assert_true(admission.cookies.empty());
    assert_int_equal(admission.verdict.rule, 0);
    guard.providers = {"other"};
    assert_true(flow::admit_now(visitor, guard, Facts(), admission));
    assert_int_equal(admission.standing, flow::Standing::unauthenticated);
    assert_null(admission.identity.get());
    assert_null(admission.session.get());
    assert_false(admission.verdict.allowed);
    assert_int_equal(admission.verdict.rule, -1);
}

void mx_06_a_session_of_another_provider_is_none_here(void**) {
    World world;
    world.sign_in_as("user-1");
    const policy::RuleSet rules = rules_of({"sub=user-1"});
    flow::Guard guard = guard_of(rules);
    guard.providers = {"other"};
    const flow::Admission admission = admit(world, guard);
    assert_int_equal(admission.standing, flow::Standing::unauthenticated);
    assert_null(admission.identity.get());
    guard.providers = {"other", "op"};
    assert_true(admit(world, guard).passes());
}

void the_identity_outlives_what_it_came_from(void**) {
    World world;
    world.sign_in_as("user-1");
    const policy::RuleSet rules = rules_of({"sub=user-1"});
    std::shared_ptr<const session::Identity> identity = admit(world, guard_of(rules)).identity;
    forget(world);
    assert_text_equal(identity->subject, "user-1");
}

void rules_are_told_whom_they_are_asked_about(void**) {
    World world;
    world.sign_in_as("user-1");
    const policy::RuleSet rules = rules_of({"if=$one"});
    const Facts facts;
    assert_false(admit(world, guard_of(rules), facts).passes());
    assert_true((facts.calls == std::vector<std::string>{"user-1", ""}));
}

void verdicts_are_remembered_per_rule_set(void**) {
    World world;
    world.sign_in_as("user-1");
    find(world); // from its second request on it stays open
    const auto session = find(world);
    const policy::RuleSet yes = rules_of({"sub=user-1"});
    const policy::RuleSet no = rules_of({"sub=user-2"});
    for (int i = 0; i < 3; ++i) {
        assert_true(admit(world, guard_of(yes)).passes());
        assert_false(admit(world, guard_of(no)).passes());
    }
    assert_int_equal(session->verdicts.size(), 2);
    session->verdicts[1].allowed = true; // it is this one that is read
    assert_true(admit(world, guard_of(no)).passes());
}

void verdicts_about_the_request_are_not_remembered(void**) {
    World world;
    world.sign_in_as("user-1");
    const auto session = find(world);
    const policy::RuleSet rules = rules_of({"sub=user-1", "if=$one"});
    Facts facts;
    assert_false(admit(world, guard_of(rules), facts).passes());
    facts.true_variables = {1};
    assert_true(admit(world, guard_of(rules), facts).passes());
    facts.true_variables = {};
    assert_false(admit(world, guard_of(rules), facts).passes());
    assert_true(session->verdicts.empty());
}

void remembered_verdicts_are_bounded(void**) {
    World world;
    world.sign_in_as("user-1");
    std::vector<policy::RuleSet> rules;
    for (int i = 0; i < 40; ++i) {
        rules.push_back(rules_of({i % 2 == 0 ? "sub=user-1" : "sub=user-2"}));
    }
    for (std::size_t i = 0; i < rules.size(); ++i) {
        assert_true(admit(world, guard_of(rules[i])).passes() == (i % 2 == 0));
    }
    assert_true(find(world)->verdicts.size() <= 16);
}

// What waits: a flow of the test's own.
struct Waiting {
    Waiting(flow::Visitor& visitor, const flow::Guard& guard, const Facts& facts)
        : flow(flow::admit(visitor, guard, facts),
               [this](std::optional<core::Result<flow::Admission>> value, std::exception_ptr) {
                   result = std::move(value);
               }) {
        flow.start();
    }
    std::optional<core::Result<flow::Admission>> result;
    core::Flow<core::Result<flow::Admission>> flow;
};

void a_late_store_is_waited_for(void**) {
    World world;
    world.sign_in_as("user-1");
    unit::LateStore& store = world.make_store_late();
    store.renewed = {"oauth=renewed; Path=/"};
    const policy::RuleSet rules = rules_of({"sub=user-1"});
    const flow::Guard guard = guard_of(rules);
    const Facts facts;
    flow::Visitor visitor = world.visitor();
    flow::Admission next;
    assert_false(flow::admit_now(visitor, guard, facts, next));
    Waiting waiting(visitor, guard, facts);
    assert_false(waiting.result.has_value());
    assert_true(store.answer());
    assert_true(waiting.result.has_value() && waiting.result->ok());
    const flow::Admission& admission = waiting.result->value();
    assert_int_equal(admission.standing, flow::Standing::allowed);
    assert_text_equal(admission.identity->subject, "user-1");
    assert_true(admission.cookies == store.renewed);
    // Known from now on: the next location of this request does not wait.
    assert_true(flow::admit_now(visitor, guard, facts, next) && next.passes());
    assert_int_equal(store.loads, 1);
}

void who_brings_no_cookie_waits_for_no_store(void**) {
    World world;
    unit::LateStore& store = world.make_store_late();
    store.fails = true;
    const policy::RuleSet rules = rules_of({"sub=user-1"});
    assert_int_equal(admit(world, guard_of(rules)).standing, flow::Standing::unauthenticated);
    assert_int_equal(store.peeks + store.loads, 0);
}

void a_request_asks_the_store_once(void**) {
    World world;
    world.sign_in_as("user-1");
    unit::LateStore& store = world.make_store_late();
    const policy::RuleSet yes = rules_of({"sub=user-1"});
    const policy::RuleSet no = rules_of({"sub=user-2"});
    const flow::Guard first_guard = guard_of(yes);
    const flow::Guard second_guard = guard_of(no);
    const Facts facts;
    flow::Visitor visitor = world.visitor(); // two protected parts of one page
    Waiting first(visitor, first_guard, facts);
    Waiting second(visitor, second_guard, facts);
    assert_true(store.answer());
    world.ready.run();
    assert_true(first.result.has_value() && first.result->value().passes());
    assert_true(second.result.has_value());
    assert_int_equal(second.result->value().standing, flow::Standing::denied);
    assert_false(store.answer());
    assert_int_equal(store.loads, 1);
}

void who_leaves_while_the_store_is_asked_leaves_the_others_waiting(void**) {
    World world;
    world.sign_in_as("user-1");
    unit::LateStore& store = world.make_store_late();
    const policy::RuleSet rules = rules_of({"sub=user-1"});
    const flow::Guard guard = guard_of(rules);
    const Facts facts;
    flow::Visitor visitor = world.visitor();
    auto first = std::make_unique<Waiting>(visitor, guard, facts);
    Waiting second(visitor, guard, facts);
    first.reset(); // takes its question along
    assert_false(store.has_waiting());
    world.ready.run();
    assert_false(second.result.has_value());
    assert_true(store.answer());
    world.ready.run();
    assert_true(second.result.has_value() && second.result->value().passes());
    assert_int_equal(store.loads, 2);
}

void a_store_that_fails_lets_nobody_in(void**) {
    World world;
    world.sign_in_as("user-1");
    unit::LateStore& store = world.make_store_late();
    store.fails = true;
    const policy::RuleSet rules = rules_of({"sub=user-1"});
    for (const auto mode : {flow::Guard::Mode::required, flow::Guard::Mode::optional}) {
        flow::Guard guard = guard_of(rules);
        guard.mode = mode;
        const Facts facts;
        flow::Visitor visitor = world.visitor();
        Waiting waiting(visitor, guard, facts);
        store.answer();
        assert_true(waiting.result.has_value() && !waiting.result->ok());
        assert_int_equal(waiting.result->error().code, core::Code::store_unavailable);
        Waiting again(visitor, guard, facts); // the same request does not ask again
        world.ready.run();
        assert_true(again.result.has_value() && !again.result->ok());
        assert_false(store.answer());
    }
    store.fails = false; // and the next request is let in again, by itself
    const flow::Guard guard = guard_of(rules);
    const Facts facts;
    flow::Visitor visitor = world.visitor();
    Waiting waiting(visitor, guard, facts);
    store.answer();
    assert_true(waiting.result->ok() && waiting.result->value().passes());
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(a_session_is_opened_once),
        cmocka_unit_test(sc_16_to_the_second),
        cmocka_unit_test(sc_16_a_lifetime_that_was_shortened),
        cmocka_unit_test(sc_16_counts_from_the_sign_in_here),
        cmocka_unit_test(lo_06_what_was_ended_is_over),
        cmocka_unit_test(mx_04_of_a_provider_that_is_configured),
        cmocka_unit_test(a_session_belongs_to_the_provider_as_it_was_configured),
        cmocka_unit_test(a_session_made_for_less_is_none),
        cmocka_unit_test(sc_20_what_is_no_session_is_refused),
        cmocka_unit_test(what_a_request_is),
        cmocka_unit_test(a_next_admission_is_another_one),
        cmocka_unit_test(mx_06_a_session_of_another_provider_is_none_here),
        cmocka_unit_test(the_identity_outlives_what_it_came_from),
        cmocka_unit_test(rules_are_told_whom_they_are_asked_about),
        cmocka_unit_test(verdicts_are_remembered_per_rule_set),
        cmocka_unit_test(verdicts_about_the_request_are_not_remembered),
        cmocka_unit_test(remembered_verdicts_are_bounded),
        cmocka_unit_test(a_late_store_is_waited_for),
        cmocka_unit_test(who_brings_no_cookie_waits_for_no_store),
        cmocka_unit_test(a_request_asks_the_store_once),
        cmocka_unit_test(who_leaves_while_the_store_is_asked_leaves_the_others_waiting),
        cmocka_unit_test(a_store_that_fails_lets_nobody_in),
    };
    return cmocka_run_group_tests_name("admission", tests, nullptr, nullptr);
}
