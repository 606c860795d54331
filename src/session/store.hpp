// SPDX-License-Identifier: MIT
// The port to where sessions are kept: in the cookie itself, in shared memory, on another machine. Flows and
// admission know this port alone. One object per server and worker; it outlives every flow.
#pragma once

#include "../core/result.hpp"
#include "../core/task.hpp"
#include "cache.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oauth::session {

// Where a session's cookie led.
struct Loaded {
    OpenedSessionPointer session; // null: none
    std::vector<std::string>
        cookies; // Set-Cookie values for whatever answer follows, as of a renewed session
};

// Name and value of each cookie that a session takes.
using CookieParts = std::vector<std::pair<std::string, std::string>>;

class Store {
public:
    Store() = default;
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;
    virtual ~Store() = default;

    // What can be had without waiting, on the warm path: the session, or null where the cookie is none.
    // nullopt: load() has to be asked.
    virtual std::optional<OpenedSessionPointer> peek(std::string_view cookie, std::string_view base_url) = 0;

    // May wait. store_unavailable: the store does not answer, and nobody knows whether there is a session.
    virtual core::Task<core::Result<Loaded>> load(std::string cookie, std::string base_url) = 0;

    // Keeps a new session. session_too_large: it does not fit. `session` outlives the task.
    virtual core::Task<core::Result<CookieParts>> save(const Session& session, std::string base_url) = 0;

    // Ends a session: a copy of its cookie is worth nothing afterwards. store_unavailable: that could not be
    // recorded, and it may live on.
    virtual core::Task<core::Status> erase(OpenedSessionPointer session) = 0;
};

} // namespace oauth::session
