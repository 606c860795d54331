// SPDX-License-Identifier: MIT
// Memory that a test's processes share, as the zone is for nginx's workers: blocks that were made before the
// fork, and a lock that holds between processes.
#pragma once

#include "../../src/session/shared_state.hpp"
#include "fakes.hpp"

#include <pthread.h>
#include <sys/mman.h>

#include <cstddef>
#include <new>

#include "unit.hpp"

namespace oauth::unit {

struct Blocks {
    std::size_t used_states = 4096;
    std::size_t ended = 4096;
    std::size_t marks = 4096;
    std::size_t renewals = 16384;
    std::size_t signed_tokens = 8192;
    std::size_t sessions = 65536;
};

class SharedBlocks final : public session::SharedMutex {
public:
    explicit SharedBlocks(core::Clock& clock, Blocks sizes = {}) : clock_(clock) {
        length_ = 4096 + sizes.used_states + sizes.ended + sizes.marks + sizes.renewals +
                  sizes.signed_tokens + sizes.sessions;
        memory_ = mmap(nullptr, length_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        assert_true(memory_ != MAP_FAILED);
        shared_ = new (memory_) Shared{};
        pthread_mutexattr_t attributes;
        pthread_mutexattr_init(&attributes);
        pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
        pthread_mutex_init(&shared_->mutex, &attributes);
        pthread_mutexattr_destroy(&attributes);
        char* next = static_cast<char*>(memory_) + 4096;
        const auto take = [&next](std::size_t size) {
            char* block = next;
            next += size;
            return block;
        };
        using session::ExpiringSet;
        using session::RecordTable;
        session::SharedState& all = shared_->state;
        all.used_states = ExpiringSet::create(take(sizes.used_states), sizes.used_states);
        all.ended = ExpiringSet::create(take(sizes.ended), sizes.ended);
        all.marks = RecordTable::create(take(sizes.marks), {sizes.marks, 0});
        all.renewals =
            RecordTable::create(take(sizes.renewals), {sizes.renewals, session::chunks_of_renewal});
        all.signed_tokens =
            RecordTable::create(take(sizes.signed_tokens), {sizes.signed_tokens, session::chunks_of_token});
        all.sessions =
            RecordTable::create(take(sizes.sessions), {sizes.sessions, session::chunks_of_session});
    }
    SharedBlocks(const SharedBlocks&) = delete;
    SharedBlocks& operator=(const SharedBlocks&) = delete;
    ~SharedBlocks() override { munmap(memory_, length_); }

    void lock() noexcept override { pthread_mutex_lock(&shared_->mutex); }
    void unlock() noexcept override { pthread_mutex_unlock(&shared_->mutex); }

    session::SharedState& state() { return shared_->state; }
    session::SharedMemory memory() { return {shared_->state, *this, clock_}; }

private:
    struct Shared {
        pthread_mutex_t mutex;
        session::SharedState state;
    };
    core::Clock& clock_;
    std::size_t length_ = 0;
    void* memory_ = nullptr;
    Shared* shared_ = nullptr;
};

} // namespace oauth::unit
