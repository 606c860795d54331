// SPDX-License-Identifier: MIT
// See renewals.hpp.
#include "renewals.hpp"
#include "hashed_key.hpp"
#include "shared_state.hpp"

#include <algorithm>

namespace oauth::session {

namespace {

// tokens_alone: done, and the next epoch is not to be checked before a time. stranded: done at a time, and
// nothing leads to the next epoch.
enum class Phase : std::uint32_t { leased, taken_over, done, refused, later, tokens_alone, stranded };

constexpr std::int64_t kept_after_seen = 60;
constexpr std::int64_t stranded_for = 60; // and whoever has the former cookie goes on for so long

// What a record's fields mean here.
Phase phase_of(const RecordTable::Fields& fields) {
    return static_cast<Phase>(fields.numbers[0]);
}

RecordTable::Fields make_fields(const Renewal& renewal, Phase phase, std::int64_t at,
                                std::uint32_t failures) {
    return {renewal.ends_at, renewal.epoch, at, {static_cast<std::uint32_t>(phase), failures}};
}

std::int64_t at_of(const RecordTable::Fields& fields) {
    return fields.used_at; // the end of the lease, by steady time, or of the pause
}

std::uint32_t failures_of(const RecordTable::Fields& fields) {
    return fields.numbers[1];
}

bool is_done(const RecordTable::Fields& fields) {
    const Phase phase = phase_of(fields);
    return phase == Phase::done || phase == Phase::tokens_alone || phase == Phase::stranded;
}

// Of one that is done: when the next epoch may be checked, after failures.
std::int64_t paused_until(const RecordTable::Fields& fields) {
    const bool is_stranded = phase_of(fields) == Phase::stranded;
    return is_stranded ? at_of(fields) + pause_after(failures_of(fields) - 1) : at_of(fields);
}

} // namespace

Renewals renewals_of(SharedState& state, const core::Clock& clock) {
    return {*state.renewals, {clock.now(), state.kept.now(clock), clock.steady_milliseconds() / 1000}};
}

Renewals::Keys Renewals::keys_of(std::string_view id) {
    return {hashed_key("renewal", id), hashed_key("handover", id)};
}

Lease Renewals::lease(const Keys& keys, const Renewal& renewal, std::int64_t lease_until) {
    using State = Lease::State;
    const std::int64_t held_until = steady_ + (lease_until - now_);
    const auto take = [&](Phase phase, std::uint32_t failures) {
        table_.update(keys.state, make_fields(renewal, phase, held_until, failures), kept_);
        return Lease{State::taken, {}, lease_until, failures};
    };
    const auto known = table_.find(keys.state, kept_);
    if (!known) {
        const auto fields = make_fields(renewal, Phase::leased, held_until, 0);
        const bool is_kept = table_.insert(keys.state, fields, {}, kept_) == RecordTable::Put::done;
        return is_kept ? Lease{State::taken, {}, lease_until} : Lease{};
    }
    if (known->epoch < renewal.epoch) {
        const bool has_failed = is_done(*known) && failures_of(*known) != 0;
        if (has_failed && known->epoch + 1 == renewal.epoch && pauses(paused_until(*known))) {
            return {State::later, {}, paused_until(*known)};
        }
        return take(Phase::leased, has_failed ? failures_of(*known) : 0);
    }
    if (known->epoch > renewal.epoch) {
        return phase_of(*known) == Phase::refused ? Lease{State::spent, {}, 0} : follow(keys, renewal);
    }
    switch (phase_of(*known)) {
    case Phase::leased: // whoever let it run out was killed, or is far too slow
        return steady_ < at_of(*known) ? busy(keys, *known, held_until)
                                       : take(Phase::taken_over, failures_of(*known));
    case Phase::taken_over: // the token may have been spent twice by now: nobody tries a third time
        return steady_ < at_of(*known) ? busy(keys, *known, held_until) : Lease{State::refused, {}, 0};
    case Phase::done:
    case Phase::tokens_alone:
        return follow(keys, renewal);
    case Phase::later:
        return pauses(at_of(*known)) ? Lease{State::later, {}, at_of(*known)}
                                     : take(Phase::leased, failures_of(*known));
    case Phase::stranded: {
        const std::int64_t until = at_of(*known) + stranded_for;
        const bool is_recent = now_ < until && now_ >= at_of(*known);
        return is_recent ? Lease{State::later, {}, until} : Lease{State::spent, {}, 0};
    }
    case Phase::refused:
        break;
    }
    return {State::refused, {}, 0};
}

// Nobody waits longer than a lease of now lasts, though oauth_http_timeout may have been shortened since.
Lease Renewals::busy(const Keys& keys, RecordTable::Fields known, std::int64_t held_until) {
    if (at_of(known) > held_until) {
        known.used_at = held_until;
        table_.update(keys.state, known, kept_);
    }
    return {Lease::State::busy, {}, now_ + (at_of(known) - steady_)};
}

// Nor than the longest pause.
bool Renewals::pauses(std::int64_t until) const {
    return now_ < until && until <= now_ + longest_pause;
}

// To an epoch after that one, if it is still known what leads there.
Lease Renewals::follow(const Keys& keys, const Renewal& renewal) {
    auto found = table_.read(keys.handover, kept_);
    if (!found || found->fields.epoch <= renewal.epoch) {
        return {Lease::State::spent, {}, 0};
    }
    return {Lease::State::done, std::move(found->bytes), 0};
}

// Whoever has it done knows best, even where his lease was taken over meanwhile and the other was refused.
bool Renewals::end(const Keys& keys, const Renewal& renewal, Ledger::RenewalEnd end,
                   std::string_view handover) {
    const auto known = table_.find(keys.state, kept_);
    if (!known || known->epoch != renewal.epoch || is_done(*known)) {
        return true;
    }
    const std::uint32_t failures = failures_of(*known);
    const std::int64_t next_attempt_at = now_ + pause_after(failures);
    const bool goes_on = end == Ledger::RenewalEnd::done || end == Ledger::RenewalEnd::tokens_alone;
    if (goes_on && !keep_handover(keys, renewal, handover)) {
        const bool has_failed = end == Ledger::RenewalEnd::tokens_alone;
        table_.update(keys.state, make_fields(renewal, Phase::stranded, now_, has_failed ? failures + 1 : 0),
                      kept_);
        return false;
    }
    switch (end) {
    case Ledger::RenewalEnd::done:
        table_.update(keys.state, make_fields(renewal, Phase::done, 0, 0), kept_);
        break;
    case Ledger::RenewalEnd::tokens_alone:
        table_.update(keys.state, make_fields(renewal, Phase::tokens_alone, next_attempt_at, failures + 1),
                      kept_);
        break;
    case Ledger::RenewalEnd::refused:
        table_.update(keys.state, make_fields(renewal, Phase::refused, 0, 0), kept_);
        break;
    case Ledger::RenewalEnd::failed:
        if (phase_of(*known) != Phase::refused) {
            table_.update(keys.state, make_fields(renewal, Phase::later, next_attempt_at, failures + 1),
                          kept_);
        }
        break;
    }
    return true;
}

bool Renewals::keep_handover(const Keys& keys, const Renewal& renewal, std::string_view handover) {
    if (handover.empty()) {
        table_.erase(keys.handover); // of the epoch before
        return true;
    }
    const RecordTable::Fields fields{renewal.ends_at, renewal.epoch + 1, 0, {}};
    auto put = table_.insert(keys.handover, fields, handover, kept_);
    if (put == RecordTable::Put::present) {
        put = table_.replace(keys.handover, fields, handover, kept_);
    }
    return put == RecordTable::Put::done;
}

std::optional<std::string> Renewals::successor(const Keys& keys, const Renewal& renewal) {
    const auto known = table_.find(keys.state, kept_);
    if (!known || known->epoch < renewal.epoch) {
        return std::nullopt;
    }
    const bool is_refused = phase_of(*known) == Phase::refused;
    if (known->epoch == renewal.epoch && !is_done(*known) && !is_refused) {
        return std::nullopt;
    }
    return is_refused ? "" : follow(keys, renewal).handover;
}

void Renewals::saw(const Keys& keys, const Renewal& renewal) {
    auto found = table_.find(keys.handover, kept_);
    if (found && found->epoch <= renewal.epoch && found->until > now_ + kept_after_seen) {
        found->until = now_ + kept_after_seen;
        table_.update(keys.handover, *found, kept_);
    }
}

} // namespace oauth::session
