// SPDX-License-Identifier: MIT
// How one coroutine waits for another without recursion: lists of who waits, and a mutex for flows of one
// worker. Who is woken goes into a ReadyQueue that the event loop drains, so nothing is ever resumed from
// inside somebody else's frame or destructor. Destroying a waiting frame takes it out of every list, and
// hands a lock it was just given on to the next.
#pragma once

#include <coroutine>
#include <cstddef>
#include <functional>
#include <utility>

namespace oauth::core {

class WaitList;

// One waiting coroutine; lives in its frame.
class WaitNode {
public:
    WaitNode() = default;
    WaitNode(const WaitNode&) = delete;
    WaitNode& operator=(const WaitNode&) = delete;
    ~WaitNode() { unlink(); }

    void unlink() noexcept;

    std::coroutine_handle<> waiting;

private:
    friend class WaitList;
    WaitNode* previous_ = nullptr;
    WaitNode* next_ = nullptr;
    WaitList* list_ = nullptr;
};

class WaitList {
public:
    bool empty() const noexcept { return first_ == nullptr; }

    void push_back(WaitNode& node) noexcept {
        node.list_ = this;
        node.previous_ = last_;
        node.next_ = nullptr;
        (last_ != nullptr ? last_->next_ : first_) = &node;
        last_ = &node;
    }

    WaitNode* pop_front() noexcept {
        WaitNode* node = first_;
        if (node != nullptr) {
            node->unlink();
        }
        return node;
    }

private:
    friend class WaitNode;
    WaitNode* first_ = nullptr;
    WaitNode* last_ = nullptr;
};

inline void WaitNode::unlink() noexcept {
    if (list_ == nullptr) {
        return;
    }
    (previous_ != nullptr ? previous_->next_ : list_->first_) = next_;
    (next_ != nullptr ? next_->previous_ : list_->last_) = previous_;
    list_ = nullptr;
}

// Coroutines that are to run at the event loop's next turn.
class ReadyQueue {
public:
    // Whether a visitor waits for what somebody else does: while one does, the process is not to end.
    enum class Waiting { somebody, nobody };

    // `notify` asks the event loop to call run() soon; it may be called again before run(). `on_change` is
    // told when the first visitor begins to wait, and when the last one has ended.
    explicit ReadyQueue(std::function<void()> notify, std::function<void(Waiting)> on_change = nullptr)
        : notify_(std::move(notify)), on_change_(std::move(on_change)) {}

    void post(WaitNode& node) {
        ready_.push_back(node);
        notify_();
    }

    void run() {
        while (WaitNode* node = ready_.pop_front()) {
            node->waiting.resume();
        }
    }

private:
    friend class Attendance;
    void change(Waiting waiting) {
        if (on_change_) {
            on_change_(waiting);
        }
    }

    WaitList ready_;
    std::function<void()> notify_;
    std::function<void(Waiting)> on_change_;
    std::size_t attending_ = 0;
};

// One visitor who waits, for as long as this exists.
class Attendance {
public:
    explicit Attendance(ReadyQueue& ready) : ready_(ready) {
        if (ready_.attending_++ == 0) {
            ready_.change(ReadyQueue::Waiting::somebody);
        }
    }
    Attendance(const Attendance&) = delete;
    Attendance& operator=(const Attendance&) = delete;
    ~Attendance() {
        if (--ready_.attending_ == 0) {
            ready_.change(ReadyQueue::Waiting::nobody);
        }
    }

private:
    ReadyQueue& ready_;
};

class AsyncMutex {
public:
    explicit AsyncMutex(ReadyQueue& ready) : ready_(ready) {}
    AsyncMutex(const AsyncMutex&) = delete;
    AsyncMutex& operator=(const AsyncMutex&) = delete;

    class [[nodiscard]] Guard {
    public:
        explicit Guard(AsyncMutex& mutex) : mutex_(&mutex) {}
        Guard(Guard&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
        Guard& operator=(Guard&&) = delete;
        ~Guard() {
            if (mutex_ != nullptr) {
                mutex_->release();
            }
        }

    private:
        AsyncMutex* mutex_;
    };

    class [[nodiscard]] Lock : WaitNode {
    public:
        explicit Lock(AsyncMutex& mutex) : mutex_(mutex) {}
        ~Lock() {
            if (granted_) {
                mutex_.release();
            }
        }
        bool await_ready() noexcept {
            granted_ = !std::exchange(mutex_.locked_, true);
            return granted_;
        }
        void await_suspend(std::coroutine_handle<> handle) noexcept {
            waiting = handle;
            mutex_.waiters_.push_back(*this);
        }
        Guard await_resume() noexcept {
            granted_ = false;
            return Guard(mutex_);
        }

    private:
        friend class AsyncMutex;
        AsyncMutex& mutex_;
        bool granted_ = false; // and not yet taken over by a Guard
    };

    Lock lock() { return Lock(*this); }

private:
    void release() {
        auto* next = static_cast<Lock*>(waiters_.pop_front());
        if (next == nullptr) {
            locked_ = false;
            return;
        }
        next->granted_ = true;
        ready_.post(*next);
    }

    ReadyQueue& ready_;
    WaitList waiters_;
    bool locked_ = false;
};

} // namespace oauth::core
