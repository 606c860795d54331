// SPDX-License-Identifier: MIT
// What a Redis server says instead of an answer, and what an administrator can do about it. Of its sentences
// only the first word is used: the rest may quote a command, with a password in it. Private to src/net.
#pragma once

#include "redis_wire.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace oauth::net {

struct RedisFault {
    enum class Kind {
        passing,       // over by itself, or by what is done to the server
        replica,       // it takes no writes: a failover may be why
        configuration, // until somebody changes what is configured
    };
    Kind kind = Kind::passing;
    std::string sentence; // what the server does: "is busy ..."
};

// Of an error reply.
RedisFault redis_fault(std::string_view error);

// The first error of a reply, at any depth; null: none is one.
const RedisReply* find_error(const RedisReply& reply);

// What a server says of itself (INFO), in so far as it matters here.
struct RedisState {
    std::optional<RedisFault> fault; // it cannot be used
    std::string eviction_policy;     // empty: not told
};
RedisState read_redis_info(std::string_view info);

// A sentence where that policy drops what must be kept; else empty.
std::string why_not_policy(std::string_view eviction_policy);

} // namespace oauth::net
