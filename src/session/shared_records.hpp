// SPDX-License-Identifier: MIT
// Sealed sessions in memory that processes share, by the hash of their handle. Each call locks for a search
// and at most one copy; nothing waits, and nothing that is live is ever dropped for another.
#pragma once

#include "shared_state.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace oauth::session {

class SharedRecords {
public:
    using Key = RecordTable::Key;
    using Fields = RecordTable::Fields;
    using Found = RecordTable::Found;

    explicit SharedRecords(SharedMemory memory) : memory_(memory) {}

    std::optional<Fields> find(const Key& key);
    std::optional<Found> read(const Key& key);

    enum class Put {
        done,
        full,
        moved, // a reload is replacing this worker, and the new ones would not learn of it
        gone,  // there is no such session any more
        newer, // of a later epoch
    };
    Put create(const Key& key, const Fields& fields, std::string_view sealed);
    // In place of the one of the epoch before.
    Put replace(const Key& key, const Fields& fields, std::string_view sealed);
    static Put replace_in(RecordTable& sessions, const Key& key, const Fields& fields,
                          std::string_view sealed, std::int64_t now);

    struct Use {
        std::int64_t at;
        std::int64_t until;         // with that use
        std::int64_t unless_before; // one that was noted since is enough
        std::int64_t unless_after;  // but none that is later than this: the clock has been set back
    };
    // The fields as they are now; nullopt: gone.
    std::optional<Fields> touch(const Key& key, const Use& use);
    // It is not forgotten before that.
    void keep_until(const Key& key, std::int64_t until);
    // done, or moved; all workers ask again for what they have opened.
    Put erase(const Key& key);

private:
    SharedMemory memory_;
};

} // namespace oauth::session
