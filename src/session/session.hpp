// SPDX-License-Identifier: MIT
// Who is signed in, and for how long. A sign-in makes this value, a cookie carries it, rules and the identity
// token read it. A fact that the provider did not give is absent, which is not the same as an empty list.
#pragma once

#include "../core/text.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oauth::session {

using Strings = std::vector<std::string>;

struct Identity {
    core::Text provider; // the configured name, as in the callback path
    core::Text subject;  // the provider's stable id
    core::Text user;     // a label for people
    std::optional<core::Text> email;
    bool email_verified = false; // by that provider's rule; meaningless without email
    std::optional<core::Text> name;
    std::optional<core::Text> picture;
    std::optional<core::Text> hd;
    std::optional<core::Text> acr;
    std::optional<Strings> tenants;
    std::optional<Strings> amr;
    std::optional<Strings> scopes;
    std::optional<Strings> groups;
    std::optional<Strings> roles;
    std::optional<Strings> orgs;
    std::optional<Strings> teams; // "org/team"
    // Raw user data, by the path the configuration uses: JSON text. Only what it uses is kept.
    std::vector<std::pair<std::string, std::string>> claims;

    const std::string* find_claim(std::string_view path) const; // nullptr: absent
};

struct Session {
    Identity identity;
    core::Text id;                   // 16 random bytes
    std::uint64_t epoch = 0;         // how often it has been refreshed: of two copies the higher one counts
    std::int64_t begun_at = 0;       // milliseconds: when its sign-in began
    std::int64_t made_at = 0;        // seconds; of several sessions of a browser the newest counts
    std::int64_t signed_in_at = 0;   // auth_time of the identity token
    bool auth_time_is_told = false;  // by the provider; else signed_in_at is when its answer came
    std::int64_t used_at = 0;        // when its idle time was last renewed
    std::int64_t checked_at = 0;     // when its provider last said who that is
    std::int64_t expires_at = 0;     // absolute
    core::Text provider_fingerprint; // of the provider as it was configured: providers::fingerprint
    core::Text made_for; // a mark of the facts that the configuration needed; see docs/architecture.md
    bool groups_are_cut = false;        // only the groups that rules name were kept, so they are not shown
    core::Text sid;                     // the provider's name of its own session; empty: not told
    core::Text id_token;                // empty: not kept, or not read yet: Store::read_id_token
    core::Text access_token;            // empty: not kept
    std::int64_t access_expires_at = 0; // of the access token; 0: not told, or no such token
    core::Text refresh_token;           // empty: none, or not kept
    core::Text nonce; // of the sign-in, for the ID tokens of refreshes; empty: none was sent, or not kept
    std::optional<core::Text> scope; // that was granted; absent: all that was asked for
};

// Seconds that the clocks of nodes may differ: a moment that is further ahead was written before the clock
// was set back, and tells nothing.
constexpr std::int64_t clock_skew = 60;

// A flat binary record: a version, then length-prefixed fields in order; an absent one costs a byte at most.
// Records of another version are refused. At most 64 KiB: for more, serialize gives an empty string. Times
// are not negative.
std::string serialize(const Session& session);
std::optional<Session> deserialize(std::string_view record);
// The same, into a new session that borrows its texts from the record; false: it is not to be used.
[[nodiscard]] bool deserialize(std::string_view record, Session& session);

// A hash of the session's id that is fit for a log: 16 hexadecimal digits.
std::string log_id(const Session& session);

} // namespace oauth::session
