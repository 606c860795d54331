// SPDX-License-Identifier: MIT
// See signed_tokens.hpp. The hash only finds the place. It need not be cryptographic: a session's id, which
// is random and sealed, is part of the purpose, so that nobody can choose where a token goes.
#include "signed_tokens.hpp"

#include <cstring>
#include <functional>
#include <mutex>

namespace oauth::session {

namespace {

using Lock = std::lock_guard<SharedMutex>;

RecordTable::Key key_of(std::string_view purpose) {
    static_assert(sizeof(std::size_t) == 8);
    const std::size_t hash = std::hash<std::string_view>()(purpose);
    const std::size_t words[] = {hash, purpose.size()};
    RecordTable::Key key{};
    static_assert(sizeof(words) == sizeof(key));
    std::memcpy(key.data(), words, sizeof(words));
    return key;
}

} // namespace

std::optional<SignedTokens::Token> SignedTokens::find(std::string_view purpose) {
    if (memory_.state.signed_tokens == nullptr) {
        return std::nullopt;
    }
    const auto key = key_of(purpose);
    std::optional<RecordTable::Found> found;
    {
        const Lock lock(memory_.mutex);
        found = memory_.state.signed_tokens->read(key, memory_.clock.now());
    }
    if (!found || !found->bytes.starts_with(purpose)) {
        return std::nullopt;
    }
    found->bytes.erase(0, purpose.size());
    return Token{std::move(found->bytes), found->fields.until, found->fields.used_at};
}

void SignedTokens::keep(std::string_view purpose, const Token& token) {
    if (memory_.state.signed_tokens == nullptr || purpose.size() + token.text.size() > max_size) {
        return;
    }
    const auto key = key_of(purpose);
    const std::string bytes = std::string(purpose) + token.text;
    const RecordTable::Fields fields{token.reuse_until, 0, token.signed_at, {}};
    const Lock lock(memory_.mutex);
    const std::int64_t now = memory_.clock.now();
    RecordTable& table = *memory_.state.signed_tokens;
    if (table.insert(key, fields, bytes, now) == RecordTable::Put::present) {
        static_cast<void>(table.replace(key, fields, bytes, now));
    }
}

} // namespace oauth::session
