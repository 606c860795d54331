// SPDX-License-Identifier: MIT
// Flows of the worker that no request waits for: tokens that are revoked after a sign-out, a user who is
// asked for again. Each ends by its own timeouts; all of them end with this object. Bounded, so that
// strangers cannot pile them up. One object per configuration and worker.
#pragma once

#include "../core/result.hpp"
#include "../core/task.hpp"

#include <cstddef>
#include <exception>
#include <functional>
#include <list>
#include <memory>

namespace oauth::flow {

class Background {
public:
    // `failed` is given the exception that ended a flow.
    explicit Background(std::size_t most, std::function<void(std::exception_ptr)> failed)
        : most_(most), failed_(std::move(failed)) {}
    Background(const Background&) = delete;
    Background& operator=(const Background&) = delete;

    // What `task` refers to outlives this object. False: there are too many already, and it is not begun.
    bool start(core::Task<core::Done> task);

    std::size_t size() const { return running_; }

private:
    struct Entry {
        std::unique_ptr<core::Flow<core::Done>> flow;
        bool ended = false;
    };

    std::size_t most_;
    std::function<void(std::exception_ptr)> failed_;
    std::size_t running_ = 0;
    std::list<Entry> entries_;
};

} // namespace oauth::flow
