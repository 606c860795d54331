// SPDX-License-Identifier: MIT
// The port to what all workers must agree on at once: states that have been used, sessions that were ended
// before their time. The shared zone implements it in src/ngx/. Strangers can make as many used states as
// they like, so these give way to newer ones; a revocation is kept until its time or refused. Without memory
// they throw: what cannot be asked is not answered.
#pragma once

#include <cstdint>
#include <string_view>

namespace oauth::session {

class Ledger {
public:
    virtual ~Ledger() = default;

    enum class Mark { first, again };
    // Set if absent, until then: of two workers that ask for the same state, one is first. Where there is no
    // room, the mark that would end next goes.
    virtual Mark use_once(std::string_view state, std::int64_t until) = 0;
    virtual bool is_used(std::string_view state) = 0;

    // moved: a reload is replacing this worker, and the new ones would not learn of it.
    enum class Revocation { done, full, moved };
    virtual Revocation revoke(std::string_view session_id, std::int64_t until) = 0;
    virtual bool is_revoked(std::string_view session_id) = 0;
    // Changes with every revocation: a session that was checked at this generation need not be looked up
    // again.
    virtual std::uint64_t generation() const noexcept = 0;
};

} // namespace oauth::session
