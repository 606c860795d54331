// SPDX-License-Identifier: MIT
// The names of what is kept in Redis: hashes behind the configured prefix, so that a list of them tells
// nothing. What stands for a user is hashed with a key that is derived from oauth_session_key, since users
// could be guessed; there is a name for each of the configured keys, so that an exchange of keys loses none.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::session {

class RedisKeys {
public:
    // nullopt: OpenSSL fails.
    static std::optional<RedisKeys> create(std::string prefix, const std::vector<std::string>& secrets);

    // Of a session, by the handle that its cookie holds.
    std::string session(std::string_view handle, std::string_view base_url) const;
    std::string lock(std::string_view session) const; // of a session of that name
    std::string once(std::string_view value) const;
    // By a mark (session/store.hpp): where its sessions are listed, and since when they are ended. The first
    // is that of the key that seals.
    std::vector<std::string> indexes(std::string_view mark) const { return all("u:", mark); }
    std::vector<std::string> ends(std::string_view mark) const { return all("e:", mark); }
    std::string none() const { return prefix_ + "none"; } // that nobody ever makes

private:
    std::vector<std::string> all(const char* kind, std::string_view mark) const;

    std::string prefix_;
    std::vector<std::string> secrets_;
};

} // namespace oauth::session
