// SPDX-License-Identifier: MIT
// Rules that can match no session of the providers that sign people in where they are used: found, said with
// what each provider tells instead, and nothing said of rules that may match.

#include "policy_sessions.hpp"

#include "unit.hpp"

using namespace oauth;
using policy::RuleSet;
using policy::Source;

namespace {

void assert_has(const std::string& text, std::string_view part) {
    if (text.find(part) == std::string::npos) {
        fail_msg("\"%s\" is not in \"%.2000s\"", std::string(part).c_str(), text.c_str());
    }
}

const Source github = {"github", {"email", "name", "scope", "org", "team"}};
const Source google = {"google", {"email", "name", "scope", "hd"}};
const Source corp = {"corp", {"email", "name", "scope", "group", "role", "acr"}};

using Lines = std::vector<std::string>;

std::shared_ptr<RuleSet> rules(const unit::TestWorld& world, const Lines& lines) {
    auto set = std::make_shared<RuleSet>();
    for (const std::string& line : lines) {
        assert_text_equal(world.add(*set, line), "");
    }
    return set;
}

// What is said of the last rule.
std::string said(const unit::TestWorld& world, const Lines& lines, const std::vector<Source>& sources) {
    const auto set = rules(world, lines);
    return set->find_impossible(set->size() - 1, sources);
}

std::string said(const std::string& line, const std::vector<Source>& sources) {
    return said({}, {line}, sources);
}

void what_no_provider_tells(void**) {
    assert_text_equal(said("allow group=staff", {github}),
                      "\"group=staff\": no provider that is offered here tells groups; github tells: email, "
                      "domain, name, scope, org, team");
    assert_text_equal(said("deny org!=acme", {google, corp}),
                      "\"org!=acme\": no provider that is offered here tells organisations; google tells: "
                      "email, domain, name, hd, scope; corp tells: email, domain, name, acr, scope, group, "
                      "role");
    for (const char* line : {"allow hd=a", "allow role=a", "allow tenant=a", "allow acr=a", "allow amr=a",
                             "allow group~a", "allow email=a@example.org tenant!=a"}) {
        assert_has(said(line, {github}), "no provider that is offered here tells ");
    }
    assert_has(said("allow domain=example.org", {{"x", {"name"}}}), "a verified e-mail address");
}

void what_somebody_tells(void**) {
    for (const char* line :
         {"allow any", "allow sub=1", "allow user=a", "allow provider=github", "allow org=a team=a/b",
          "allow claim.group=a", "allow if=$one", "allow claim.x!=a org=a", "deny domain=example.org"}) {
        assert_text_equal(said(line, {github}), "");
    }
    assert_text_equal(said("allow group=a", {github, corp}), "");
    assert_text_equal(said("allow provider=corp group=a", {github, corp}), "");
}

void a_rule_for_one_provider(void**) {
    assert_text_equal(said("allow provider=github group=x", {github, corp}),
                      "\"group=x\": no provider that this rule is for tells groups; github tells: email, "
                      "domain, name, scope, org, team");
    for (const char* line : {"allow group=x provider!=corp", "allow provider~g.* group=x",
                             "allow provider=g* role=x", "deny provider=google,github acr=1"}) {
        assert_has(said(line, {github, google, corp}), "no provider that this rule is for tells");
    }
    assert_text_equal(said("allow provider=google", {github, corp}),
                      "\"provider=google\": none of the providers that are offered here: github, corp");
    assert_has(said("allow hd=a org=b", {github, google}),
               "no provider that is offered here tells all that this rule asks for; github tells");
}

void through_policies(void**) {
    unit::TestWorld world;
    world.policies["staff"] =
        rules(world, {"deny sub=1", "allow provider=google hd=a", "allow provider=github org=a"});
    world.policies["groups"] = rules(world, {"allow group=a", "allow role=b"});
    world.policies["barred"] = rules(world, {"deny provider=github", "allow email=a@example.org"});
    world.policies["outer"] = rules(world, {"allow policy=groups"});
    assert_text_equal(said(world, {"allow policy=staff"}, {github}), "");
    assert_text_equal(said(world, {"allow policy=groups"}, {github, corp}), "");
    assert_text_equal(
        said(world, {"allow policy=groups"}, {github, google}),
        "\"policy=groups\": allows nobody of the providers that are offered here: github, google");
    assert_has(said(world, {"deny policy=outer"}, {github}), "allows nobody");
    assert_has(said(world, {"allow policy=barred"}, {github}), "allows nobody");
    assert_text_equal(said(world, {"allow policy=barred"}, {google}), "");
    assert_text_equal(
        said(world, {"allow policy=staff group=a"}, {github, corp}),
        "no provider that is offered here tells all that this rule asks for; github tells: email, "
        "domain, name, scope, org, team; corp tells: email, domain, name, acr, scope, group, role");

    const auto set = rules(world, {"allow sub=1 policy=outer", "allow policy=staff"});
    std::set<const RuleSet*> asked;
    set->collect_policies(asked);
    assert_true(
        (asked == std::set<const RuleSet*>{world.policies["outer"].get(), world.policies["groups"].get(),
                                           world.policies["staff"].get()}));
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(what_no_provider_tells),
        cmocka_unit_test(what_somebody_tells),
        cmocka_unit_test(a_rule_for_one_provider),
        cmocka_unit_test(through_policies),
    };
    return cmocka_run_group_tests_name("policy_sources", tests, nullptr, nullptr);
}
