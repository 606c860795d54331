// SPDX-License-Identifier: MIT
// Shared by the tests of policy decisions: sessions with one fact, rule sets from lines, and whether a
// condition holds. Include it last, instead of unit.hpp.
#pragma once

#include "policy_ports.hpp"
#include "unit.hpp"

namespace oauth::unit {

using policy::RuleSet;
using session::Identity;
using session::Strings;

inline std::shared_ptr<const RuleSet> make_set(const TestWorld& world,
                                               const std::vector<std::string>& lines) {
    auto set = std::make_shared<RuleSet>();
    for (const auto& line : lines) {
        assert_text_equal(world.add(*set, line), "");
    }
    return set;
}

inline bool allowed(const TestWorld& world, const Identity& identity, const std::vector<std::string>& lines) {
    return make_set(world, lines)->evaluate(identity, world.facts).allowed;
}

inline bool holds(const Identity& identity, const std::string& condition) {
    return allowed(TestWorld(), identity, {"allow " + condition});
}

inline void assert_holds(const Identity& identity, const std::string& condition,
                         bool expected) { // NOLINT: the expected value
    if (holds(identity, condition) != expected) {
        fail_msg("%s: %d expected", condition.c_str(), expected);
    }
}

inline Identity with_email(const std::string& address) {
    Identity identity;
    identity.provider = "corp";
    identity.email = address;
    identity.email_verified = true;
    return identity;
}

inline Identity with_groups(const Strings& groups) {
    Identity identity;
    identity.groups = groups;
    return identity;
}

inline Identity with_claim(const std::string& json) {
    Identity identity;
    identity.claims = {{"c", json}};
    return identity;
}

} // namespace oauth::unit
