// SPDX-License-Identifier: MIT
// Flows that a request waits for in a phase: started there, cancelled when the client goes away, and when
// they are done nginx runs the phases again. A flow never touches the request: it may end in anybody's frame.
#pragma once

#include "../ngx.hpp"

#include "../../core/task.hpp"

#include <memory>
#include <optional>

namespace oauth::ngx {

// Has nginx come back to a request, main or sub, at the event loop's next turn. In the memory of whoever
// waits.
class Wake {
public:
    explicit Wake(ngx_http_request_t* r);
    Wake(const Wake&) = delete;
    Wake& operator=(const Wake&) = delete;
    ~Wake();

    void post();
    void failed(const std::exception_ptr& exception) noexcept; // one log line

private:
    ngx_event_t event_{};
};

// One flow with a result.
template <class T>
class Waiting {
public:
    explicit Waiting(Wake& wake) : wake_(wake) {}
    Waiting(const Waiting&) = delete;
    Waiting& operator=(const Waiting&) = delete;

    bool is_started() const { return flow_ != nullptr; }
    bool is_done() const { return progress_ == Progress::done; }

    // True: it had nothing to wait for.
    bool start(core::Task<T> task) {
        progress_ = Progress::starting;
        flow_ = std::make_unique<core::Flow<T>>(
            std::move(task), [this](std::optional<T> value, const std::exception_ptr& exception) {
                complete(std::move(value), exception);
            });
        flow_->start();
        if (progress_ == Progress::starting) {
            progress_ = Progress::waiting;
        }
        return is_done();
    }

    // Once it is done: the result; nullopt if it ended with an exception. Ready for another flow afterwards.
    std::optional<T> take() {
        flow_.reset();
        progress_ = Progress::none;
        return std::exchange(value_, std::nullopt);
    }

private:
    void complete(std::optional<T> value, const std::exception_ptr& exception) {
        if (exception) {
            wake_.failed(exception);
        }
        value_ = std::move(value);
        if (std::exchange(progress_, Progress::done) == Progress::waiting) {
            wake_.post();
        }
    }

    enum class Progress { none, starting, waiting, done };

    Wake& wake_;
    Progress progress_ = Progress::none;
    std::optional<T> value_;
    std::unique_ptr<core::Flow<T>> flow_; // destroyed first: what it calls is above
};

// Before a phase handler returns to wait: the flow ends with the request, and a client that leaves is
// noticed. False: no memory.
bool prepare_to_wait(ngx_http_request_t* r);
// After it: the request is read again as phases have it.
void end_waiting(ngx_http_request_t* r);

} // namespace oauth::ngx
