// SPDX-License-Identifier: MIT
// The ledger in memory that processes share. Keys are hashed before the lock is taken.
#pragma once

#include "ledger.hpp"
#include "renewals.hpp"
#include "shared_state.hpp"

namespace oauth::session {

class SharedLedger final : public Ledger {
public:
    explicit SharedLedger(SharedMemory memory) : memory_(memory) {}

    Mark use_once(std::string_view state, std::int64_t until) override;
    bool is_used(std::string_view state) override;
    Remembered remember(std::string_view key, std::int64_t until) override;
    bool is_remembered(std::string_view text) override;
    Revocation revoke(std::string_view session_id, std::int64_t until) override;
    Revocation revoke_all(std::string_view mark, std::int64_t begun_until, std::int64_t until) override;
    bool is_revoked(const Marks& marks) override;
    bool may_be_revoked(std::string_view session_id) override;
    std::uint64_t generation() const noexcept override {
        return memory_.state.generation.load(std::memory_order_acquire);
    }
    Lease lease(const Renewal& renewal, std::int64_t lease_until) override;
    bool end_renewal(const Renewal& renewal, RenewalEnd end, std::string_view handover) override;
    std::optional<std::string> successor(const Renewal& renewal) override;
    void saw(const Renewal& renewal) override;

private:
    bool is_moved() const noexcept { return memory_.state.moved.load() != 0; }
    Revocation revoked() noexcept;
    // Of what is kept until then from now on.
    ExpiringSet::Times times(std::int64_t until) noexcept;
    Renewals renewals();

    SharedMemory memory_;
};

} // namespace oauth::session
