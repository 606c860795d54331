// SPDX-License-Identifier: MIT
// Where figures are kept: numbers alone, in memory that all processes share and that outlives a reload. None
// takes a lock. What every request counts stands in a line of the processor's cache that one worker adds to;
// all else in cells that are found by a hash of what they count, and taken when that happens first.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace oauth::figures {

using Number = std::atomic<std::uint64_t>;
static_assert(Number::is_always_lock_free);

// What a cell counts: a hash of some texts, in their order.
class Key {
public:
    explicit constexpr Key(std::string_view first) { add(first); }
    constexpr Key& add(std::string_view text) noexcept {
        for (const char c : text) {
            mix(static_cast<unsigned char>(c));
        }
        mix(256); // where a text ends
        return *this;
    }
    constexpr std::uint64_t value() const noexcept { return hash_ == 0 ? 1 : hash_; } // 0 is no key

private:
    constexpr void mix(unsigned part) noexcept { hash_ = (hash_ ^ part) * 0x100000001b3U; } // FNV-1a

    std::uint64_t hash_ = 0xcbf29ce484222325U;
};

class Memory {
public:
    static constexpr std::size_t lines = 64;
    static constexpr std::size_t numbers = 8; // of a line
    static constexpr std::size_t cells = 32768;

    // Those of one worker. Where there are more workers than lines, some share one.
    std::array<Number, numbers>& line(std::size_t worker) noexcept { return lines_[worker % lines].all; }
    // Over all workers.
    std::uint64_t sum(std::size_t number) const noexcept;

    // The number of that key; nullptr: no cell is left, or within reach.
    Number* find_or_take(Key key) noexcept;
    // 0: it has none yet.
    std::uint64_t read(Key key) const noexcept;

private:
    struct alignas(64) Line {
        std::array<Number, numbers> all;
    };
    struct Cell {
        Number key; // 0: free
        Number number;
    };
    static constexpr std::size_t reach = 512; // cells that are looked at for one key

    static std::size_t place(std::uint64_t key, std::size_t attempt) noexcept {
        return (key + attempt) % cells;
    }

    std::array<Line, lines> lines_{};
    std::array<Cell, cells> cells_{};
};

} // namespace oauth::figures
