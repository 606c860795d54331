// SPDX-License-Identifier: MIT
// What the application is told, signed: made once for a session, an audience and a location's settings, and
// reused until half of its life is over, by this worker and, where the site has a memory for that, by all.
// docs/identity.md.
#pragma once

#include "../session/cache.hpp"
#include "site.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::flow {

// A location's settings of the identity token. Its address is its identity: one object for all locations that
// say the same.
struct IdentitySettings {
    std::int64_t lifetime = 300; // seconds
    std::vector<std::string> extra_claims;
};

// Never null; throws std::bad_alloc.
std::shared_ptr<const std::string> signed_identity(const Site& site, session::OpenedSession& session,
                                                   const IdentitySettings& settings,
                                                   std::string_view audience);

} // namespace oauth::flow
