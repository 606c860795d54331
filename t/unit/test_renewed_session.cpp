// SPDX-License-Identifier: MIT
// What a session becomes by a refresh (RF-01, RF-02, RF-08, RF-10): tokens that take the place of others,
// facts that stay, facts that go, and a check that is no use.
#include "../../src/flow/renewed_session.hpp"
#include "policy_ports.hpp"

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

// RFC 6749 6: the next refresh asks for no more than this one was granted; silence means the same as before.
void rf_09_the_scope_that_was_granted_last(void**) {
    World world;
    world.options.refresh = 300;
    session::Session former = before();
    former.scope = "openid email";
    assert_text_equal(*flow::with_tokens(world.site, former, answer(), 0).scope, "openid email");
    flow::SignedIn narrower = answer();
    narrower.scope = "openid";
    assert_text_equal(*flow::with_tokens(world.site, former, narrower, 0).scope, "openid");
}

// The configuration may have changed since it was kept.
void an_access_token_that_goes_nowhere_any_more_is_dropped(void**) {
    World world;
    world.options.refresh = 300;
    session::Session former = before();
    former.access_token = "access-1";
    former.access_expires_at = unit::start_of_time + 60;
    flow::SignedIn signed_in = answer();
    signed_in.access_token = "access-2";
    signed_in.expires_in = 60;
    const auto next = flow::with_tokens(world.site, former, signed_in, 0);
    assert_text_equal(next.access_token, "");
    assert_int_equal(next.access_expires_at, 0);
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
    assert_true(next->identity.groups.has_value()); // no rule asks for them
    flow::SignedIn silent = answer();
    silent.had_id_token = false;
    assert_true(renew(world, std::move(silent))->identity.groups.has_value());
    flow::SignedIn renamed = answer();
    renamed.identity.user = "ann.b";
    assert_text_equal(renew(world, std::move(renamed))->identity.user, "ann.b");
}

// A silent answer says nothing of what it leaves out; what an ID token leaves out is gone if a rule decides
// by it.
void rf_10_addresses_and_claims(void**) {
    World world;
    world.options.refresh = 300;
    session::Session former = before();
    former.identity.email = "ann@example.org";
    former.identity.email_verified = true;
    former.identity.claims = {{"level", "1"}, {"unit", "\"a\""}};
    const auto renew_by = [&](bool had_id_token, std::optional<std::string> email) {
        flow::SignedIn signed_in = answer();
        signed_in.had_id_token = had_id_token;
        signed_in.identity.email = std::move(email);
        signed_in.identity.claims = {{"level", "2"}};
        return flow::renewed(world.site, world.settings, former, std::move(signed_in))->identity;
    };
    const auto silent = renew_by(false, std::nullopt);
    assert_text_equal(silent.email.value_or(""), "ann@example.org");
    assert_true(silent.email_verified);
    assert_int_equal(silent.claims.size(), 2);
    assert_text_equal(*silent.find_claim("level"), "2");
    assert_text_equal(*silent.find_claim("unit"), "\"a\"");
    const auto other = renew_by(false, "other@example.org"); // which nobody has verified
    assert_text_equal(other.email.value_or(""), "other@example.org");
    assert_false(other.email_verified);
    const auto unasked = renew_by(true, std::nullopt);
    assert_text_equal(unasked.email.value_or(""), "ann@example.org");
    assert_true(unasked.email_verified);
    assert_non_null(unasked.find_claim("unit"));
    const auto unverified = renew_by(true, "other@example.org");
    assert_false(unverified.email_verified);
    const unit::TestWorld ports;
    for (const char* rule : {"email=ann@example.org", "claim.unit=a", "group=admins"}) {
        auto rules = std::make_shared<policy::RuleSet>();
        assert_text_equal(rules->add(policy::Action::allow, {rule}, ports.ports()), "");
        world.requirements.rules = {rules};
        const auto decided = renew_by(true, std::nullopt);
        assert_int_equal(decided.email.has_value(), !std::string_view(rule).starts_with("email"));
        assert_int_equal(decided.find_claim("unit") != nullptr, !std::string_view(rule).starts_with("claim"));
        assert_int_equal(decided.groups.has_value(), !std::string_view(rule).starts_with("group"));
        const auto unsaid = renew_by(false, std::nullopt);
        assert_true(unsaid.email && unsaid.find_claim("unit") != nullptr && unsaid.groups);
    }
}

