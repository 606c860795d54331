// SPDX-License-Identifier: MIT
// See timer.hpp.
#include "timer.hpp"
#include "../boundary.hpp"

#include <utility>

namespace oauth::ngx {

WorkerTimer::WorkerTimer(std::function<void()> due) : due_(std::move(due)) {
    connection_.fd = static_cast<ngx_socket_t>(-1);
    connection_.data = this;
    event_.data = &connection_;
    event_.handler = guarded<on_timer>;
    event_.log = ngx_cycle->log;
    event_.cancelable = 1;
}

WorkerTimer::~WorkerTimer() {
    set(std::nullopt);
}

void WorkerTimer::on_timer(ngx_event_t* event) {
    static_cast<WorkerTimer*>(static_cast<ngx_connection_t*>(event->data)->data)->due_();
}

void WorkerTimer::set(std::optional<std::int64_t> milliseconds) noexcept {
    // Deleted first, because nginx would keep an old expiry that is within 300 ms of the new one.
    if (event_.timer_set) {
        ngx_del_timer(&event_);
    }
    if (milliseconds) {
        event_.log = ngx_cycle->log;
        ngx_add_timer(&event_, static_cast<ngx_msec_t>(*milliseconds));
    }
}

} // namespace oauth::ngx
