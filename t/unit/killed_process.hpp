// SPDX-License-Identifier: MIT
// A process that changes shared memory is stepped through instruction by instruction: what it would leave if
// it were killed there, each time that has changed.
#pragma once

#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "unit.hpp"

namespace oauth::unit {

// Memory that is shared with processes that are forked after it was made; of a size that 8 divides.
class SharedBlock {
public:
    explicit SharedBlock(std::size_t size)
        : size_(size),
          begin_(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
        assert_true(begin_ != MAP_FAILED);
    }
    SharedBlock(const SharedBlock&) = delete;
    SharedBlock& operator=(const SharedBlock&) = delete;
    ~SharedBlock() { munmap(begin_, size_); }

    char* begin() const { return static_cast<char*>(begin_); }
    std::size_t size() const { return size_; }
    std::vector<std::uint64_t> copy() const {
        std::vector<std::uint64_t> words(size_ / sizeof(std::uint64_t));
        std::memcpy(words.data(), begin_, size_);
        return words;
    }
    void put_back(const std::vector<std::uint64_t>& words) { std::memcpy(begin_, words.data(), size_); }

private:
    std::size_t size_;
    void* begin_;
};

// What the block was at some moment, each time another. Nothing is asserted of it before the process is gone:
// a test that fails would leave it behind.
template <class Change>
std::vector<std::vector<std::uint64_t>> states_in(const SharedBlock& block, const Change& change) {
    const pid_t child = fork();
    if (child == 0) {
        ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        raise(SIGSTOP);
        change();
        _exit(0);
    }
    std::vector<std::vector<std::uint64_t>> states;
    int status = 0;
    waitpid(child, &status, 0);
    while (WIFSTOPPED(status)) {
        std::vector<std::uint64_t> now = block.copy();
        if (states.empty() || now != states.back()) {
            states.push_back(std::move(now));
        }
        if (ptrace(PTRACE_SINGLESTEP, child, nullptr, nullptr) != 0) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            fail_msg("this system lets no process be stepped through");
        }
        waitpid(child, &status, 0);
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return states;
}

} // namespace oauth::unit
