// SPDX-License-Identifier: MIT
// What a provider says of a session's user now: by the refresh token, else by the access token. One attempt,
// and nothing is kept here.
#pragma once

#include "../core/task.hpp"
#include "../session/session.hpp"
#include "site.hpp"

#include <optional>
#include <string>

namespace oauth::flow {

struct Said {
    enum class Outcome { known, ended, away } outcome = Outcome::away;
    std::optional<session::Session> next; // known; and where only the tokens are new
    std::string why;                      // for the log: ended, away
};

// `session` outlives the task.
core::Task<Said> ask(Site& site, Provider& provider, const session::Session& session);

} // namespace oauth::flow
