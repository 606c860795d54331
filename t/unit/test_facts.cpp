// SPDX-License-Identifier: MIT
// The table of facts: its order is the format of records that are in people's cookies, and what a variable
// shows comes out of it.

#include "../../src/session/facts.hpp"

#include "../../src/policy/policy.hpp"

#include <set>

#include "unit.hpp"

using namespace oauth;
using session::Fact;
using session::FactSet;
using session::Identity;
using session::Strings;

namespace {

// A record that is older than a new row has no bit for it. One in the middle would give the bits behind it
// other meanings: then the record needs another version.
void new_rows_are_behind_the_others(void**) {
    const std::string_view order[] = {"provider", "sub",  "user",   "email",         "name",  "picture",
                                      "hd",       "acr",  "amr",    "scope",         "group", "role",
                                      "org",      "team", "tenant", "email_verified"};
    for (std::size_t i = 0; i < std::size(order); ++i) {
        assert_text_equal(session::facts[i].name, order[i]);
    }
}

void each_row_is_found_by_its_name(void**) {
    std::set<std::string_view> names;
    for (const session::FactRow& row : session::facts) {
        assert_true(names.insert(row.name).second);
        assert_true(&Fact::of(row).row() == &row);
    }
    assert_text_equal(Fact("group").row().name, "group");
    FactSet set = {"hd", "group"};
    assert_true(set.has("hd") && set.has("group") && !set.has("email"));
    set.merge({"email"});
    assert_true(set.has("email") && !set.empty());
}

Identity somebody() {
    Identity identity;
    identity.provider = "corp";
    identity.subject = "1";
    identity.user = "alice";
    return identity;
}

std::string shown(const Identity& identity, Fact fact) {
    return session::shown_text(identity, fact.row());
}

void facts_read_as_text(void**) {
    Identity identity = somebody();
    assert_text_equal(shown(identity, "provider"), "corp");
    assert_text_equal(shown(identity, "sub"), "1");
    assert_text_equal(shown(identity, "user"), "alice");
    for (const Fact fact : {Fact("email"), Fact("email_verified"), Fact("name"), Fact("group")}) {
        assert_text_equal(shown(identity, fact), "");
    }
    identity.email_verified = true; // of no address
    assert_text_equal(shown(identity, "email_verified"), "");
    identity.email = "alice@example.org";
    assert_text_equal(shown(identity, "email_verified"), "1");
    identity.email_verified = false;
    assert_text_equal(shown(identity, "email_verified"), "0");
    identity.name = "Alice";
    assert_text_equal(shown(identity, "name"), "Alice");
    identity.groups = Strings{};
    assert_text_equal(shown(identity, "group"), "");
    identity.groups = Strings{"staff", "Research, Berlin", "admins"}; // one could pass for two
    assert_text_equal(shown(identity, "group"), "staff,admins");
}

void what_is_asked_of_a_provider(void**) {
    policy::Needs needs;
    for (const Fact fact : {Fact("provider"), Fact("sub"), Fact("user")}) {
        needs.add(fact);
    }
    assert_true(needs.facts.empty());
    needs.add("email_verified");
    assert_true(needs.facts == FactSet{"email"});
    needs.add("role");
    assert_true((needs.facts == FactSet{"email", "role"}));
}

void what_rules_compare_says_what_it_needs(void**) {
    for (const session::FactRow& row : session::facts) {
        const bool is_asked = row.in_rules == session::InRules::condition && !session::is_always_known(row);
        assert_true(!is_asked || !row.asked_as.empty());
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(new_rows_are_behind_the_others),
        cmocka_unit_test(each_row_is_found_by_its_name),
        cmocka_unit_test(facts_read_as_text),
        cmocka_unit_test(what_is_asked_of_a_provider),
        cmocka_unit_test(what_rules_compare_says_what_it_needs),
    };
    return cmocka_run_group_tests_name("facts", tests, nullptr, nullptr);
}
