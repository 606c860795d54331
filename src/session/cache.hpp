// SPDX-License-Identifier: MIT
// A worker's memory of the sessions it has opened: the whole cookie is the key, found by a fast keyed hash
// and compared in constant time. Kept with it is what costs more than opening: the verdicts of rule sets and
// the signed identity tokens. Four-way buckets of fixed number: no lookup grows with the number of sessions.
// One per worker and configuration.
#pragma once

#include "session.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::session {

struct SignedToken {
    const void* issuer = nullptr; // whose: the location's identity settings
    std::string audience;
    std::string text;
    std::int64_t reuse_until = 0; // half of its life is over then
};

struct OpenedSession {
    Session session;
    const void* store = nullptr; // whose: the store of one server
    std::string base_url;
    std::string cookie;
    bool accepted = false;              // the configuration takes it: asked once, when it is first used
    std::uint64_t revocations_seen = 0; // the zone's generation when it was last checked
    struct RememberedVerdict {
        const void* rules = nullptr;
        bool allowed = false;
        int rule = -1;
        bool email_unverified = false;
    };
    std::vector<RememberedVerdict> verdicts;
    std::vector<SignedToken> tokens;
};

using OpenedSessionPointer = std::shared_ptr<OpenedSession>;

class SessionCache {
public:
    // `seed` is random. `buckets` is a power of two.
    SessionCache(std::uint64_t seed, std::size_t buckets) : seed_(seed), buckets_(buckets) {}

    // nullptr: not seen yet, for this store and base URL.
    const OpenedSessionPointer* find(std::string_view cookie, const void* store,
                                     std::string_view base_url) const;
    void insert(OpenedSessionPointer session);

private:
    struct Bucket {
        std::array<OpenedSessionPointer, 4> ways;
        std::array<std::uint64_t, 4> hashes{};
        unsigned next = 0;
    };
    std::uint64_t hash(std::string_view cookie) const;

    std::uint64_t seed_;
    std::vector<Bucket> buckets_;
};

} // namespace oauth::session
