// SPDX-License-Identifier: MIT
// See check.hpp. Once a refresh token is spent, what it was spent for is kept or given back, never lost: the
// session is read again under the lock, saved only in place of the epoch that was read, and a refusal ends it
// only if nobody else has renewed it meanwhile.
#include "check.hpp"

#include "asking.hpp"
#include "check_round.hpp"
#include "token_return.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <utility>

namespace oauth::flow {

namespace {

using core::Code;
using core::Error;
using session::Lease;
using session::Loaded;
using session::OpenedSessionPointer;
using RenewalEnd = session::Ledger::RenewalEnd;

constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t lock_held_for = 10000; // milliseconds, and kept as long as the check runs
constexpr std::int64_t lock_kept_every = 3000;
constexpr std::int64_t again_in = 10; // seconds
constexpr unsigned attempts_to_save = 3;
constexpr std::int64_t between_attempts = 500; // milliseconds

// Longer than all that a check may wait for.
std::int64_t lease_seconds(const Site& site) {
    constexpr std::int64_t calls = 12; // metadata, token, keys, userinfo, and lists of a type's API
    constexpr std::int64_t operations = 8;
    const auto milliseconds = site.options.http_timeout * calls + site.options.store_timeout * operations;
    return milliseconds.count() / 1000 + 30;
}

bool needs_new_token(const Site& site, const session::Session& session) {
    return site.options.keep_tokens && !session.refresh_token.empty() && session.access_expires_at != 0 &&
           site.clock.now() >= session.access_expires_at;
}

// ---- The worker's part

// One check, from the lock to its end.
struct Check {
    Site& site;
    Provider& provider;
    OpenedSessionPointer before;
    std::shared_ptr<Round> round;
    Attempt attempt = {};
    std::string token = {}; // of the lock

