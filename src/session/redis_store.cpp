// SPDX-License-Identifier: MIT
// See redis_store.hpp. A value is eight bytes of the session's epoch, for scripts to compare, and the sealed
// record. When it was last used is not in it: its time to live tells that. Ends of sessions, and what else is
// not about one session's record, are in redis_store_ends.cpp.
#include "redis_store.hpp"
#include "redis_scripts.hpp"

#include "../core/crypto.hpp"

#include <algorithm>
#include <array>

namespace oauth::session {

namespace {

using core::Code;
using core::Error;
using Again = net::RedisAsk::Again;

constexpr std::size_t epoch_size = 8;
constexpr std::size_t max_value = epoch_size + Sealer::max_sealed_bytes;

std::string epoch_of(const Session& session) {
    std::string bytes(epoch_size, '\0');
    for (std::size_t i = 0; i < epoch_size; ++i) {
        bytes[epoch_size - 1 - i] = static_cast<char>((session.epoch >> (8 * i)) & 0xff);
    }
    return bytes;
}

} // namespace

std::optional<std::string> RedisStore::place_of(std::string_view cookie, std::string_view base_url) {
    const auto handle = seals_.open_handle(cookie, base_url);
    return handle ? std::optional(keys_.session(*handle, base_url)) : std::nullopt;
}

std::optional<OpenedSessionPointer> RedisStore::peek(std::string_view cookie, std::string_view base_url) {
    if (const OpenedSessionPointer* cached = parts_.cache.find(cookie, this, base_url)) {
        if (parts_.clock.steady_milliseconds() < (*cached)->fresh_until) {
            parts_.cache.count(figures::Cache::hit);
            return *cached;
        }
        return std::nullopt;
    }
    if (!place_of(cookie, base_url)) {
        return OpenedSessionPointer();
    }
    return std::nullopt;
}

core::Task<core::Result<Loaded>> RedisStore::load(std::string cookie, std::string base_url) {
    auto place = place_of(cookie, base_url);
    if (!place) {
        co_return Loaded{};
    }
    Way way{std::move(*place), std::move(cookie), std::move(base_url)};
    co_return co_await read(std::move(way));
}

core::Task<core::Result<std::vector<Loaded>>> RedisStore::load_all(std::vector<std::string> cookies,
                                                                   std::string base_url) {
    std::vector<Loaded> all(cookies.size());
    std::vector<Way> ways;
    std::vector<std::size_t> numbers; // of the cookies that lead somewhere
    for (std::size_t i = 0; i < cookies.size(); ++i) {
        if (auto place = place_of(cookies[i], base_url)) {
            ways.push_back({std::move(*place), std::move(cookies[i]), base_url});
            numbers.push_back(i);
            parts_.cache.count(figures::Cache::miss);
        }
    }
    auto loaded = co_await read_all(std::move(ways));
    if (!loaded) {
        co_return loaded.error();
    }
    for (std::size_t i = 0; i < numbers.size(); ++i) {
        all[numbers[i]] = std::move(loaded.value()[i]);
    }
    co_return std::move(all);
}

core::Task<core::Result<Loaded>> RedisStore::read(Way way) {
    std::vector<Way> ways;
    ways.push_back(std::move(way));
    auto loaded = co_await read_all(std::move(ways));
    if (!loaded) {
        co_return loaded.error();
    }
    co_return std::move(loaded->front());
}

core::Task<core::Result<std::vector<Loaded>>> RedisStore::read_all(std::vector<Way> ways) {
    std::vector<Loaded> all;
    if (ways.empty()) {
        co_return std::move(all);
    }
    net::RedisAsk ask{{}, Again::harmless};
    ask.commands.reserve(2 * ways.size());
    for (const Way& way : ways) {
        ask.commands.push_back({"GETRANGE", way.place, "0", std::to_string(max_value)});
        ask.commands.push_back({"PTTL", way.place});
    }
    const auto replies = co_await parts_.redis.ask(std::move(ask));
    if (!replies) {
        co_return replies.error();
    }
    all.reserve(ways.size());
    for (std::size_t i = 0; i < ways.size(); ++i) {
        const net::RedisReply& value = replies.value()[2 * i];
        const net::RedisReply& left = replies.value()[2 * i + 1];
        if (value.kind != net::RedisReply::Kind::text || left.kind != net::RedisReply::Kind::number) {
            co_return Error{Code::store_unavailable, "Redis answers something else than was asked"};
        }
        all.push_back({open(ways[i], value.text, left.number)});
    }
    co_return std::move(all);
}

// Of the same epoch it is the same: then what was found out about it stays known.
OpenedSessionPointer RedisStore::open(const Way& way, std::string_view value,
                                      std::int64_t milliseconds_left) {
    if (value.size() <= epoch_size || value.size() > max_value) {
        return nullptr;
    }
    auto opened = seals_.open(std::string(value.substr(epoch_size)), way.place, way.base_url);
    if (!opened || value.substr(0, epoch_size) != epoch_of(opened->session)) {
        return nullptr;
    }
    Session& session = opened->session;
    session.used_at = used_at(session, way.place, milliseconds_left);
    const OpenedSessionPointer* cached = parts_.cache.find(way.cookie, this, way.base_url);
    if (cached != nullptr && (*cached)->session.epoch == session.epoch) {
        OpenedSession& known = **cached;
        known.accepted = known.accepted && known.session.used_at == session.used_at; // or planned again
        known.session.used_at = session.used_at;
        known.fresh_until = parts_.clock.steady_milliseconds() + parts_.reuse;
        return *cached;
    }
    return remember(std::move(opened), way);
}

OpenedSessionPointer RedisStore::remember(OpenedSessionPointer opened, const Way& way) {
    opened->store = this;
    opened->base_url = way.base_url;
    opened->cookie = way.cookie;
    opened->place = way.place;
    opened->fresh_until = parts_.clock.steady_milliseconds() + parts_.reuse;
    // Never equal to a generation that was read before this moment: the first check always asks.
    opened->revocations_seen = parts_.ledger.generation() - 1;
    parts_.cache.insert(opened);
    return opened;
}

// So long its key may live: the absolute end, and the idle time.
std::int64_t RedisStore::seconds_left(const Session& session) const {
    const std::int64_t left = std::max<std::int64_t>(1, session.expires_at - parts_.clock.now());
    return parts_.idle == 0 ? left : std::min(left, parts_.idle);
}

// Not waited for: whoever finds it undone does it again.
void RedisStore::expire(const Session& session, const std::string& place) {
    parts_.redis.tell({{{"EXPIRE", place, std::to_string(seconds_left(session))}}, Again::harmless});
}

// When it was used last, as its time to live tells. That may have been set under another oauth_session_idle:
// where it is too long, the next use is to shorten it.
std::int64_t RedisStore::used_at(const Session& session, const std::string& place,
                                 std::int64_t milliseconds_left) {
    constexpr std::int64_t tolerance = 2; // seconds: of clocks, and of rounding
    const std::int64_t now = parts_.clock.now();
    const std::int64_t left = (milliseconds_left + 999) / 1000;
    const bool lives_to_the_end = milliseconds_left < 0 || now + left >= session.expires_at - tolerance;
    if (parts_.idle == 0) {
        if (!lives_to_the_end) {
            expire(session, place);
        }
        return session.used_at;
    }
    if (lives_to_the_end && session.expires_at - now <= parts_.idle) {
        return now; // using it changes nothing any more
    }
    const std::int64_t used = now + left - parts_.idle;
    const bool is_too_long = lives_to_the_end || used > now + tolerance;
    return is_too_long ? now - std::max<std::int64_t>(1, parts_.idle / 10) : std::min(used, now);
}

core::Result<std::string> RedisStore::value_of(const Session& session, const std::string& place,
                                               std::string_view base_url) {
    const auto sealed = seals_.seal(session, place, base_url);
    if (!sealed) {
        return sealed.error();
    }
    return epoch_of(session) + sealed.value();
}

core::Task<core::Result<CookieParts>> RedisStore::create(const Session& session, std::string base_url) {
    auto handle = seals_.make_handle(base_url);
    if (!handle) {
        co_return handle.error();
    }
    const std::string place = keys_.session(handle->bytes, base_url);
    auto value = value_of(session, place, base_url);
    if (!value) {
        co_return value.error();
    }
    const Marks marks = marks_of(session);
    std::vector<std::string> indexes{keys_.indexes(marks.subject).front()};
    std::vector<std::string> ends = keys_.ends(marks.subject);
    for (const std::string* mark : {&marks.sid, &marks.subject_and_sid}) {
        if (!mark->empty()) {
            indexes.push_back(keys_.indexes(*mark).front());
            const auto more = keys_.ends(*mark);
            ends.insert(ends.end(), more.begin(), more.end());
        }
    }
    net::RedisCommand command{"EVAL", redis_scripts::create, std::to_string(1 + indexes.size() + ends.size()),
                              place};
    command.insert(command.end(), indexes.begin(), indexes.end());
    command.insert(command.end(), ends.begin(), ends.end());
    command.push_back(std::to_string(indexes.size()));
    command.push_back(std::move(value.value()));
    command.push_back(std::to_string(seconds_left(session)));
    command.push_back(std::to_string(std::max<std::int64_t>(1, session.expires_at - parts_.clock.now())));
    command.push_back(std::to_string(session.begun_at));
    net::RedisAsk ask{{std::move(command)}, Again::harmless};
    const auto replies = co_await parts_.redis.ask(std::move(ask));
    if (!replies) {
        co_return replies.error();
    }
    // Where the user was signed out meanwhile the cookie leads nowhere, which is what it would do a moment
    // later.
    co_return std::move(handle->cookie);
}

core::Task<core::Result<Loaded>> RedisStore::touch(OpenedSessionPointer session) {
    session->session.used_at = parts_.clock.now();
    expire(session->session, session->place);
    co_return Loaded{std::move(session)};
}

core::Task<core::Result<Replaced>> RedisStore::replace(OpenedSessionPointer before, const Session& next) {
    using Outcome = Replaced::Outcome;
    if (parts_.ledger.is_revoked(marks_of(before->session))) {
        co_return Replaced{Outcome::gone, {}, {}};
    }
    Way way{before->place, before->cookie, before->base_url};
    auto value = value_of(next, way.place, way.base_url);
    if (!value) {
        co_return value.error();
    }
    net::RedisAsk ask{{{"EVAL", redis_scripts::replace, "2", way.place, keys_.none(),
                        epoch_of(before->session), std::move(value.value())}},
                      Again::harmless};
    const auto replies = co_await parts_.redis.ask(std::move(ask));
    if (!replies) {
        co_return replies.error();
    }
    const net::RedisReply& outcome = replies->front();
    if (outcome.is_number(0)) {
        co_return Replaced{Outcome::gone, {}, {}};
    }
    if (!outcome.is_number(1)) {
        auto newer = co_await read(std::move(way));
        if (!newer) {
            co_return newer.error();
        }
        // Sent twice because an answer was lost: then it is this one that is there.
        const bool is_next = newer->session && newer->session->session.epoch == next.epoch &&
                             newer->session->session.checked_at == next.checked_at &&
                             newer->session->session.refresh_token == next.refresh_token;
        const Outcome how = newer->session ? (is_next ? Outcome::saved : Outcome::newer) : Outcome::gone;
        co_return Replaced{how, std::move(newer.value()), {}};
    }
    auto opened = make_opened_session();
    opened->session = next;
    co_return Replaced{Outcome::saved, {remember(std::move(opened), way)}, {}};
}

core::Task<core::Result<Loaded>> RedisStore::take_over(OpenedSessionPointer before, std::string) {
    Way way{before->place, before->cookie, before->base_url};
    co_return co_await read(std::move(way));
}

} // namespace oauth::session
