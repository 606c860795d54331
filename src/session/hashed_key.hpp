// SPDX-License-Identifier: MIT
// The keys of what processes share: 128 bits of a hash, so that whoever reads that memory learns no name, and
// nobody can choose where an entry goes. What is of different kinds never has the same key.
#pragma once

#include "../core/crypto.hpp"
#include "../core/record.hpp"
#include "expiring_index.hpp"

#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace oauth::session {

inline ExpiringIndex::Key hashed_key(std::string_view kind, std::string_view value) {
    core::RecordWriter record;
    record.text(kind);
    record.text(value);
    const std::string hash = core::digest(core::Hash::sha256, std::move(record).finish());
    ExpiringIndex::Key key{};
    std::memcpy(key.data(), hash.data(), key.size());
    return key;
}

} // namespace oauth::session
