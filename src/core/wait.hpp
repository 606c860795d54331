// SPDX-License-Identifier: MIT
// A mutex for the coroutines of one worker. A coroutine that is woken goes into a ReadyQueue that the event
// loop drains, so nothing is resumed from inside another coroutine or a destructor. Destroying a waiting
// frame takes it out of every list; if it had just been given the lock, the next one gets it.
#pragma once

#include <coroutine>
#include <functional>
#include <utility>

namespace oauth::core {

class WaitList;

// One waiting coroutine. The node lives in the coroutine's frame.
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

// The coroutines that run at the event loop's next turn.
class ReadyQueue {
public:
    // `notify` asks the event loop to call run() soon; it may be called again before run().
    explicit ReadyQueue(std::function<void()> notify) : notify_(std::move(notify)) {}

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
    WaitList ready_;
    std::function<void()> notify_;
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
        bool granted_ = false; // true until a Guard takes over
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
