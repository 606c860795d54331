// SPDX-License-Identifier: MIT
// Rules that earlier ones make unreachable across names: by the domain of an address, the organisation of a
// team, inside policies, value by value, and by the one provider that tells a fact. And rules that look like
// it and can be reached, which must not be refused. test_policy_property.cpp tries the same at random.

#include "policy_sessions.hpp"

#include "unit.hpp"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <limits>

using namespace oauth;
using policy::RuleSet;
using policy::Source;

namespace {

using Lines = std::vector<std::string>;

// What is said of the last line.
std::string said(const Lines& lines) {
    unit::TestWorld world;
    world.policies["people"] =
        unit::make_set(world, {"deny email=x@example.org", "allow domain=example.org"});
    world.policies["two"] =
        unit::make_set(world, {"allow email=a@example.org", "allow team=acme/a org=acme"});
    RuleSet set;
    for (std::size_t i = 0; i + 1 < lines.size(); ++i) {
        assert_text_equal(world.add(set, lines[i]), "");
    }
    return world.add(set, lines.back());
}

void assert_unreachable(const Lines& lines) {
    const std::string text = said(lines);
    if (!text.starts_with("can never be reached: ")) {
        fail_msg("%s after %s: \"%s\"", lines.back().c_str(), lines.front().c_str(), text.c_str());
    }
}

void assert_reachable(const Lines& lines) {
    const std::string text = said(lines);
    if (!text.empty()) {
        fail_msg("%s after %s: \"%s\"", lines.back().c_str(), lines.front().c_str(), text.c_str());
    }
}

void by_the_domain_of_an_address(void**) {
    assert_text_equal(said({"allow domain=example.org", "deny email=m@example.org"}),
                      "can never be reached: \"oauth_allow domain=example.org\" before it decides for every "
                      "session it matches");
    assert_unreachable({"allow domain=*.example.org", "deny email=a@x.example.org,b@y.example.org"});
    assert_unreachable({"allow domain=example.org", "deny email=*@Example.org group=a"});
    assert_unreachable({"allow domain=*.org", "deny email=a*@*.example.org"});
    assert_unreachable({"allow email=*@example.org", "deny domain=example.org"});
    assert_unreachable({"allow email=*", "deny domain=example.org"});
    assert_unreachable({"allow domain=*", "deny email~^a"});
    assert_unreachable({"allow domain!=example.com", "deny email=a@example.org"});
    assert_unreachable({"allow email!=a@example.com", "deny domain=example.org"});
    assert_unreachable({"allow domain!=example.org", "deny email!=*@example.org"});
    assert_unreachable({"allow domain~example", "deny email=a@example"});
    assert_reachable({"allow domain=example.org", "deny email=m@example.com"});
    assert_reachable({"allow domain=example.org", "deny email=m@example.org,m@example.com"});
    assert_reachable({"allow domain=example.org", "deny email=*example.org"});
    assert_reachable({"allow email=a@example.org", "deny domain=example.org"});
    assert_reachable({"allow domain=example.org group=a", "deny email=m@example.org"});
    assert_reachable({"allow domain!=example.org", "deny email!=m@example.org"});
    assert_reachable({"allow domain=example.org", "deny hd=example.org"});
    assert_reachable({"allow domain=*", "deny group!=a"});
}

void by_the_organisation_of_a_team(void**) {
    assert_unreachable({"allow org=acme", "deny team=acme/platform"});
    assert_unreachable({"allow org=acme,other", "deny team=acme/*,other/x"});
    assert_unreachable({"allow org=a*", "deny team=acme/platform if=$one"});
    assert_reachable({"allow org=acme", "deny team=other/platform"});
    assert_reachable({"allow org=acme", "deny team=acme*"});
    assert_reachable({"allow team=acme/*", "deny org=acme"});
    assert_reachable({"allow org!=acme", "deny team!=acme/platform"});
    assert_reachable({"allow org!=other", "deny team=acme/platform"});
}

void by_one_value_of_a_fact(void**) {
    assert_unreachable({"allow user!=bob", "deny user=alice"});
    assert_unreachable({"allow user=*", "deny user!=bob"});
    assert_unreachable({"allow group=*", "deny group~^a"});
    assert_unreachable({"allow group=a-*", "deny group=a-b-*"});
    assert_unreachable({"allow user~^a", "deny user=alice,anna"});
    assert_unreachable({"allow group=a", "allow group=b", "deny group=a,b"});
    assert_unreachable(
        {"allow domain=example.org", "deny group=x", "deny email=a@example.org,b@example.org"});
    assert_reachable({"allow group!=b", "deny group=a"});
    assert_reachable({"allow group=*", "deny group!=a"});
    assert_reachable({"allow claim.c=*", "deny claim.c!=a"});
    assert_reachable({"allow group=a", "allow group=b role=x", "deny group=a,b"});
    assert_reachable({"allow group=a-b*", "deny group=a-*"});
    assert_reachable({"allow user~^a", "deny user=alice,bob"});
}

void through_policies(void**) {
    assert_unreachable({"allow domain=example.org", "deny policy=people"});
    assert_unreachable({"allow policy=people", "deny email=m@example.org"});
    assert_unreachable({"allow org=acme", "allow domain=example.org", "deny policy=two org=acme"});
    assert_unreachable({"allow policy=two", "deny email=a@example.org group=x"});
    assert_reachable({"allow policy=people", "deny email=x@example.org"});
    assert_reachable({"allow policy=people", "deny domain=example.org"});
    assert_reachable({"allow domain=example.org", "deny policy=two"});
    assert_reachable({"allow email=a@example.org", "deny policy=two"});
}

void by_conditions_that_exclude_each_other(void**) {
    const unit::TestWorld world;
    for (const char* line :
         {"allow email=a@example.org domain!=example.org", "allow email=*@example.org domain=example.com",
          "allow domain=example.org email!=*@example.org", "allow team=acme/x org!=acme",
          "allow user=alice user~^b"}) {
        RuleSet set;
        const std::string text = world.add(set, line);
        if (!text.ends_with("can never both hold")) {
            fail_msg("%s: \"%s\"", line, text.c_str());
        }
    }
    for (const char* line : {"allow email=*example.org domain=example.com", "allow team=acme* org!=acme",
                             "allow group=a group!=b", "allow user=alice user~^a"}) {
        RuleSet set;
        assert_text_equal(world.add(set, line), "");
    }
}

const Source github = {"github", {"email", "name", "scope", "org", "team"}};
const Source google = {"google", {"email", "name", "scope", "hd"}};

std::string said_of(const Lines& lines, const std::vector<Source>& sources) {
    const auto set = unit::make_set({}, lines);
    return set->find_impossible(set->size() - 1, sources);
}

void by_the_provider_that_tells(void**) {
    assert_text_equal(said_of({"allow provider=github", "deny org=acme"}, {github, google}),
                      "can never be reached: only sessions of github can match it, and \"oauth_allow "
                      "provider=github\" before it decides for every session it matches");
    for (const Lines& lines : {Lines{"allow provider=google", "deny hd=example.org"},
                               Lines{"allow provider!=github", "deny hd=example.org"},
                               Lines{"allow provider=github email=*",
                                     "allow provider=google domain=example.org", "deny email=a@example.org"},
                               Lines{"allow provider=g*", "deny user=bob"}}) {
        if (!said_of(lines, {github, google}).starts_with("can never be reached: only sessions of ")) {
            fail_msg("%s", lines.back().c_str());
        }
    }
    for (const Lines& lines : {Lines{"allow provider=github", "deny hd=example.org"},
                               Lines{"allow provider=github", "deny user=bob"},
                               Lines{"allow provider=github org=acme", "deny team=other/x"},
                               Lines{"allow provider=google", "deny claim.org=acme"}}) {
        assert_text_equal(said_of(lines, {github, google}), "");
    }
}

// The processor's seconds for reading two lists of which the second has all of the first and one more: the
// best of a few rounds, since a machine that does other things takes longer.
double seconds_of_two_lists(int size, const std::string& topic) {
    unit::TestWorld world;
    std::string& list = world.files["a"];
    for (int i = 0; i < size; ++i) {
        list += "person." + std::to_string(i) + "@example.org\n";
    }
    world.files["b"] = list + "zoe@example.org\n";
    double best = std::numeric_limits<double>::max();
    for (int round = 0; round < 5; ++round) {
        const std::clock_t begin = std::clock();
        RuleSet set;
        assert_text_equal(world.add(set, "allow " + topic + "@a"), "");
        assert_text_equal(world.add(set, "allow " + topic + "@b"), "");
        best = std::min(best, static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC);
    }
    return best;
}

void two_long_lists_take_time_in_proportion(void**) {
    for (const char* topic : {"email", "user"}) {
        const double small = std::max(seconds_of_two_lists(1000, topic), 0.001);
        const double large = seconds_of_two_lists(8000, topic);
        if (large > 30 * small) { // in the square of the size it would be 64 times
            fail_msg("%s: %g s, %g s", topic, small, large);
        }
        assert_true(large < 1);
    }
    // And what a long list hides is found all the same.
    unit::TestWorld world;
    for (int i = 0; i < 8000; ++i) {
        world.files["a"] += std::to_string(i) + "@example.org\n";
    }
    RuleSet set;
    assert_text_equal(world.add(set, "allow email@a"), "");
    assert_true(world.add(set, "deny email@a").starts_with("can never be reached"));
    assert_true(
        world.add(set, "deny email=7@example.org,77@example.org").starts_with("can never be reached"));
}

void many_rules_have_one_budget(void**) {
    const unit::TestWorld world;
    const policy::ParserPorts ports = world.ports();
    const auto begin = std::chrono::steady_clock::now();
    for (int holder = 0; holder < 3; ++holder) {
        RuleSet set;
        for (int i = 0; i < 3000; ++i) {
            const std::string number = std::to_string(i);
            const std::string group = "group=g" + std::to_string(i % 50);
            assert_text_equal(
                set.add(policy::Action::allow, {"email=p" + number + "@example.org", group}, ports), "");
        }
        for (std::size_t i = 0; i < set.size(); ++i) {
            assert_text_equal(set.find_impossible(i, {{"google", {"email", "group"}}}), "");
        }
    }
    assert_true(ports.effort->spent > 1000000);
    assert_true(ports.effort->spent <= 10000000);
    // Without a bound these are 80 million looks.
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    print_message("%g s\n", seconds);
    assert_true(seconds < 30);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(by_the_domain_of_an_address),
        cmocka_unit_test(by_the_organisation_of_a_team),
        cmocka_unit_test(by_one_value_of_a_fact),
        cmocka_unit_test(through_policies),
        cmocka_unit_test(by_conditions_that_exclude_each_other),
        cmocka_unit_test(by_the_provider_that_tells),
        cmocka_unit_test(two_long_lists_take_time_in_proportion),
        cmocka_unit_test(many_rules_have_one_budget),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