    session::Renewal renewal() const { return session::renewal_of(before->session); }
    void end(RenewalEnd how, std::string_view handover = "") const {
        if (!site.ledger.end_renewal(renewal(), how, handover)) {
            provider.report_fault("the zone has no room for what leads a browser's other requests from a "
                                  "refreshed session's former cookie to its new one: raise oauth_zone");
        }
    }
};

core::Task<core::Done> keep_lock(Site& site, OpenedSessionPointer session, std::string token,
                                 std::shared_ptr<Round> round) {
    while (!round->is_over) {
        co_await site.timers.sleep(lock_kept_every);
        if (!round->is_over) {
            static_cast<void>(co_await site.store->keep_lock(session, token, lock_held_for));
        }
    }
    co_return core::Done{};
}

Loaded put_off(const Check& check, const std::string& why, const std::string& fault) {
    check.end(RenewalEnd::failed);
    check.provider.count_refresh(figures::Refresh::failed);
    check.provider.report_fault("session " + session::log_id(check.before->session) +
                                    " could not be checked, lives on, and is checked again later: " + why,
                                fault);
    return Loaded{check.before};
}

Loaded put_off(const Check& check, const std::string& why) {
    return put_off(check, why, why);
}

// Meanwhile, which has deleted its cookie: what the browser has now is of another sign-in.
Loaded signed_out() {
    Loaded none;
    none.is_superseded = true;
    return none;
}

// Somebody else has renewed it.
Loaded use(const Check& check, Loaded now) {
    check.end(RenewalEnd::done);
    return now;
}

core::Task<Loaded> end_session(Check& check, std::string why);

// What cannot be saved is given back, except what the session that lives on still has.
void give_back_unsaved(const Check& check, const session::Session& next) {
    session::Session unsaved = next;
    if (unsaved.refresh_token == check.before->session.refresh_token) {
        unsaved.refresh_token.clear();
    }
    if (unsaved.access_token == check.before->session.access_token) {
        unsaved.access_token.clear();
    }
    give_back_tokens(check.site, unsaved);
}

core::Task<Loaded> save(Check& check, session::Session& next, RenewalEnd how) {
    core::Result<session::Replaced> replaced = Error{};
    for (unsigned attempt = 1;; ++attempt) {
        replaced = co_await check.site.store->replace(check.before, next);
        const bool is_too_large = !replaced && replaced.error().code == Code::session_too_large;
        if (is_too_large && make_smaller(check.site.options, next)) {
            continue;
        }
        if (replaced || is_too_large || attempt >= attempts_to_save) {
            break;
        }
        co_await check.site.timers.sleep(between_attempts);
    }
    if (!replaced && replaced.error().code == Code::session_too_large) { // nor will it fit the next time
        give_back_tokens(check.site, next);
        co_return co_await end_session(check, replaced.error().detail);
    }
    if (!replaced) {
        give_back_unsaved(check, next);
        co_return put_off(check, replaced.error().detail);
    }
    const auto counted = how == RenewalEnd::done ? figures::Refresh::ok : figures::Refresh::failed;
    switch (replaced->outcome) {
    case session::Replaced::Outcome::saved:
        check.end(how, replaced->handover);
        check.provider.count_refresh(counted);
        break;
    case session::Replaced::Outcome::newer:
        check.end(RenewalEnd::done);
        check.provider.count_refresh(counted);
        break;
    case session::Replaced::Outcome::gone: // signed out meanwhile
        give_back_tokens(check.site, next);
        check.end(RenewalEnd::refused);
        check.provider.count_refresh(figures::Refresh::ended);
        co_return signed_out();
    }
    co_return std::move(replaced->now);
}

core::Task<Loaded> end_session(Check& check, std::string why) {
    auto now = co_await check.site.store->load(check.before->cookie, check.before->base_url);
    if (now && now->session && now->session->session.epoch != check.before->session.epoch) {
        co_return use(check, std::move(now.value()));
    }
    if (!check.before->place.empty()) { // a cookie ends by its epoch alone: another node may have renewed it
        const core::Status erased = co_await check.site.store->erase(check.before);
        if (!erased) {
            co_return put_off(check, erased.error().detail);
        }
    }
    check.end(RenewalEnd::refused);
    check.provider.count_refresh(figures::Refresh::ended);
    check.provider.report("has ended session " + session::log_id(check.before->session) + ": " + why);
    co_return Loaded{};
}

// Under the lock.
core::Task<Loaded> check_locked(Check& check) {
    auto current = co_await check.site.store->load(check.before->cookie, check.before->base_url);
    if (!current) {
        co_return put_off(check, current.error().detail);
    }
    if (!current->session || check.site.ledger.is_revoked(session::marks_of(check.before->session))) {
        check.end(RenewalEnd::refused);
        co_return signed_out();
    }
    if (current->session->session.epoch != check.before->session.epoch) {
        co_return use(check, std::move(current.value()));
    }
    check.site.store->read_id_token(*check.before);
    Said asked = co_await ask(check.site, check.provider, check.before->session, check.attempt);
    if (asked.outcome == Said::Outcome::ended) {
        co_return co_await end_session(check, std::move(asked.why));
    }
    if (!asked.next) {
        co_return put_off(check, asked.why, asked.fault);
    }
    if (asked.outcome == Said::Outcome::away) {
        check.provider.report_fault("session " + session::log_id(check.before->session) +
                                        " has new tokens, but could not be checked: " + asked.why,
                                    asked.fault);
        co_return co_await save(check, *asked.next, RenewalEnd::tokens_alone);
    }
    check.provider.works();
    co_return co_await save(check, *asked.next, RenewalEnd::done);
}

// What a redeemed token has brought may be lost by a fault here, as for want of memory. It is not redeemed
// again, which would look like theft: the session ends, and that is said.
core::Task<Loaded> check_to_the_end(Check& check) {
    std::exception_ptr trouble;
    try {
        co_return co_await check_locked(check);
    } catch (...) {
        trouble = std::current_exception();
    }
    if (!check.attempt.is_redeemed) {
        std::rethrow_exception(trouble);
    }
    Loaded outcome =
        co_await end_session(check, "what its refresh token was redeemed for has been lost here");
    check.end(RenewalEnd::refused); // also where the store does not answer
    const bool is_renewed = outcome.session && outcome.session != check.before;
    co_return is_renewed ? std::move(outcome) : Loaded{};
}

// Waits for another node that has the lock, and uses what it got.
core::Task<Loaded> check_alone(Check& check) {
    Site& site = check.site;
    const std::int64_t give_up_at = site.clock.now() + lease_seconds(site) / 2;
    for (std::int64_t pause = 100;; pause = std::min<std::int64_t>(pause * 2, 1000)) {
        auto locked = co_await site.store->lock(check.before, lock_held_for);
        if (!locked) {
            co_return put_off(check, locked.error().detail);
        }
        if (!locked->empty()) {
            check.token = std::move(locked.value());
            break;
        }
        if (site.clock.now() >= give_up_at) {
            co_return put_off(check, "another node is at it and does not end");
        }
        if (!needs_new_token(site, check.before->session)) {
            check.round->let_go(Loaded{check.before});
        }
        co_await site.timers.sleep(pause);
        auto now = co_await site.store->load(check.before->cookie, check.before->base_url);
        if (now && now->session && now->session->session.epoch != check.before->session.epoch) {
            co_return use(check, std::move(now.value()));
        }
    }
    if (!check.before->place.empty()) {
        core::Task<core::Done> keeper = keep_lock(site, check.before, check.token, check.round);
        if (!site.background.start(std::move(keeper))) { // the lock would run out before the check does
            static_cast<void>(co_await site.store->unlock(check.before, check.token));
            co_return put_off(check, "too much is under way already");
        }
    }
    Loaded outcome = co_await check_to_the_end(check);
    static_cast<void>(co_await site.store->unlock(check.before, check.token));
    co_return std::move(outcome);
}

core::Task<core::Done> run(Site& site, Provider& provider, OpenedSessionPointer session,
                           std::uint32_t failures, std::shared_ptr<Round> round) {
    const core::Attendance attendance(site.ready); // a spent token is not to be lost with the process
    Check check{site, provider, session, round, {failures}}; // which needs no memory
    std::exception_ptr trouble;
    try {
        Loaded outcome = co_await check_alone(check);
        round->end(std::move(outcome));
    } catch (...) {
        trouble = std::current_exception();
    }
    if (trouble) {
        round->end(Loaded{check.attempt.is_redeemed ? nullptr : session});
        provider.count_refresh(check.attempt.is_redeemed ? figures::Refresh::ended
                                                         : figures::Refresh::failed);
        check.end(check.attempt.is_redeemed ? RenewalEnd::refused : RenewalEnd::failed);
        std::rethrow_exception(trouble);
    }
    co_return core::Done{};
}

// ---- The request's part

void look_again(const Site& site, const OpenedSessionPointer& session, std::int64_t at) {
    session->check_at = std::max(at, site.clock.now() + 1);
}

// Its refresh token is spent. A store that has lost what came of it would have the session live on without
// ever being checked again.
core::Task<core::Result<Loaded>> take_over(Site& site, Provider& provider, OpenedSessionPointer session,
                                           std::string handover) {
    auto now = co_await site.store->take_over(session, std::move(handover));
    if (!now) {
        co_return now.error();
    }
    if (!now->session) {
        Loaded none;
        none.is_superseded = session->place.empty();
        co_return std::move(none);
    }
    if (now->session->session.epoch > session->session.epoch) {
        co_return std::move(now.value());
    }
    const core::Status erased = co_await site.store->erase(session);
    if (!erased) {
        co_return erased.error();
    }
    provider.report("session " + session::log_id(session->session) +
                    " has ended: the store has lost what its refresh token was redeemed for");
    co_return Loaded{};
}

// Null: there is too much under way. The lease does not stay with nobody.
std::shared_ptr<Round> begin(Site& site, Provider& provider, const OpenedSessionPointer& session,
                             std::uint32_t failures) {
    std::shared_ptr<Round> round;
    try {
        round = std::make_shared<Round>(site.ready);
        if (site.background.start(run(site, provider, session, failures, round))) {
            return round;
        }
    } catch (...) {
        site.ledger.end_renewal(session::renewal_of(session->session), RenewalEnd::failed, "");
        throw;
    }
    site.ledger.end_renewal(session::renewal_of(session->session), RenewalEnd::failed, "");
    return nullptr;
}

} // namespace

std::int64_t check_due_at(const Site& site, const session::Session& session) {
    if (site.options.refresh == 0) {
        return never;
    }
    // The clock has been set back since, or another node's is ahead. By a minute that is as good as now, by
    // more nobody knows when it was.
    const std::int64_t now = site.clock.now();
    if (session.checked_at > now + session::clock_skew) {
        return now;
    }
    const std::int64_t checked_at = std::min(session.checked_at, now);
    std::int64_t due = checked_at + site.options.refresh;
    if (site.options.keep_tokens && !session.refresh_token.empty() && session.access_expires_at != 0) {
        constexpr std::int64_t not_before = 5; // whatever the provider calls the token's lifetime
        due = std::min(due, std::max(session.access_expires_at, checked_at + not_before));
    }
    return due;
}

core::Task<core::Result<Loaded>> check(Site& site, OpenedSessionPointer session) {
    Provider* provider = site.find_provider(session->session.identity.provider);
    for (std::int64_t pause = 20;; pause = std::min<std::int64_t>(pause * 2, 200)) {
        const std::int64_t now = site.clock.now();
        Lease lease = site.ledger.lease(session::renewal_of(session->session), now + lease_seconds(site));
        switch (lease.state) {
        case Lease::State::taken: {
            const auto round = begin(site, *provider, session, lease.failures);
            if (!round) {
                provider->count_refresh(figures::Refresh::failed);
                provider->report_fault("sessions cannot be checked: too much is under way already");
                look_again(site, session, now + again_in);
                co_return Loaded{session};
            }
            const core::Attendance attendance(site.ready);
            Loaded outcome = co_await Joined(round);
            if (outcome.session == session) {
                look_again(site, session, now + 1);
            }
            co_return std::move(outcome);
        }
        case Lease::State::done:
        case Lease::State::spent:
            co_return co_await take_over(site, *provider, session, std::move(lease.handover));
        case Lease::State::refused:
            co_return Loaded{};
        case Lease::State::later:
            look_again(site, session, lease.at);
            co_return Loaded{session};
        case Lease::State::full:
            provider->count_refresh(figures::Refresh::failed);
            provider->report_fault("sessions cannot be checked: the zone is full: raise oauth_zone");
            look_again(site, session, now + again_in);
            co_return Loaded{session};
        case Lease::State::busy:
            if (!needs_new_token(site, session->session)) {
                look_again(site, session, now + 1);
                co_return Loaded{session};
            }
            break;
        }
        const core::Attendance attendance(site.ready);
        co_await site.timers.sleep(pause);
    }
}

} // namespace oauth::flow
