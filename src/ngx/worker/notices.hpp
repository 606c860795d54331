// SPDX-License-Identifier: MIT
// What a worker tells its log of a server for the sake of who runs it, and what it has told. Visitors can
// bring it about, so it is bounded: once, or once a minute with how often it came up.
#pragma once

#include "../../flow/repeats.hpp"
#include "../../session/sealer.hpp"

namespace oauth::ngx {

struct Notices {
    session::SealMarks session_seals; // what the server's sessions are sealed with
    flow::Repeats repeats;
    bool told_of_large_answer = false;
};

} // namespace oauth::ngx
