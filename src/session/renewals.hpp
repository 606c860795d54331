// SPDX-License-Identifier: MIT
// Who asks a provider about a session's user again, agreed on in memory that processes share: Ledger's
// lease(), end_renewal() and saw(). One record a session says which epoch was spent last, and how that ended;
// it stays until the session ends. What leads to the next epoch is a record of its own, which goes a minute
// after that epoch has been seen. The caller locks.
#pragma once

#include "../core/clock.hpp"
#include "ledger.hpp"
#include "record_table.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace oauth::session {

struct SharedState;

class Renewals {
public:
    // Of one session; made before the lock is taken.
    struct Keys {
        RecordTable::Key state;
        RecordTable::Key handover;
    };
    static Keys keys_of(std::string_view id);

    // In seconds.
    struct Moment {
        std::int64_t now;    // by the clock
        std::int64_t kept;   // what was to be kept until then is forgotten: see KeptTime
        std::int64_t steady; // whether or not the clock is set meanwhile: leases are held by it
    };
    Renewals(RecordTable& table, std::int64_t now) : Renewals(table, Moment{now, now, now}) {}
    Renewals(RecordTable& table, Moment moment)
        : table_(table), now_(moment.now), kept_(moment.kept), steady_(moment.steady) {}

    Lease lease(const Keys& keys, const Renewal& renewal, std::int64_t lease_until);
    bool end(const Keys& keys, const Renewal& renewal, Ledger::RenewalEnd end, std::string_view handover);
    std::optional<std::string> successor(const Keys& keys, const Renewal& renewal);
    void saw(const Keys& keys, const Renewal& renewal);

private:
    Lease busy(const Keys& keys, RecordTable::Fields known, std::int64_t held_until);
    bool pauses(std::int64_t until) const;
    Lease follow(const Keys& keys, const Renewal& renewal);
    bool keep_handover(const Keys& keys, const Renewal& renewal, std::string_view handover);

    RecordTable& table_;
    std::int64_t now_;
    std::int64_t kept_;
    std::int64_t steady_;
};

// Those of the memory that processes share, now.
Renewals renewals_of(SharedState& state, const core::Clock& clock);

} // namespace oauth::session
