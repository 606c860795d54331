// SPDX-License-Identifier: MIT
// See shared_state.hpp.
#include "shared_state.hpp"

namespace oauth::session {

LiveState count_live(SharedState& state, std::int64_t now) {
    LiveState live;
    live.ended = state.ended->count_live(now);
    live.marks = state.marks->live(now).records;
    live.renewals = state.renewals->live(now);
    if (state.sessions != nullptr) {
        live.sessions = state.sessions->live(now);
    }
    return live;
}

bool take_live(SharedState& to, SharedState& from, std::int64_t now) {
    // As between strangers in one state, newer ones count more.
    static_cast<void>(
        to.used_states->take_from(*from.used_states, now, ExpiringSet::WhenFull::drop_earliest));
    bool all = to.ended->take_from(*from.ended, now, ExpiringSet::WhenFull::refuse);
    all &= to.marks->take_from(*from.marks, now);
    all &= to.renewals->take_from(*from.renewals, now);
    if (to.sessions != nullptr && from.sessions != nullptr) {
        all &= to.sessions->take_from(*from.sessions, now);
    }
    return all;
}

} // namespace oauth::session
