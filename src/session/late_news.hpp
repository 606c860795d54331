// SPDX-License-Identifier: MIT
// What workers still have to tell that a reload with another oauth_zone is replacing: how the checks ended
// that they had under way when the zone was copied, and the sessions that came of these. The others would
// redeem a spent refresh token again. It lies in memory of its own, of a size that never changes, which
// workers of all cycles have. Whoever goes on takes it into his zone before he looks there.
#pragma once

#include "renewals.hpp"
#include "shared_state.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string_view>

namespace oauth::session {

class LateNews {
public:
    struct Memory {
        std::atomic<std::uint32_t> count; // not 0: there may be some
        RecordTable* table;
    };
    static constexpr std::uint32_t chunks_each = 8;

    // Both outlive it.
    LateNews(Memory& memory, SharedMutex& mutex) : memory_(memory), mutex_(mutex) {}

    // False: there is no room.
    bool tell_end(const Renewals::Keys& keys, const Renewal& renewal, Ledger::RenewalEnd end,
                  std::string_view handover);
    bool tell_session(const RecordTable::Key& key, const RecordTable::Fields& fields,
                      std::string_view sealed);

    bool are_there() const noexcept { return memory_.count.load(std::memory_order_acquire) != 0; }
    // Into a state that the caller has locked.
    void take_into(SharedState& state, const core::Clock& clock);

private:
    bool tell(const RecordTable::Key& key, const RecordTable::Fields& fields, std::string_view bytes);

    Memory& memory_;
    SharedMutex& mutex_; // taken last
};

// The lock of a zone, by who is to know all that has been told.
class [[nodiscard]] InformedLock {
public:
    explicit InformedLock(const SharedMemory& memory) : lock_(memory.mutex) {
        if (memory.late_news != nullptr && memory.late_news->are_there() && memory.state.moved.load() == 0) {
            memory.late_news->take_into(memory.state, memory.clock);
        }
    }

private:
    std::lock_guard<SharedMutex> lock_;
};

} // namespace oauth::session
