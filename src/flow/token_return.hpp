// SPDX-License-Identifier: MIT
// Gives tokens of a session that has ended back to their provider (RFC 7009, or as the type has it). Best
// effort: nobody waits for it, and what fails is one line in the log.
#pragma once

#include "site.hpp"

namespace oauth::flow {

// The refresh token first: with many providers the access tokens go with it.
void give_back_tokens(Site& site, const session::Session& session);

} // namespace oauth::flow
