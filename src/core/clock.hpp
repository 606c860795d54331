// SPDX-License-Identifier: MIT
// The source of the current time; a test can replace it.
#pragma once

#include <cstdint>

namespace oauth::core {

class Clock {
public:
    virtual ~Clock() = default;
    virtual std::int64_t now() const noexcept = 0; // seconds since 1970, UTC
    // The same in milliseconds.
    virtual std::int64_t now_in_milliseconds() const noexcept { return now() * 1000; }
    // Milliseconds since some moment, whether or not the clock is set meanwhile.
    virtual std::int64_t steady_milliseconds() const noexcept = 0;
};

} // namespace oauth::core
