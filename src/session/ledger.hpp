// SPDX-License-Identifier: MIT
// What all workers must agree on at once: the states that have been used and the sessions that were ended
// early. The shared zone in src/ngx/ implements it. No entry is dropped before its time; if there is no room,
// the caller is told.
#pragma once

#include <cstdint>
#include <string_view>

namespace oauth::session {

class Ledger {
public:
    virtual ~Ledger() = default;

    enum class Mark { first, again, full };
    // Marks the state as used until then. If two workers ask for one state, exactly one gets `first`.
    virtual Mark use_once(std::string_view state, std::int64_t until) noexcept = 0;

    enum class Revocation { done, full };
    virtual Revocation revoke(std::string_view session_id, std::int64_t until) noexcept = 0;
    virtual bool is_revoked(std::string_view session_id) noexcept = 0;
    // Changes with every revocation. A session that was checked in this generation need not be checked again.
    virtual std::uint64_t generation() const noexcept = 0;
};

} // namespace oauth::session
