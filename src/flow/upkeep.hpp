// SPDX-License-Identifier: MIT
// What keeps a session in order while it is used: its idle time is renewed, seldom, and its user asked for
// again. The warm path compares one number, due_at, and comes here when the time has come.
#pragma once

#include "../core/task.hpp"
#include "../session/store.hpp"
#include "check.hpp"
#include "site.hpp"

namespace oauth::flow {

// Sets ends_at and due_at by the configuration as it is.
void plan(const Site& site, session::OpenedSession& opened);

// The session as it is from now on; none: it has ended. The site outlives it.
core::Task<core::Result<session::Loaded>> attend(Site& site, session::OpenedSessionPointer session);

// For a session that open connections alone use, which is no use of it: its idle time is left as it is, and
// check() is called when that is due.
bool is_check_due(const Site& site, const session::OpenedSession& opened);

} // namespace oauth::flow
