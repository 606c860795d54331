// SPDX-License-Identifier: MIT
// The parts that rules are made of: what a set needs and how it is shown, where patterns are anchored (UB-04,
// ID-16), how values are split, and how claims are read (ID-02, ID-11).

#include "../../src/policy/policy.hpp"
#include "../../src/policy/anchor.hpp"
#include "../../src/policy/claim.hpp"
#include "../../src/policy/values.hpp"

#include "policy_sessions.hpp"

using namespace oauth;
using namespace oauth::unit;
using policy::Action;

namespace {

TestWorld world_with_staff() {
    TestWorld world;
    world.policies["staff"] = make_set(world, {"allow group=staff"});
    return world;
}

void rules_keep_their_text(void**) {
    const unit::TestWorld world;
    RuleSet set;
    assert_text_equal(world.add(set, "deny email=mallory@example.org"), "");
    assert_text_equal(set.add(Action::allow, {"name=Ann Lee", "group=a"}, world.ports()), "");
    assert_text_equal(set.text(0), "oauth_deny email=mallory@example.org");
    assert_text_equal(set.text(1), "oauth_allow \"name=Ann Lee\" group=a");
    assert_text_equal(set.text(2), "");
    assert_text_equal(set.text(-1), "");
}

void a_set_needs_what_its_rules_use(void**) {
    auto world = world_with_staff();
    using policy::Needs;
    const std::pair<const char*, session::FactSet> single[] = {
        {"allow email=a@example.org", {"email"}},
        {"allow domain=example.org", {"email"}},
        {"allow name=a", {"name"}},
        {"allow hd=a", {"hd"}},
        {"allow org=a", {"org"}},
        {"allow team=a/b", {"team"}},
        {"allow group=a", {"group"}},
        {"allow role=a", {"role"}},
        {"allow tenant=a", {"tenant"}},
        {"allow acr=a", {"acr"}},
        {"allow amr=a", {"amr"}},
        {"allow scope=a", {"scope"}},
    };
    for (const auto& [line, facts] : single) {
        const Needs needs = make_set(world, {line})->needs();
        assert_true(needs.facts == facts);
        assert_true(needs.claims.empty());
    }
    const Needs none = make_set(world, {"allow provider=a sub=b user=c if=$one"})->needs();
    assert_true(none.facts.empty());
    const auto nested = make_set(world, {"deny claim.a.b=1", "allow policy=staff claim./c~1d!=2"});
    assert_true(nested->needs().has("group"));
    assert_true(nested->needs().claims == (std::set<std::string>{"a.b", "/c~1d"}));
}

void request_conditions_are_told(void**) {
    auto world = world_with_staff();
    world.policies["cond"] = make_set(world, {"allow if=$one"});
    assert_false(make_set(world, {"allow group=a"})->depends_on_request());
    assert_true(make_set(world, {"allow group=a", "deny if=$one"})->depends_on_request());
    assert_true(make_set(world, {"allow policy=cond group=a"})->depends_on_request());
}

// UB-04, ID-16
void patterns_are_anchored(void**) {
    const std::pair<const char*, const char*> patterns[] = {
        {"a|b", "^(?:a|b)(?![\\s\\S])"},     {"^a|b", "^(?:^a|b)"},
        {"a|b$", "(?:a|b$)(?![\\s\\S])"},    {"^a$", "^(?:^a$)(?![\\s\\S])"},
        {"a\\$", "^(?:a\\$)(?![\\s\\S])"},   {"a\\\\$", "(?:a\\\\$)(?![\\s\\S])"},
        {"(?i)^a", "^(?:(?i)^a)"},           {"\\Aa", "^(?:\\Aa)"},
        {"a\\z", "(?:a\\z)(?![\\s\\S])"},    {"a\\\\z", "^(?:a\\\\z)(?![\\s\\S])"},
        {"(?:a)", "^(?:(?:a))(?![\\s\\S])"}, {"z", "^(?:z)(?![\\s\\S])"},
    };
    for (const auto& [regex, expected] : patterns) {
        assert_text_equal(policy::anchored_pattern(regex), expected);
    }
}

void values_are_split_and_unescaped(void**) {
    const auto texts = [](std::string_view list) {
        std::string joined;
        for (const auto& value : policy::split_values(list)) {
            joined += "[" + value.text() + (value.is_literal() ? "]" : ">");
        }
        return joined;
    };
    assert_text_equal(texts("a,b"), "[a][b]");
    assert_text_equal(texts("a\\,b,c"), "[a,b][c]");
    assert_text_equal(texts("a\\*b,a*b,a**b"), "[a*b][a*b>[a*b>");
    assert_text_equal(texts("a\\\\,b\\c\\"), "[a\\][b\\c\\]");
    assert_text_equal(texts(""), "[]");
    assert_text_equal(texts(",*"), "[][*>");
}

std::string scalars(std::string_view json) {
    policy::ClaimReader reader(json);
    std::string text;
    for (std::string_view scalar; reader.next(scalar);) {
        text += std::string(scalar) + ";";
    }
    return !reader.complete() ? "no" : text + (reader.has_others() ? "others" : "");
}

// ID-11, ID-02
void claims_are_read_as_scalars(void**) {
    const std::pair<const char*, const char*> claims[] = {
        {"\"a\"", "a;"},
        {"\"\"", ";"},
        {"12", "12;"},
        {"-1.50e3", "-1.50e3;"},
        {"true", "true;"},
        {" false ", "false;"},
        {"[]", ""},
        {"[ ]", ""},
        {"[\"a\", 1 ,true]", "a;1;true;"},
        {"\"a\\u0062\\\"\"", "ab\";"},
        {"\"a,]\"", "a,];"},
        {"[\"a\",{\"b\":[\"]\",\"c\"]},null,[1],\"d\"]", "a;d;others"},
        {"[\"a\",null]", "a;"},
        {"[null, null ,1]", "1;"},
        {"[null]", ""},
        {"[null,{}]", "others"},
        {"[nul]", "no"},
        {"null", "no"},
        {"{}", "no"},
        {"{\"a\":1}", "no"},
        {"", "no"},
        {"[", "no"},
        {"[1", "no"},
        {"[1,", "no"},
        {"[1,]", "no"},
        {"[,1]", "no"},
        {"[1 2]", "no"},
        {"[1]]", "no"},
        {"[1]x", "no"},
        {"1 2", "no"},
        {"\"a", "no"},
        {"\"a\\", "no"},
        {"\"\\u0000\"", "no"},
        {"\"\\ud800\"", "no"},
        {"nul", "no"},
        {"abc", "no"},
        {"[{]", "no"},
        {"[[\"]", "no"},
        {"]", "no"},
        {"1,2", "no"},
        {"1]", "no"},
    };
    for (const auto& [json, expected] : claims) {
        assert_text_equal(scalars(json), expected);
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(rules_keep_their_text),          cmocka_unit_test(a_set_needs_what_its_rules_use),
        cmocka_unit_test(request_conditions_are_told),    cmocka_unit_test(patterns_are_anchored),
        cmocka_unit_test(values_are_split_and_unescaped), cmocka_unit_test(claims_are_read_as_scalars),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
