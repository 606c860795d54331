// SPDX-License-Identifier: MIT
// A timer of the worker's own, for nobody's request. It does not hold a worker that is to end: what a visitor
// waits for does (core::Attendance).
#pragma once

#include "../ngx.hpp"

#include <cstdint>
#include <functional>
#include <optional>

namespace oauth::ngx {

class WorkerTimer {
public:
    explicit WorkerTimer(std::function<void()> due);
    WorkerTimer(const WorkerTimer&) = delete;
    WorkerTimer& operator=(const WorkerTimer&) = delete;
    ~WorkerTimer();

    // In so many milliseconds, in place of what was set before; nullopt: not at all.
    void set(std::optional<std::int64_t> milliseconds) noexcept;

private:
    static void on_timer(ngx_event_t* event);

    std::function<void()> due_;
    ngx_connection_t connection_{}; // nginx asks a timer's connection for its number when it logs
    ngx_event_t event_{};
};

} // namespace oauth::ngx
