// SPDX-License-Identifier: MIT
// See memory.hpp. A key is written once, by whoever comes first, and never taken out again: so a process may
// be killed anywhere, and nobody has to wait.
#include "memory.hpp"

namespace oauth::figures {

std::uint64_t Memory::sum(std::size_t number) const noexcept {
    std::uint64_t sum = 0;
    for (const Line& line : lines_) {
        sum += line.all[number].load(std::memory_order_relaxed);
    }
    return sum;
}

Number* Memory::find_or_take(Key key) noexcept {
    const std::uint64_t wanted = key.value();
    for (std::size_t attempt = 0; attempt < reach; ++attempt) {
        Cell& cell = cells_[place(wanted, attempt)];
        std::uint64_t there = cell.key.load(std::memory_order_relaxed);
        if (there == 0) {
            cell.key.compare_exchange_strong(there, wanted, std::memory_order_relaxed);
        }
        if (there == 0 || there == wanted) { // 0: it was free, and is ours now
            return &cell.number;
        }
    }
    return nullptr;
}

std::uint64_t Memory::read(Key key) const noexcept {
    const std::uint64_t wanted = key.value();
    for (std::size_t attempt = 0; attempt < reach; ++attempt) {
        const Cell& cell = cells_[place(wanted, attempt)];
        const std::uint64_t there = cell.key.load(std::memory_order_relaxed);
        if (there == wanted) {
            return cell.number.load(std::memory_order_relaxed);
        }
        if (there == 0) {
            return 0;
        }
    }
    return 0;
}

} // namespace oauth::figures
