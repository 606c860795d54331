// SPDX-License-Identifier: MIT
// Which scopes rules name, and which a refused client lacks: MCP-17, MCP-19, BR-03.
#include "policy_sessions.hpp"

namespace {

using namespace oauth;
using namespace oauth::unit;

using List = std::vector<std::string>;

List first(const List& lines, const TestWorld& world = {}) {
    return make_set(world, lines)->first_scopes();
}

List all(const List& lines, const TestWorld& world = {}) {
    return make_set(world, lines)->all_scopes();
}

List lacking(const Identity& identity, const List& lines, const TestWorld& world = {}) {
    const auto set = make_set(world, lines);
    assert_false(set->evaluate(identity, world.facts).allowed);
    return set->lacking_scopes(identity, world.facts);
}

Identity with_scopes(const Strings& scopes) {
    Identity identity = with_email("ann@example.org");
    identity.groups = Strings{"staff"};
    identity.scopes = scopes;
    return identity;
}

void mcp_19_what_a_client_cannot_ask_for_is_not_announced(void**) {
    TestWorld world;
    world.files["/list"] = "from-file\n";
    const List lines = {"allow scope!=a",   "allow scope~^b", "allow scope=c*,d",
                        "allow scope=e*",   "allow group=d",  "allow scope=offline_access",
                        "allow scope@/list"};
    assert_true(first(lines, world).empty());
    assert_true(all(lines, world).empty());
    assert_true(first({"deny scope=a", "allow any"}).empty());
    assert_true(all({"deny scope=a", "allow any"}).empty());
}

void mcp_19_the_first_rule_that_names_some(void**) {
    const List lines = {"allow group=d", "allow scope=offline_access", "deny scope=bad",
                        "allow scope=a,offline_access,b scope=c group=e scope=a", "allow scope=f group=g"};
    assert_true(first(lines) == List({"a", "b", "c"}));
    assert_true(all(lines) == List({"a", "b", "c", "f"}));
    assert_true(all({"allow scope=a group=x", "allow scope=b group=y", "allow scope=a group=z"}) ==
                List({"a", "b"}));
}

void mcp_19_those_of_policies(void**) {
    TestWorld world;
    world.policies["inner"] = make_set(world, {"allow scope=i", "allow scope=j"});
    world.policies["outer"] = make_set(world, {"allow policy=inner group=x", "allow scope=o"});
    const List lines = {"allow policy=outer scope=z", "allow scope=last"};
    assert_true(first(lines, world) == List({"i", "z"}));
    assert_true(all(lines, world) == List({"i", "z", "j", "o", "last"}));
}

void mcp_17_scopes_alone_are_lacking(void**) {
    const Identity ann = with_scopes({"a"});
    assert_true(lacking(ann, {"allow scope=b"}) == List({"b"}));
    // All of the rule, with those that it has: a client asks for what it needs, not for more.
    assert_true(lacking(ann, {"allow scope=a scope=b"}) == List({"a", "b"}));
    // The first that would let it in, and no other
    assert_true(lacking(ann, {"allow scope=b group=admins", "allow scope=c", "allow scope=d"}) ==
                List({"c"}));
    Identity without_any = ann; // nothing is known of its scopes
    without_any.scopes.reset();
    assert_true(lacking(without_any, {"allow scope=b"}) == List({"b"}));
}

void mcp_17_where_more_scopes_do_not_help(void**) {
    const Identity ann = with_scopes({"a"});
    assert_true(lacking(ann, {"allow scope=b group=admins"}).empty());
    assert_true(lacking(ann, {"allow group=admins"}).empty());
    assert_true(lacking(ann, {"allow scope~^b group=staff"}).empty());
    assert_true(lacking(ann, {"allow scope=b*"}).empty());
    assert_true(lacking(ann, {"allow scope!=a"}).empty());
    assert_true(lacking(ann, {"allow scope=b scope!=a"}).empty());
    // offline_access is nothing of a resource
    assert_true(lacking(ann, {"allow scope=offline_access"}).empty());
    assert_true(lacking(ann, {"allow scope=offline_access scope=b", "allow scope=c"}) == List({"c"}));
    // what a fact is not known of
    assert_true(lacking(ann, {"allow scope=b role=x"}).empty());
    assert_true(lacking(ann, {"allow scope=b role!=x"}).empty());
}

void mcp_17_who_is_denied_is_not_let_in_by_scopes(void**) {
    const Identity ann = with_scopes({"a"});
    assert_true(lacking(ann, {"deny group=staff", "allow scope=b"}).empty());
    assert_true(lacking(ann, {"deny scope=a", "allow scope=b"}).empty());
    assert_true(lacking(ann, {"deny email~LIMIT.*x", "allow scope=b"}).empty()); // nobody knows
    assert_true(lacking(ann, {"deny group=admins", "allow scope=b"}) == List({"b"}));
    assert_true(lacking(ann, {"allow scope=b", "deny group=staff"}) == List({"b"})); // after it
}

void mcp_17_a_doubtful_rule_is_none(void**) {
    const Identity ann = with_scopes({"a"});
    assert_true(lacking(ann, {"allow scope=b email~LIMIT.*x"}).empty());
    assert_true(lacking(ann, {"allow scope=b email~LIMIT.*x", "allow scope=c"}) == List({"c"}));
    assert_true(lacking(ann, {"allow scope=b email~LIMIT.*x group=admins"}).empty());
}

void mcp_17_of_the_request(void**) {
    const Identity ann = with_scopes({"a"});
    TestWorld world;
    assert_true(lacking(ann, {"allow scope=b if=$one"}, world).empty());
    world.facts.true_variables = {1};
    assert_true(lacking(ann, {"allow scope=b if=$one"}, world) == List({"b"}));
}

void mcp_17_through_policies(void**) {
    const Identity ann = with_scopes({"a"});
    TestWorld world;
    world.policies["p"] = make_set(world, {"allow scope=b group=admins", "allow scope=c"});
    world.policies["closed"] = make_set(world, {"deny group=staff", "allow scope=c"});
    world.policies["open"] = make_set(world, {"allow scope=x group=admins", "allow scope=a"});
    assert_true(lacking(ann, {"allow policy=p"}, world) == List({"c"})); // not of the rule for others
    assert_true(lacking(ann, {"allow policy=closed", "allow scope=d"}, world) == List({"d"}));
    assert_true(lacking(ann, {"allow policy=closed"}, world).empty());
    assert_true(lacking(ann, {"allow policy=p group=admins"}, world).empty());
    // One that it meets already needs the scopes that it meets it with, if any.
    world.policies["either"] = make_set(world, {"allow scope=x", "allow group=staff"});
    assert_true(lacking(ann, {"allow policy=either scope=d"}, world) == List({"d"}));
    assert_true(lacking(ann, {"allow policy=open scope=d"}, world) == List({"a", "d"}));
}

// What is lacking is enough: with it, the client is let in.
void mcp_17_a_client_that_comes_back_with_them_is_let_in(void**) {
    TestWorld world;
    world.policies["inner"] = make_set(world, {"allow scope=i group=admins", "allow scope=j"});
    world.policies["outer"] = make_set(world, {"allow policy=inner scope=k", "allow scope=o"});
    for (const List& lines :
         {List{"allow scope=b"}, List{"allow scope=a scope=b"}, List{"allow policy=inner"},
          List{"allow policy=outer scope=m"}, List{"allow policy=inner policy=outer"}}) {
        const auto set = make_set(world, lines);
        const auto scopes = lacking(with_scopes({"a"}), lines, world);
        assert_false(scopes.empty());
        Strings granted(scopes.begin(), scopes.end());
        assert_true(set->evaluate(with_scopes(granted), world.facts).allowed);
    }
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(mcp_19_what_a_client_cannot_ask_for_is_not_announced),
        cmocka_unit_test(mcp_19_the_first_rule_that_names_some),
        cmocka_unit_test(mcp_19_those_of_policies),
        cmocka_unit_test(mcp_17_scopes_alone_are_lacking),
        cmocka_unit_test(mcp_17_where_more_scopes_do_not_help),
        cmocka_unit_test(mcp_17_who_is_denied_is_not_let_in_by_scopes),
        cmocka_unit_test(mcp_17_a_doubtful_rule_is_none),
        cmocka_unit_test(mcp_17_of_the_request),
        cmocka_unit_test(mcp_17_through_policies),
        cmocka_unit_test(mcp_17_a_client_that_comes_back_with_them_is_let_in),
    };
    return cmocka_run_group_tests_name("policy_scopes", tests, nullptr, nullptr);
}
