// SPDX-License-Identifier: MIT
// Where a server keeps its sessions: oauth_session, as the configuration has it.
#pragma once

#include <string>

namespace oauth::session {

struct StoreSettings {
    enum class Kind { cookie, shared, redis } kind = Kind::cookie;

    // Of Redis alone.
    std::string host; // a name or an address; empty: unix_path is used
    unsigned port = 6379;
    std::string unix_path;
    bool tls = false;
    unsigned database = 0;
    std::string user;              // empty: the default user
    std::string password;          // a secret; empty: none
    std::string prefix = "oauth:"; // of all keys
};

} // namespace oauth::session
