-- SPDX-License-Identifier: MIT
-- For wrk: what a run saw, as one line of JSON. Times in microseconds. Arguments: cookies=FILE, one a line, which are sent in turn; leaving=FILE, of sessions that are signed out,
-- one at each hundredth request, until there are no more; pause=MILLISECONDS, for which a connection rests after each answer; header=NAME, that has what
-- `cookies` gives in place of a cookie.
local staying, leaving, turn = {}, {}, 0

local function each_line(file)
    return file and io.lines(file) or function() end
end

function init(arguments)
    local given = {}
    for _, argument in ipairs(arguments) do
        local name, value = argument:match('^(%l+)=(.*)$')
        given[name] = value
    end
    local page, logout, host = wrk.path, '/auth/oauth/logout', wrk.headers['Host']
    -- Made once: nginx would sleep and wake more often with a client that is slower than it, and that costs more than what is measured.
    for cookie in each_line(given.cookies) do
        staying[#staying + 1] = wrk.format('GET', page, { Host = host, [given.header or 'Cookie'] = cookie })
    end
    for cookie in each_line(given.leaving) do
        leaving[#leaving + 1] = wrk.format('GET', logout, { Host = host, Cookie = cookie, ['Sec-Fetch-Site'] = 'same-origin' })
    end
    if given.cookies then
        function request()
            turn = turn + 1
            return turn % 100 == 0 and leaving[turn / 100] or staying[turn % #staying + 1]
        end
    end
    if given.pause then
        local pause = tonumber(given.pause)
        function delay()
            return pause
        end
    end
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format('REPORT {"requests":%d,"duration":%d,"failed":%d,"p50":%d,"p99":%d,"max":%d}\n', summary.requests, summary.duration,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout, latency:percentile(50), latency:percentile(99), latency.max))
end
