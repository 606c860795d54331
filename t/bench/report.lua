-- SPDX-License-Identifier: MIT
-- For wrk: what a run saw, as one line of JSON. Times in microseconds.
function done(summary, latency)
    local errors = summary.errors
    io.write(string.format('REPORT {"requests":%d,"duration":%d,"failed":%d,"p50":%d,"p99":%d,"max":%d}\n', summary.requests, summary.duration,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout, latency:percentile(50), latency:percentile(99), latency.max))
end
