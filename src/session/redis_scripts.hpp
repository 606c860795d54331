// SPDX-License-Identifier: MIT
// What has to be done in Redis as one step. A server without memory left refuses a script that begins with a
// SET, and none that begins with an UNLINK, of nothing too: so sign-outs, refreshes and what logout tokens
// need go on, and only sign-ins do not.
#pragma once

namespace oauth::session::redis_scripts {

// KEYS: the session, its indexes, then the ends of its marks. ARGV: how many indexes, value, seconds until
// the session may be forgotten, seconds until its end, when its sign-in began. 0: it has ended meanwhile.
inline constexpr const char* create = R"(
local indexes = tonumber(ARGV[1])
for i = indexes + 2, #KEYS do
  local ended = redis.call('GET', KEYS[i])
  if ended and tonumber(ended) >= tonumber(ARGV[5]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
local now = tonumber(redis.call('TIME')[1])
for i = 2, indexes + 1 do
  redis.call('ZADD', KEYS[i], now + tonumber(ARGV[4]), KEYS[1])
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now)
  redis.call('EXPIRE', KEYS[i], ARGV[4], 'NX')
  redis.call('EXPIRE', KEYS[i], ARGV[4], 'GT')
end
return 1
)";

// KEYS: the session, and one that is not there. ARGV: the epoch that it has, another value. 0: it is gone, 1:
// done, 2: it has another epoch.
inline constexpr const char* replace = R"(
local epoch = redis.call('GETRANGE', KEYS[1], 0, 7)
if epoch == '' then return 0 end
if epoch ~= ARGV[1] then return 2 end
redis.call('UNLINK', KEYS[2])
redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
return 1
)";

// KEYS: indexes, then as many ends. ARGV: the moment, and for how many seconds sign-ins can be under way that
// have begun before.
inline constexpr const char* end_all = R"(
local indexes = #KEYS / 2
for i = 1, indexes do
  local sessions = redis.call('ZRANGE', KEYS[i], 0, -1)
  redis.call('UNLINK', KEYS[i])
  for first = 1, #sessions, 1000 do
    redis.call('UNLINK', unpack(sessions, first, math.min(first + 999, #sessions)))
  end
end
for i = indexes + 1, #KEYS do
  local ended = redis.call('GET', KEYS[i])
  if not ended or tonumber(ended) < tonumber(ARGV[1]) then
    redis.call('SET', KEYS[i], ARGV[1], 'EX', ARGV[2])
  end
end
return 1
)";

// KEYS: what is used, and one that is not there. ARGV: who asks, seconds. 1: first; so it is for whoever asks
// a second time because the answer was lost.
inline constexpr const char* use_once = R"(
local user = redis.call('GET', KEYS[1])
if user then return user == ARGV[1] and 1 or 0 end
redis.call('UNLINK', KEYS[2])
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
)";

// KEYS: the lock, and one that is not there. ARGV: who asks, milliseconds. Who has it; so it is whoever asks
// a second time because the answer was lost.
inline constexpr const char* lock = R"(
local holder = redis.call('GET', KEYS[1])
if holder then return holder end
redis.call('UNLINK', KEYS[2])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
)";

// KEYS: the lock. ARGV: who holds it, milliseconds. 0: somebody else has it, or nobody.
inline constexpr const char* keep_lock = R"(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
)";

inline constexpr const char* unlock = R"(
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('UNLINK', KEYS[1]) end
return 0
)";

} // namespace oauth::session::redis_scripts
