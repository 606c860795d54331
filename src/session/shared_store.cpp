// SPDX-License-Identifier: MIT
// See shared_store.hpp. What the worker has opened is taken as it is for oauth_session_cache, unless a
// session has been revoked since; after that the record's numbers tell whether it is still the same.
#include "shared_store.hpp"
#include "hashed_key.hpp"

#include <algorithm>
#include <cstring>

namespace oauth::session {

namespace {

using core::Code;
using core::Error;

SharedRecords::Key key_of_handle(std::string_view handle) {
    return hashed_key("shared session", handle);
}

std::string place_at(const SharedRecords::Key& key) {
    return std::string(key.begin(), key.end());
}

SharedRecords::Key key_at(std::string_view place) {
    SharedRecords::Key key{};
    std::memcpy(key.data(), place.data(), std::min(place.size(), key.size()));
    return key;
}

} // namespace

std::optional<SharedStore::Key> SharedStore::key_of(std::string_view cookie, std::string_view base_url) {
    const auto handle = seals_.open_handle(cookie, base_url);
    return handle ? std::optional(key_of_handle(*handle)) : std::nullopt;
}

std::int64_t SharedStore::end_of(const Session& session, std::int64_t used_at) const {
    return parts_.idle == 0 ? session.expires_at : std::min(session.expires_at, used_at + parts_.idle);
}

SharedRecords::Fields SharedStore::fields_of(const Session& session) const {
    return {end_of(session, session.used_at), session.epoch, session.used_at, {}};
}

// Its end in the memory may be that of a shorter oauth_session_idle, which a reload has changed since.
void SharedStore::keep(const Key& key, const Session& session, const SharedRecords::Fields& fields) {
    const std::int64_t end = end_of(session, fields.used_at);
    if (fields.until < end) {
        records_.keep_until(key, end);
    }
}

OpenedSessionPointer SharedStore::remember(OpenedSessionPointer opened) {
    opened->store = this;
    opened->fresh_until = parts_.clock.steady_milliseconds() + parts_.reuse;
    // Never equal to a generation that was read before this moment: the first check always asks.
    opened->revocations_seen = parts_.ledger.generation() - 1;
    parts_.cache.insert(opened);
    return opened;
}

OpenedSessionPointer SharedStore::read(const Key& key, std::string_view cookie, std::string_view base_url) {
    auto found = records_.read(key);
    auto opened = found ? seals_.open(std::move(found->bytes), place_at(key), base_url) : nullptr;
    if (!opened || opened->session.epoch != found->fields.epoch) {
        return nullptr;
    }
    keep(key, opened->session, found->fields);
    opened->session.used_at = found->fields.used_at;
    opened->base_url = base_url;
    opened->cookie = cookie;
    opened->place = place_at(key);
    return remember(std::move(opened));
}

// Of one that was opened a while ago: only its numbers are asked for, unless it is another one by now.
OpenedSessionPointer SharedStore::renew(const OpenedSessionPointer& known) {
    const Key key = key_at(known->place);
    const auto fields = records_.find(key);
    if (!fields) {
        return nullptr;
    }
    if (fields->epoch != known->session.epoch) {
        return read(key, known->cookie, known->base_url);
    }
    keep(key, known->session, *fields);
    if (fields->used_at != known->session.used_at) {
        known->session.used_at = fields->used_at;
        known->accepted = false; // its times are planned again
    }
    known->fresh_until = parts_.clock.steady_milliseconds() + parts_.reuse;
    return known;
}

bool SharedStore::is_fresh(const OpenedSession& known) const {
    return known.revocations_seen == parts_.ledger.generation() &&
           parts_.clock.steady_milliseconds() < known.fresh_until;
}

// `known`: by this worker; null: it is not.
OpenedSessionPointer SharedStore::look_up(const OpenedSessionPointer* known, std::string_view cookie,
                                          std::string_view base_url) {
    if (known != nullptr) {
        return renew(OpenedSessionPointer(*known));
    }
    const auto key = key_of(cookie, base_url);
    return key ? read(*key, cookie, base_url) : nullptr;
}

std::optional<OpenedSessionPointer> SharedStore::peek(std::string_view cookie, std::string_view base_url) {
    const OpenedSessionPointer* known = parts_.cache.find(cookie, this, base_url);
    if (known != nullptr && is_fresh(**known)) {
        parts_.cache.count(figures::Cache::hit);
        return *known;
    }
    parts_.cache.count(figures::Cache::miss);
    return look_up(known, cookie, base_url);
}

core::Task<core::Result<Loaded>> SharedStore::load(std::string cookie, std::string base_url) {
    const OpenedSessionPointer* known = parts_.cache.find(cookie, this, base_url);
    const bool is_usable = known != nullptr && is_fresh(**known);
    co_return Loaded{is_usable ? *known : look_up(known, cookie, base_url)};
}

core::Task<core::Result<CookieParts>> SharedStore::create(const Session& session, std::string base_url) {
    auto handle = seals_.make_handle(base_url);
    if (!handle) {
        co_return handle.error();
    }
    const Key key = key_of_handle(handle->bytes);
    const auto sealed = seals_.seal(session, place_at(key), base_url);
    if (!sealed) {
        co_return sealed.error();
    }
    switch (records_.create(key, fields_of(session), sealed.value())) {
    case SharedRecords::Put::done:
        co_return std::move(handle->cookie);
    case SharedRecords::Put::moved:
        co_return recorded(Ledger::Revocation::moved).error();
    default:
        co_return recorded(Ledger::Revocation::full).error();
    }
}

core::Task<core::Result<Loaded>> SharedStore::touch(OpenedSessionPointer session) {
    const std::int64_t now = parts_.clock.now();
    const std::int64_t spacing = std::max<std::int64_t>(1, parts_.idle / 10);
    const auto fields = records_.touch(
        key_at(session->place), {now, end_of(session->session, now), now - spacing + 1, now + clock_skew});
    if (!fields) {
        co_return Loaded{nullptr};
    }
    session->session.used_at = fields->used_at;
    co_return Loaded{std::move(session)};
}

core::Task<core::Result<Replaced>> SharedStore::replace(OpenedSessionPointer before, const Session& next) {
    using Outcome = Replaced::Outcome;
    if (parts_.ledger.is_revoked(marks_of(before->session))) {
        co_return Replaced{Outcome::gone, {}, {}};
    }
    const Key key = key_at(before->place);
    const auto sealed = seals_.seal(next, before->place, before->base_url);
    if (!sealed) {
        co_return sealed.error();
    }
    switch (records_.replace(key, fields_of(next), sealed.value())) {
    case SharedRecords::Put::done:
        break;
    case SharedRecords::Put::gone:
        co_return Replaced{Outcome::gone, {}, {}};
    case SharedRecords::Put::newer:
        co_return Replaced{Outcome::newer, {read(key, before->cookie, before->base_url)}, {}};
    default:
        co_return recorded(Ledger::Revocation::full).error();
    }
    auto opened = make_opened_session();
    opened->session = next;
    opened->base_url = before->base_url;
    opened->cookie = before->cookie;
    opened->place = before->place;
    co_return Replaced{Outcome::saved, {remember(std::move(opened))}, {}};
}

core::Task<core::Result<Loaded>> SharedStore::take_over(OpenedSessionPointer before, std::string) {
    co_return Loaded{read(key_at(before->place), before->cookie, before->base_url)};
}

// It has ended when its record is gone. That it was revoked is noted beside, where there is room, for who
// asks the ledger alone.
core::Task<core::Status> SharedStore::erase(OpenedSessionPointer session) {
    if (records_.erase(key_at(session->place)) == SharedRecords::Put::moved) {
        co_return recorded(Ledger::Revocation::moved).error();
    }
    static_cast<void>(parts_.ledger.revoke(session->session.id, session->session.expires_at));
    co_return core::Done{};
}

core::Task<core::Status> SharedStore::erase_all(Whose whose) {
    const std::int64_t until = parts_.clock.now() + parts_.longest_session;
    co_return recorded(parts_.ledger.revoke_all(mark_of(whose), parts_.clock.now_in_milliseconds(), until));
}

core::Task<core::Result<bool>> SharedStore::use_once(std::string key, std::int64_t until) {
    co_return recorded(parts_.ledger.remember(key, until));
}

core::Task<core::Result<bool>> SharedStore::is_used(std::string key) {
    co_return parts_.ledger.is_remembered(key);
}

core::Task<core::Result<std::vector<bool>>>
SharedStore::which_live(std::vector<OpenedSessionPointer> sessions) {
    std::vector<bool> live;
    live.reserve(sessions.size());
    for (const OpenedSessionPointer& each : sessions) {
        live.push_back(records_.find(key_at(each->place)).has_value());
    }
    co_return live;
}

} // namespace oauth::session
