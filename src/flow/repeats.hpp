// SPDX-License-Identifier: MIT
// Lines for the log about what many sessions and attempts meet: a fault is told at once, and then once a
// minute with how often it came up since. What comes back after an attempt that went well is told sooner.
// Bounded: of more different faults than that within a minute the newest are not told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::flow {

class Repeats {
public:
    // The line to write, if any: the sentence, and how often one for the same fault was left out before it.
    std::optional<std::string> line(const std::string& sentence, std::string_view fault, std::int64_t now);
    // An attempt went well.
    void end() noexcept;

private:
    static constexpr std::size_t most = 16;
    static constexpr std::int64_t spacing = 60;
    static constexpr std::int64_t spacing_after_end = 10;

    struct Fault {
        std::string text;
        std::int64_t told_at = 0;
        std::uint64_t left_out = 0;
        bool has_ended = false;
    };
    static bool is_silent(const Fault& fault, std::int64_t now) noexcept;

    std::vector<Fault> faults_;
};

} // namespace oauth::flow
