// SPDX-License-Identifier: MIT
// What a provider says of a session's user now: by the refresh token, else by the access token. One attempt,
// and nothing is kept here.
#pragma once

#include "../core/task.hpp"
#include "../session/session.hpp"
#include "site.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace oauth::flow {

struct Said {
    enum class Outcome { known, ended, away } outcome = Outcome::away;
    std::optional<session::Session> next; // known; and where only the tokens are new
    std::string why;                      // for the log: ended, away
    std::string fault;                    // away: what it has in common with others of the same cause
};

struct Attempt {
    std::uint32_t failures = 0; // of the attempts before
    bool is_redeemed = false;   // set by ask(): the refresh token may be worth nothing any more
};

// `session` and `attempt` outlive the task.
core::Task<Said> ask(Site& site, Provider& provider, const session::Session& session, Attempt& attempt);

} // namespace oauth::flow
