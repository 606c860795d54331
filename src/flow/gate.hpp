// SPDX-License-Identifier: MIT
// The gate: who is it, may they, and what the application is told. Called for every request of a protected
// location; on the warm path it costs a hash, a compare and three short searches, and allocates nothing. No
// coroutine, no lock.
#pragma once

#include "../policy/policy.hpp"
#include "../session/cache.hpp"
#include "site.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::flow {

// The session that the cookie's value holds; nullptr if it is none of this site's, expired or revoked.
session::OpenedSessionPointer find_session(Site& site, std::string_view cookie, std::string_view base_url);

// The location's rules about a session; remembered per session and rule set unless a rule asks about the
// request.
policy::Verdict decide(session::OpenedSession& session, const policy::RuleSet& rules,
                       const policy::RequestFacts& request);

// A location's settings of the identity token. Its address is its identity: one object per location.
struct IdentitySettings {
    std::int64_t lifetime = 300;
    std::vector<std::string> extra_claims;
};

// The signed token for an audience, reused until half of its life is over. A view that lives as long as the
// session is not changed; empty if signing fails.
std::string_view identity_token(const Site& site, session::OpenedSession& session,
                                const IdentitySettings& settings, std::string_view audience);

} // namespace oauth::flow
