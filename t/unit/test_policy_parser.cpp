// SPDX-License-Identifier: MIT
// What nginx -t says of rules: each mistake is found where it stands, and the sentence names what was found
// and what to write. UB-14.

#include "../../src/policy/policy.hpp"

#include "policy_sessions.hpp"

using namespace oauth;
using policy::Action;
using namespace oauth::unit;

namespace {

unit::TestWorld make_world() {
    unit::TestWorld world;
    world.files = {{"ok", "# people\nalice@example.org\n\n  bob@example.org\t# the other one\r\n"},
                   {"empty", "# nobody\n\n"},
                   {"bad", "alice@example.org\nbob\n"},
                   {"star", "*@example.org\n"},
                   {"control", "a\x01\n"},
                   {"bom", "\xef\xbb\xbfteam-a\n"},
                   {"latin1", "caf\xe9\n"},
                   {"huge", std::string(4 * 1024 * 1024 + 1, '#')}};
    world.policies["staff"] = make_set(world, {"allow group=staff"});
    return world;
}

void well_formed_rules_are_accepted(void**) {
    const auto world = make_world();
    for (const char* line : {"allow any",
                             "deny any",
                             "allow provider=google hd=example.org",
                             "allow sub=1,2,3",
                             "allow user!=root",
                             "allow email=alice@example.org",
                             "allow email=*@example.org",
                             "allow email=alice*",
                             "allow email=o'brien@example.org",
                             "allow email@ok",
                             "allow email~@example\\.org$",
                             "allow domain=example.org,*.example.org",
                             "allow domain=*",
                             "allow domain=xn--bcher-kva.example",
                             "allow name~^A",
                             "allow org=acme team=acme/platform,acme/security",
                             "allow team=acme/*",
                             "allow team=group/sub/team",
                             "allow group!=guests group=staff",
                             "allow role=owner",
                             "allow tenant=72f988bf-86f1-41af-91ab-2d7cd011db47",
                             "allow acr=urn:mfa amr=otp",
                             "allow scope=read:org",
                             "allow claim.realm_access.roles=admin",
                             "allow claim./https:~1~1example.org~1roles=admin",
                             "allow claim.https://example.org/roles=admin",
                             "allow claim.level!=0",
                             "allow policy=staff",
                             "allow if=$one",
                             "allow group@bom",
                             "allow group=a\\,b",
                             "allow group=CORP\\admins",
                             "allow group=#1",
                             "allow group=a=b~c@d",
                             "allow group=a group=b",
                             "allow claim.x=a claim.x=b"}) {
        RuleSet set;
        assert_text_equal(world.add(set, line), "");
        assert_int_equal(set.size(), 1);
        assert_false(set.empty());
    }
}

struct Refused {
    const char* line;
    const char* message; // a part of it
};

void assert_refused(const unit::TestWorld& world, const Refused& expected) {
    RuleSet set;
    const std::string error = world.add(set, expected.line);
    if (error.find(expected.message) == std::string::npos) {
        fail_msg("%s: \"%s\" lacks \"%s\"", expected.line, error.c_str(), expected.message);
    }
    assert_true(set.empty());
}

void mistakes_are_named(void**) {
    const auto world = make_world();
    const Refused mistakes[] = {
        {"allow", "has no rule, accepted: any, or conditions"},
        {"allow gruop=admins",
         "unknown condition \"gruop\", did you mean \"group\"? Accepted: provider, sub,"},
        {"allow groups=admins", "did you mean \"group\"?"},
        {"allow Group=admins", "did you mean \"group\"?"},
        {"allow organization=acme", "did you mean \"org\"?"},
        {"allow username=bob", "did you mean \"user\"?"},
        {"allow mail=bob@example.org", "did you mean \"email\"?"},
        {"allow e-mail=bob@example.org", "did you mean \"email\"?"},
        {"allow claims.groups=a", "did you mean \"claim.PATH\"?"},
        {"allow zzzzzz=a", "unknown condition \"zzzzzz\". Accepted: provider"},
        {"allow =a", "unknown condition \"\""},
        {"allow everyone", "unknown condition \"everyone\". Accepted"},
        {"allow anny", "did you mean \"any\"?"},
        {"allow any group=a", "\"any\" stands alone"},
        {"allow group=a any", "\"any\" stands alone"},
        {"allow group",
         "\"group\" has no value, accepted: group=VALUE, group!=VALUE, group~REGEX, group@FILE"},
        {"allow bob@example.org", "for an address write email=bob@example.org"},
        {"allow group=", "\"group=\" has an empty value"},
        {"allow group!=", "has an empty value"},
        {"allow group~", "has an empty value"},
        {"allow group@", "has an empty value"},
        {"allow group=a,,b", "\"group=a,,b\" has an empty value"},
        {"allow group=a,", "has an empty value"},
        {"allow claim.=a", "has no path, accepted: claim.PATH"},
        {"allow claim./=a", "has no path"},
        {"allow user~^", "has an empty pattern"},
        {"allow user~^$", "has an empty pattern"},
        {"allow user~(", "the pattern of \"user~(\" is invalid: not a regular expression"},
        {"allow user~a)|(?:b", "is invalid"},
        {"allow policy=stuff", "there is no oauth_policy \"stuff\" that could be asked here"},
        {"allow policy!=staff", "accepted: policy=NAME"},
        {"allow policy=", "accepted: policy=NAME"},
        {"allow if=one", "accepted: if=$variable"},
        {"allow if=$", "accepted: if=$variable"},
        {"allow if=$one$two", "accepted: if=$variable"},
        {"allow if!=$one", "accepted: if=$variable"},
        {"allow if=$three", "\"if=$three\": unknown variable"},
        {"allow group@missing", "\"group@missing\": no such file"},
        {"allow group@empty", "has no value"},
        {"allow email@bad", "line 2 of the file of \"email@bad\": \"bob\" can never match"},
        {"allow email@star", "line 1 of the file of \"email@star\": \"*@example.org\" has a star"},
        {"allow group@control", "line 1 of the file of \"group@control\": it holds control characters"},
        {"allow group@latin1", "is not UTF-8"},
        {"allow group@huge", "larger than 4 megabytes"},
        {"allow group=caf\xe9", "is not UTF-8"},
        {"allow group=a\x01", "control characters"},
    };
    for (const auto& mistake : mistakes) {
        assert_refused(world, mistake);
    }
    RuleSet set;
    assert_text_equal(set.add(Action::allow, {"group=a", ""}, world.ports()),
                      "has an empty condition, accepted: any, or conditions such as group=admins");
}

void what_can_never_match_is_refused(void**) {
    auto world = make_world();
    const Refused mistakes[] = {
        {"allow email=bob",
         "\"bob\" can never match in \"email=bob\": it is not an e-mail address, accepted: email=NAME@DOMAIN"
         " with exactly one \"@\""},
        {"allow email=example.org", "for everybody of a domain write domain=example.org"},
        {"allow email=@example.org", "for everybody of a domain write domain=example.org"},
        {"allow email=a@b@c.org", "exactly one \"@\""},
        {"allow email=*@b@c.org", "exactly one \"@\""},
        {"allow email=a@example.org.", "it is not an e-mail address"},
        {"allow email~@example\\.org", "a pattern matches the whole value"},
        {"allow domain=a@example.org", "a domain has no \"@\""},
        {"allow domain=@example.org", "a domain has no \"@\""},
        {"allow domain=.example.org", "subdomains are matched by domain=*.example.org"},
        {"allow domain=example.org.", "it is not a domain name"},
        {"allow domain=*..org", "it is not a domain name"},
        {"allow domain=b\xc3\xbc"
         "cher.example",
         "xn-- form"},
        {"allow domain!=@example.org", "a domain has no \"@\""},
        {"allow team=platform", "a team is written with its organisation: team=acme/platform"},
        {"allow team=acme/", "accepted: team=ORGANISATION/TEAM"},
        {"allow team=/platform", "accepted: team=ORGANISATION/TEAM"},
        {"allow provider=google provider=github",
         "\"provider=google\" and \"provider=github\" can never both hold"},
        {"allow hd=a.org hd=b.org,c.org", "can never both hold"},
        {"allow user=a* user=b", "can never both hold"},
        {"allow email=A@example.org email=b@example.org", "can never both hold"},
        {"allow email=a@example.org domain=example.com", "can never both hold"},
        {"allow group=a group!=a,b", "\"group=a\" and \"group!=a,b\" can never both hold"},
        {"allow group=abc group!=a*", "can never both hold"},
        {"allow domain!=* domain=*.org", "can never both hold"},
    };
    for (const auto& mistake : mistakes) {
        assert_refused(world, mistake);
    }
    RuleSet set;
    assert_true(set.add(Action::allow, {"scope=read write"}, world.ports()).find("a scope has no spaces") !=
                std::string::npos);
    // Near misses that are fine.
    for (const char* line :
         {"allow user=a* user=ab", "allow user=a* user=*b", "allow group=a,b group!=a",
          "allow email=A@example.org email=a@EXAMPLE.org", "allow email=a@x.example.org domain=*.example.org",
          "allow group=a* group!=ab"}) {
        RuleSet fine;
        assert_text_equal(world.add(fine, line), "");
    }
}

void providers_are_known_when_they_are_told(void**) {
    auto world = make_world();
    world.providers = {"google", "corp"};
    assert_refused(world,
                   {"allow provider=gogle", "no provider \"gogle\" is configured, did you mean \"google\"?"
                                            " Configured: google, corp"});
    assert_refused(world, {"allow provider=google,github",
                           "no provider \"github\" is configured. Configured: google, corp"});
    assert_refused(world, {"allow provider!=gogle", "no provider \"gogle\""});
    assert_refused(world, {"allow provider=git*", "no provider \"git*\""});
    assert_refused(world, {"allow provider~^git", "matches none of the providers"});
    for (const char* line : {"allow provider=google", "allow provider=co*", "allow provider~^g"}) {
        RuleSet set;
        assert_text_equal(world.add(set, line), "");
    }
}

struct Pair {
    const char* earlier;
    const char* later;
};

void rules_that_are_never_reached_are_refused(void**) {
    auto world = make_world();
    for (const auto& pair : {
             Pair{"allow any", "deny group=a"},
             Pair{"deny any", "allow any"},
             Pair{"allow group=a", "allow group=a"},
             Pair{"allow group=a", "deny group=a"},
             Pair{"allow group=a", "allow group=a role=b"},
             Pair{"allow group=a,b", "allow group=b"},
             Pair{"allow group=a*", "allow group=ab,ac"},
             Pair{"allow group=*", "allow group=a*"},
             Pair{"allow domain=EXAMPLE.org", "allow domain=example.ORG"},
             Pair{"allow group!=a", "allow group!=a,b"},
             Pair{"allow user~^a", "allow role=x user~^a"},
             Pair{"allow policy=staff", "allow policy=staff group=x"},
             Pair{"allow if=$one", "allow if=$one user=a"},
             Pair{"allow claim.a=1", "allow claim.a=1"},
         }) {
        RuleSet set;
        assert_text_equal(world.add(set, pair.earlier), "");
        const std::string error = world.add(set, pair.later);
        if (!error.starts_with("can never be reached: \"oauth_")) {
            fail_msg("%s; %s: \"%s\"", pair.earlier, pair.later, error.c_str());
        }
        assert_int_equal(set.size(), 1);
    }
    for (const auto& pair : {
             Pair{"allow group=a role=b", "allow group=a"},
             Pair{"allow group=a", "allow group=a,b"},
             Pair{"allow group=a", "allow role=a"},
             Pair{"allow group!=a,b", "allow group!=a"},
             Pair{"allow group=a", "allow group!=a"},
             Pair{"allow group=A", "allow group=a"},
             Pair{"allow group=ab*", "allow group=a*"},
             Pair{"allow user~^a", "allow user~^b"},
             Pair{"allow if=$one", "allow if=$two"},
             Pair{"allow claim.a=1", "allow claim.b=1"},
             Pair{"deny group=a", "allow any"},
         }) {
        RuleSet set;
        assert_text_equal(world.add(set, pair.earlier), "");
        assert_text_equal(world.add(set, pair.later), "");
    }
}

void a_set_that_can_never_allow_is_refused(void**) {
    const unit::TestWorld world;
    RuleSet set;
    assert_true(set.check().find("oauth_allow any") != std::string::npos);
    assert_text_equal(world.add(set, "deny group=a"), "");
    assert_text_equal(world.add(set, "deny group=b"), "");
    assert_text_equal(
        set.check(),
        "there are only oauth_deny rules, so nobody is ever let in: \"oauth_allow any\" after them"
        " lets in everybody else");
    assert_text_equal(world.add(set, "allow any"), "");
    assert_text_equal(set.check(), "");
}

void what_is_too_large_is_refused(void**) {
    auto world = make_world();
    assert_refused(world, {("allow group=" + std::string(1025, 'a')).c_str(), "longer than 1024 bytes"});
    assert_refused(world, {("allow user~" + std::string(4097, 'a')).c_str(), "longer than 4096 bytes"});
    assert_refused(world, {("allow claim." + std::string(257, 'a') + "=1").c_str(), "longer than 256 bytes"});
    RuleSet set;
    const std::vector<std::string> words(65, "group=a");
    assert_text_equal(set.add(Action::allow, words, world.ports()), "has more than 64 conditions");
    // Each set asks the one before twice: 2^n conditions from n lines.
    std::string error;
    world.policies["p0"] = make_set(world, {"allow group=a"});
    int level = 1;
    for (; level < 40 && error.empty(); ++level) {
        const std::string below = "policy=p" + std::to_string(level - 1);
        auto next = std::make_shared<RuleSet>();
        error = world.add(*next, "allow group=b " + below);
        error += world.add(*next, "allow group=c " + below);
        world.policies["p" + std::to_string(level)] = next;
    }
    assert_true(error.find("at most 10000 conditions") != std::string::npos);
    assert_in_range(level, 5, 16);
    world.policies["d0"] = make_set(world, {"allow group=a"});
    error.clear();
    for (level = 1; level < 40 && error.empty(); ++level) {
        auto next = std::make_shared<RuleSet>();
        error = world.add(*next, "allow policy=d" + std::to_string(level - 1));
        world.policies["d" + std::to_string(level)] = next;
    }
    assert_in_range(level, 17, 19);
}

} // namespace

int main() {
    const CMUnitTest tests[] = {
        cmocka_unit_test(well_formed_rules_are_accepted),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(what_can_never_match_is_refused),
        cmocka_unit_test(providers_are_known_when_they_are_told),
        cmocka_unit_test(rules_that_are_never_reached_are_refused),
        cmocka_unit_test(a_set_that_can_never_allow_is_refused),
        cmocka_unit_test(what_is_too_large_is_refused),
    };
    return cmocka_run_group_tests(tests, nullptr, nullptr);
}
