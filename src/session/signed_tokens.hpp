// SPDX-License-Identifier: MIT
// Identity tokens that have been signed, in memory that processes share, because a signature costs more than
// all else of a request: a session that a worker does not know, after a reload or because another one signed
// for it, costs none. They go when they are not to be reused any more; where there is no room, the next ones
// are not kept. Nothing is decided by what is here.
#pragma once

#include "shared_state.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace oauth::session {

class SignedTokens {
public:
    explicit SignedTokens(SharedMemory memory) : memory_(memory) {}

    struct Token {
        std::string text;
        std::int64_t reuse_until = 0; // seconds
        std::int64_t signed_at = 0;
    };
    // `purpose`: all that the token depends on, as a record (core/record.hpp). It is kept and compared as a
    // whole, so that no other token is ever found.
    std::optional<Token> find(std::string_view purpose);
    void keep(std::string_view purpose, const Token& token);

    static constexpr std::size_t max_size = 4096; // bytes of both; longer ones are not kept

private:
    SharedMemory memory_;
};

} // namespace oauth::session
