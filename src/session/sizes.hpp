// SPDX-License-Identifier: MIT
// What a session is full of, where its store does not take it: for the log. Names and numbers, never a value.
#pragma once

#include "session.hpp"

#include <string>

namespace oauth::session {

// "make it smaller by ...; it holds, in bytes: group 5210, ID token 1800, name 20": the largest first.
std::string explain_size(const Session& session);

} // namespace oauth::session
