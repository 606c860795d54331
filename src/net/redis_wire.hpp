// SPDX-License-Identifier: MIT
// Redis' protocol (RESP2), by hiredis: commands become bytes, bytes become replies. hiredis' own connections
// are not used. The reader is total: whatever a server sends gives replies, a wait for more, or an end, in
// linear time and bounded memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::net {

using RedisCommand = std::vector<std::string>; // its words; any bytes

struct RedisReply {
    enum class Kind { nil, text, status, number, list, error };
    Kind kind = Kind::nil;
    std::string text; // of a text, a status or an error
    std::int64_t number = 0;
    std::vector<RedisReply> list;

    bool is_text(std::string_view expected) const { return kind == Kind::text && text == expected; }
    bool is_status(std::string_view expected) const { return kind == Kind::status && text == expected; }
    bool is_number(std::int64_t expected) const { return kind == Kind::number && number == expected; }
};

// Throws std::bad_alloc.
std::string redis_bytes(const RedisCommand& command);

class RedisReader {
public:
    static constexpr std::size_t max_reply = 256 * 1024; // bytes
    static constexpr int max_depth = 4;
    static constexpr std::size_t max_elements = 1024; // of all lists of a reply together

    RedisReader(); // throws std::bad_alloc
    RedisReader(const RedisReader&) = delete;
    RedisReader& operator=(const RedisReader&) = delete;
    ~RedisReader();

    // What has come from the server, a piece at a time: next() is asked until it has no more.
    void feed(std::string_view bytes);

    enum class Outcome { reply, more, broken }; // broken: no reply comes from this reader any more
    Outcome next(RedisReply& reply);

    struct State; // of src/net/redis_wire.cpp

private:
    std::unique_ptr<State> state_;
};

} // namespace oauth::net
