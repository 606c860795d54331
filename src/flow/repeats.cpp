// SPDX-License-Identifier: MIT
// See repeats.hpp.
#include "repeats.hpp"

#include <algorithm>

namespace oauth::flow {

// Not where the clock has been set back: that could last.
bool Repeats::is_silent(const Fault& fault, std::int64_t now) noexcept {
    const std::int64_t passed = now - fault.told_at;
    return passed >= 0 && passed < (fault.has_ended ? spacing_after_end : spacing);
}

std::optional<std::string> Repeats::line(const std::string& sentence, std::string_view fault,
                                         std::int64_t now) {
    const auto known = std::find_if(faults_.begin(), faults_.end(),
                                    [fault](const Fault& each) { return each.text == fault; });
    if (known != faults_.end()) {
        if (is_silent(*known, now)) {
            ++known->left_out;
            return std::nullopt;
        }
        const std::uint64_t left_out = known->left_out;
        known->told_at = now;
        known->left_out = 0;
        known->has_ended = false;
        return left_out == 0
                   ? sentence
                   : sentence + " (and " + std::to_string(left_out) + " times more since this was last said)";
    }
    if (faults_.size() < most) {
        faults_.push_back({std::string(fault), now});
        return sentence;
    }
    const auto old = std::find_if(faults_.begin(), faults_.end(),
                                  [now](const Fault& each) { return !is_silent(each, now); });
    if (old == faults_.end()) {
        return std::nullopt;
    }
    *old = {std::string(fault), now};
    return sentence;
}

void Repeats::end() noexcept {
    for (Fault& fault : faults_) {
        fault.has_ended = true;
    }
}

} // namespace oauth::flow
