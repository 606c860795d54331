-- SPDX-License-Identifier: MIT
-- For wrk: what a run saw, as one line of JSON. Times in microseconds. With arguments: a file of cookies, one a line, which are sent in turn; and a file of cookies of sessions
-- that are signed out, one at each hundredth request, until there are no more.
local cookies, leaving, turn = {}, {}, 0

local function lines(file)
    local all = {}
    for line in io.lines(file) do
        all[#all + 1] = line
    end
    return all
end

function init(arguments)
    if not arguments[1] then
        return
    end
    cookies = lines(arguments[1])
    leaving = arguments[2] and lines(arguments[2]) or {}
    local page, logout = wrk.path, '/auth/oauth/logout'
    function request()
        turn = turn + 1
        local leaver = turn % 100 == 0 and leaving[turn / 100]
        local headers = { Host = wrk.headers['Host'], Cookie = leaver or cookies[turn % #cookies + 1] }
        if leaver then
            headers['Sec-Fetch-Site'] = 'same-origin'
        end
        return wrk.format('GET', leaver and logout or page, headers)
    end
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format('REPORT {"requests":%d,"duration":%d,"failed":%d,"p50":%d,"p99":%d,"max":%d}\n', summary.requests, summary.duration,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout, latency:percentile(50), latency:percentile(99), latency.max))
end
