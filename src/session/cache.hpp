// SPDX-License-Identifier: MIT
// The sessions that a worker has opened, by their whole cookie: found by a fast keyed hash and compared in
// constant time. Each is kept with its verdicts of rule sets and its signed identity tokens, which cost more
// than opening it. A fixed number of four-way buckets, so that no lookup grows with the number of sessions.
// A store may keep a session only when it comes again: one that comes once takes no other's place then, and
// its memory is free again before the next request needs it. One per worker and configuration.
#pragma once

#include "../figures/figures.hpp"
#include "session.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::session {

struct SignedToken {
    const void* issuer = nullptr; // the location's identity settings
    std::string audience;
    std::shared_ptr<const std::string> text;
    std::int64_t reuse_until = 0; // when half of its life is over
    std::int64_t signed_at = 0;
};

struct RememberedVerdict {
    const void* rules = nullptr;
    bool allowed = false;
    int rule = -1;
    bool email_unverified = false;
};

// What is known about an opened session beside what is in it.
struct SessionState {
    enum class Kind { session, token } kind = Kind::session; // token: of an API client (flow/bearer.hpp)
    const void* store = nullptr;  // whose: the store of one server, or the resource that took the token
    bool was_seen = false;        // a request came with it
    bool accepted = false;        // the configuration takes it: asked once, when it is first used
    std::int64_t ends_at = 0;     // then: its own end, or the configuration's if that is sooner
    std::int64_t due_at = 0;      // then it needs attention: its idle time renewed, its user asked again
    std::int64_t check_at = 0;    // then its user is to be asked again, or looked whether that has been done
    std::int64_t planned_at = 0;  // when these three were worked out
    std::int64_t fresh_until = 0; // steady milliseconds: so long its store need not be asked
    std::uint64_t revocations_seen = 0; // the zone's generation when it was last checked
};

struct OpenedSession : SessionState {
    Session session;
    std::string base_url;
    std::string cookie; // or the token
    std::string place;  // the store's name for it; empty: it is in the cookie
    std::string record; // that the session's texts are in, where it was read from one
    std::vector<RememberedVerdict> verdicts;
    std::vector<SignedToken> tokens;
};

using OpenedSessionPointer = std::shared_ptr<OpenedSession>;

// A new one, with the memory of one that is gone, where there is one: they come and go with requests, many at
// a time, and take more than malloc keeps at hand.
OpenedSessionPointer make_opened_session();
// Fills a new one from the record of its session, which it keeps; false: it is not to be used.
[[nodiscard]] bool read_session(std::string record, OpenedSession& opened);

class SessionCache {
public:
    // `seed` must be random, `buckets` a power of two. No figures: nothing is counted.
    SessionCache(std::uint64_t seed, std::size_t buckets, figures::Figures* figures = nullptr)
        : seed_(seed), buckets_(buckets), figures_(figures) {}

    // nullptr: not seen yet, for this store and base URL.
    const OpenedSessionPointer* find(std::string_view cookie, const void* store,
                                     std::string_view base_url) const;
    // In place of what the same cookie led to before.
    void insert(OpenedSessionPointer session);
    // Whether this was asked for the cookie before, among the last that were of its bucket.
    bool came_before(std::string_view cookie);
    // By a store, which alone knows whether one that was found could be used as it was.
    void count(figures::Cache what) const noexcept {
        if (figures_ != nullptr) {
            figures_->count(what);
        }
    }

private:
    // A cookie that is not known is looked for in one line of the processor's cache.
    struct alignas(64) Bucket {
        std::array<std::uint64_t, 4> hashes{};
        std::array<std::uint64_t, 3> came{};
        unsigned next = 0;
        unsigned next_came = 0;
        std::array<OpenedSessionPointer, 4> ways;
    };
    static_assert(sizeof(Bucket) == 128);
    std::uint64_t hash(std::string_view cookie) const;

    std::uint64_t seed_;
    std::vector<Bucket> buckets_;
    figures::Figures* figures_;
};

} // namespace oauth::session
