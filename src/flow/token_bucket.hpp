// SPDX-License-Identifier: MIT
// How often something may be done that anybody can ask for: so many times at once, then one each so many
// seconds. Without a thread of its own: the caller says what time it is.
#pragma once

#include <algorithm>
#include <cstdint>

namespace oauth::flow {

class TokenBucket {
public:
    TokenBucket(int capacity, std::int64_t refill_seconds)
        : capacity_(capacity), refill_(refill_seconds), tokens_(capacity) {}

    bool take(std::int64_t now) noexcept {
        const std::int64_t refills =
            refilled_at_ == 0 ? 0 : std::max<std::int64_t>(0, now - refilled_at_) / refill_;
        if (refills > 0) {
            tokens_ = static_cast<int>(std::min<std::int64_t>(capacity_, tokens_ + refills));
        }
        if (refills > 0 || refilled_at_ == 0 || now < refilled_at_) {
            refilled_at_ = now;
        }
        if (tokens_ == 0) {
            return false;
        }
        --tokens_;
        return true;
    }

private:
    int capacity_;
    std::int64_t refill_;
    int tokens_;
    std::int64_t refilled_at_ = 0;
};

} // namespace oauth::flow
