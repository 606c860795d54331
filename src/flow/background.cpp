// SPDX-License-Identifier: MIT
// See background.hpp. A flow that has ended is destroyed when the next one begins: at its end it still runs.
#include "background.hpp"

#include <utility>

namespace oauth::flow {

bool Background::start(core::Task<core::Done> task) {
    entries_.remove_if([](const Entry& entry) { return entry.ended; });
    if (running_ >= most_) {
        return false;
    }
    Entry& entry = entries_.emplace_back();
    try {
        entry.flow = std::make_unique<core::Flow<core::Done>>(
            std::move(task), [this, &entry](std::optional<core::Done>, const std::exception_ptr& exception) {
                entry.ended = true;
                --running_;
                if (exception) {
                    failed_(exception);
                }
            });
    } catch (...) {
        entries_.pop_back();
        throw;
    }
    ++running_;
    entry.flow->start();
    return true;
}

} // namespace oauth::flow