// Which fact a variable tells the rule is not known.
void rf_10_what_a_rule_may_learn_by_a_variable(void**) {
    World world;
    const unit::TestWorld ports;
    auto rules = std::make_shared<policy::RuleSet>();
    assert_text_equal(rules->add(policy::Action::allow, {"if=$one"}, ports.ports()), "");
    world.requirements.rules = {rules};
    assert_true(renew(world, answer())->identity.groups.has_value()); // none does
    world.requirements.needs.add("group");
    assert_false(renew(world, answer())->identity.groups.has_value());
}

// What an API leaves out is not there.
void an_api_tells_all(void**) {
    World world;
    world.options.refresh = 300;
    const auto next = flow::renewed(
        world.site, providers::make_settings(*providers::find_type("github"), "op"), before(), answer());
    assert_false(next->identity.groups.has_value());
    assert_text_equal(*next->identity.acr, "mfa");
}

void groups_that_were_cut_are_cut_again(void**) {
    World world;
    world.options.refresh = 300;
    session::Session former = before();
    former.groups_are_cut = true;
    flow::SignedIn signed_in = answer();
    signed_in.identity.groups = session::Strings{"staff", "admins"};
    const auto next = flow::renewed(world.site, world.settings, former, std::move(signed_in));
    assert_true(next->groups_are_cut);
    assert_int_equal(next->identity.groups->size(), 0); // no rule names any
}

// A moment that has not come would look like a clock that was set back.
void a_check_was_never_in_the_future(void**) {
    World world;
    for (const std::int64_t refresh : {1, 299, 300, 301}) {
        world.options.refresh = refresh;
        const auto next = flow::with_tokens(world.site, before(), answer(), 300);
        assert_int_equal(next.checked_at, unit::start_of_time - (refresh == 301 ? 1 : 0));
    }
}

void tokens_are_kept_where_the_configuration_needs_them(void**) {
    struct Row {
        bool keeps;
        std::int64_t refresh;
        const char* refresh_token;
        const char* kept_access;
        const char* kept_refresh;
    };
    const Row rows[] = {
        {false, 0, "r", "", ""},    {false, 300, "r", "", "r"}, {true, 0, "r", "a", ""},
        {true, 300, "r", "a", "r"}, {false, 300, "", "a", ""}, // with which it is asked
    };
    for (const Row& row : rows) {
        World world;
        world.options.keep_tokens = row.keeps;
        world.options.refresh = row.refresh;
        flow::SignedIn signed_in = answer();
        signed_in.access_token = "a";
        signed_in.expires_in = 60;
        signed_in.refresh_token = row.refresh_token;
        session::Session session;
        flow::keep_tokens(world.options, signed_in, 1000, session);
        assert_text_equal(session.access_token, row.kept_access);
        assert_text_equal(session.refresh_token, row.kept_refresh);
        assert_int_equal(session.access_expires_at, *row.kept_access == '\0' ? 0 : 1060);
    }
}

void the_hint_for_the_sign_out_is_the_newest_where_there_is_one(void**) {
    World world;
    world.options.refresh = 300;
    session::Session former = before();
    flow::SignedIn signed_in = answer();
    signed_in.id_token = "new";
    assert_text_equal(flow::with_tokens(world.site, former, signed_in, 0).id_token, "");
    former.id_token = "old";
    assert_text_equal(flow::with_tokens(world.site, former, signed_in, 0).id_token, "new");
    signed_in.id_token.clear();
    assert_text_equal(flow::with_tokens(world.site, former, signed_in, 0).id_token, "old");
}

void a_check_is_no_use(void**) {
    World world;
    assert_int_equal(renew(world, answer())->used_at, unit::start_of_time - 100);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(rf_01_rf_02_refresh_tokens),
        cmocka_unit_test(rf_09_the_scope_that_was_granted_last),
        cmocka_unit_test(an_access_token_that_goes_nowhere_any_more_is_dropped),
        cmocka_unit_test(rf_06_another_user),
        cmocka_unit_test(rf_08_rf_10_what_stays_and_what_goes),
        cmocka_unit_test(rf_10_addresses_and_claims),
        cmocka_unit_test(rf_10_what_a_rule_may_learn_by_a_variable),
        cmocka_unit_test(an_api_tells_all),
        cmocka_unit_test(groups_that_were_cut_are_cut_again),
        cmocka_unit_test(a_check_was_never_in_the_future),
        cmocka_unit_test(tokens_are_kept_where_the_configuration_needs_them),
        cmocka_unit_test(the_hint_for_the_sign_out_is_the_newest_where_there_is_one),
        cmocka_unit_test(a_check_is_no_use),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
