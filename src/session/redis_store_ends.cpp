// SPDX-License-Identifier: MIT
// How sessions in Redis end, and what nodes agree on there: what was used once, who refreshes a session,
// which of many are still there. Redis comes first, and the ledger of this node when it has answered: what is
// only noted here would come back elsewhere.
#include "redis_store.hpp"
#include "redis_scripts.hpp"

#include "../core/bytes.hpp"

#include <algorithm>
#include <map>

namespace oauth::session {

namespace {

using core::Code;
using core::Error;
using Again = net::RedisAsk::Again;

constexpr std::size_t asked_at_once = 256; // keys of one EXISTS

// Who asks: another one for each ask, and the same where it is sent twice.
core::Result<std::string> make_token(core::Random& random) {
    std::string bytes(16, '\0');
    if (!random.fill(bytes.data(), bytes.size())) {
        return Error{Code::internal_error, "no randomness"};
    }
    return core::base64url_encode(bytes);
}

} // namespace

// The zone may be full, or be left by a reload: Redis has it all the same, and this node's workers ask within
// oauth_session_cache.
core::Task<core::Status> RedisStore::erase(OpenedSessionPointer session) {
    const Marks marks = marks_of(session->session);
    net::RedisAsk ask{{{"UNLINK", session->place}}, Again::harmless};
    for (const std::string* mark : {&marks.subject, &marks.sid, &marks.subject_and_sid}) {
        for (const std::string& index : mark->empty() ? std::vector<std::string>() : keys_.indexes(*mark)) {
            ask.commands.push_back({"ZREM", index, session->place});
        }
    }
    const auto replies = co_await parts_.redis.ask(std::move(ask));
    if (!replies) {
        co_return replies.error();
    }
    session->fresh_until = 0;
    static_cast<void>(parts_.ledger.revoke(session->session.id, session->session.expires_at));
    co_return core::Done{};
}

core::Task<core::Status> RedisStore::erase_all(Whose whose) {
    const std::string mark = mark_of(whose);
    const std::vector<std::string> indexes = keys_.indexes(mark);
    const std::vector<std::string> ends = keys_.ends(mark);
    const std::int64_t moment = parts_.clock.now_in_milliseconds();
    net::RedisCommand command{"EVAL", redis_scripts::end_all, std::to_string(indexes.size() + ends.size())};
    command.insert(command.end(), indexes.begin(), indexes.end());
    command.insert(command.end(), ends.begin(), ends.end());
    command.push_back(std::to_string(moment));
    command.push_back(std::to_string(std::max<std::int64_t>(1, parts_.longest_sign_in)));
    net::RedisAsk ask{{std::move(command)}, Again::harmless};
    const auto replies = co_await parts_.redis.ask(std::move(ask));
    if (!replies) {
        co_return replies.error();
    }
    static_cast<void>(parts_.ledger.revoke_all(mark, moment, parts_.clock.now() + parts_.longest_session));
    co_return core::Done{};
}

// The same Redis by the same names: another prefix or another key makes others.
std::string RedisStore::reach() const {
    std::string text = std::to_string(reinterpret_cast<std::uintptr_t>(&parts_.redis));
    for (const std::string& name : keys_.indexes("")) {
        text.append(" ").append(name);
    }
    return text;
}

core::Task<core::Result<bool>> RedisStore::is_used(std::string key) {
    net::RedisAsk ask{{{"EXISTS", keys_.once(key)}}, Again::harmless};
    const auto replies = co_await parts_.redis.ask(std::move(ask));
    if (!replies) {
        co_return replies.error();
    }
    co_return replies->front().is_number(1);
}

core::Task<core::Result<bool>> RedisStore::use_once(std::string key, std::int64_t until) {
    const auto token = make_token(parts_.random);
    if (!token) {
        co_return token.error();
    }
    const std::int64_t seconds = std::max<std::int64_t>(1, until - parts_.clock.now());
    net::RedisAsk ask{{{"EVAL", redis_scripts::use_once, "2", keys_.once(key), keys_.none(), token.value(),
                        std::to_string(seconds)}},
                      Again::harmless};
    const auto replies = co_await parts_.redis.ask(std::move(ask));
    if (!replies) {
        co_return replies.error();
    }
    co_return replies->front().is_number(1);
}

core::Task<core::Result<std::string>> RedisStore::lock(OpenedSessionPointer session,
                                                       std::int64_t milliseconds) {
    auto token = make_token(parts_.random);
    if (!token) {
        co_return token.error();
    }
    net::RedisAsk ask{{{"EVAL", redis_scripts::lock, "2", keys_.lock(session->place), keys_.none(),
                        token.value(), std::to_string(std::max<std::int64_t>(1, milliseconds))}},
                      Again::harmless};
    const auto replies = co_await parts_.redis.ask(std::move(ask));
    if (!replies) {
        co_return replies.error();
    }
    co_return replies->front().is_text(token.value()) ? std::move(token.value()) : std::string();
}

core::Task<core::Result<bool>> RedisStore::keep_lock(OpenedSessionPointer session, std::string token,
                                                     std::int64_t milliseconds) {
    net::RedisAsk ask{{{"EVAL", redis_scripts::keep_lock, "1", keys_.lock(session->place), std::move(token),
                        std::to_string(std::max<std::int64_t>(1, milliseconds))}},
                      Again::harmless};
    const auto replies = co_await parts_.redis.ask(std::move(ask));
    if (!replies) {
        co_return replies.error();
    }
    co_return replies->front().is_number(1);
}

// Not waited for: where it is lost, its time ends it.
core::Task<core::Done> RedisStore::unlock(OpenedSessionPointer session, std::string token) {
    parts_.redis.tell({{{"EVAL", redis_scripts::unlock, "1", keys_.lock(session->place), std::move(token)}},
                       Again::harmless});
    co_return core::Done{};
}

// Nearly always all of them live, and a count tells; only of a group that lacks some each is asked for.
core::Task<core::Result<std::vector<bool>>>
RedisStore::which_live(std::vector<OpenedSessionPointer> sessions) {
    std::map<std::string_view, bool> lives; // by place: connections share sessions
    for (const OpenedSessionPointer& each : sessions) {
        lives.emplace(each->place, false);
    }
    net::RedisAsk counts{{}, Again::harmless};
    for (const auto& [place, is_live] : lives) {
        if (counts.commands.empty() || counts.commands.back().size() > asked_at_once) {
            counts.commands.push_back({"EXISTS"});
        }
        counts.commands.back().emplace_back(place);
    }
    if (counts.commands.empty()) {
        co_return std::vector<bool>();
    }
    const std::vector<net::RedisCommand> groups = counts.commands;
    const auto counted = co_await parts_.redis.ask(std::move(counts));
    if (!counted) {
        co_return counted.error();
    }
    net::RedisAsk rest{{}, Again::harmless};
    for (std::size_t i = 0; i < groups.size(); ++i) {
        const bool all = counted.value()[i].is_number(static_cast<std::int64_t>(groups[i].size() - 1));
        for (std::size_t j = 1; j < groups[i].size(); ++j) {
            lives.find(groups[i][j])->second = all;
            if (!all) {
                rest.commands.push_back({"EXISTS", groups[i][j]});
            }
        }
    }
    if (!rest.commands.empty()) {
        const std::vector<net::RedisCommand> asked = rest.commands;
        const auto found = co_await parts_.redis.ask(std::move(rest));
        if (!found) {
            co_return found.error();
        }
        for (std::size_t i = 0; i < asked.size(); ++i) {
            lives.find(asked[i][1])->second = found.value()[i].is_number(1);
        }
    }
    std::vector<bool> answer;
    answer.reserve(sessions.size());
    for (const OpenedSessionPointer& each : sessions) {
        answer.push_back(lives.find(each->place)->second);
    }
    co_return answer;
}

} // namespace oauth::session
