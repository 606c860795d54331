// SPDX-License-Identifier: MIT
// Asks a provider about the user of a session again (oauth_refresh): by the refresh token, else by the access
// token. One check for a session's epoch, whoever comes: the zone gives one worker of this node the lease,
// the store one node the lock. The check is the worker's: a client that leaves does not lose what a refresh
// token was spent for.
#pragma once

#include "../core/task.hpp"
#include "../session/store.hpp"
#include "site.hpp"

#include <cstdint>

namespace oauth::flow {

// When the user of a session is to be asked for again, in seconds; the largest number: never.
std::int64_t check_due_at(const Site& site, const session::Session& session);

// The session as it is from now on; none: it has ended. Who comes while a check runs goes on with the session
// as it was, unless its access token has ended and goes upstream. The site outlives the worker's part of it.
core::Task<core::Result<session::Loaded>> check(Site& site, session::OpenedSessionPointer session);

} // namespace oauth::flow
