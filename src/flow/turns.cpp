// SPDX-License-Identifier: MIT
// See turns.hpp.
#include "turns.hpp"

#include <algorithm>

namespace oauth::flow {

namespace {

using Counts = std::unordered_map<std::string, std::size_t>;

std::size_t count_of(const Counts& counts, const std::string& key) {
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
}

void give_back(Counts& counts, const std::string& key) {
    const auto found = counts.find(key);
    if (--found->second == 0) {
        counts.erase(found);
    }
}

core::Error refused(const char* whose, std::size_t limit) {
    return {core::Code::provider_unreachable,
            std::to_string(limit) + " visitors " + whose +
                " wait for a provider already, the most at once in a worker; the limit grows with "
                "worker_connections"};
}

} // namespace

TurnLimits TurnLimits::for_connections(std::size_t worker_connections) {
    const std::size_t all = std::clamp<std::size_t>(worker_connections / 4, 4, 1024);
    return {all, all - all / 4, std::max<std::size_t>(all / 4, 2)};
}

core::Result<Turn> Turn::take(Turns& turns, const std::string& provider, const std::string& address) {
    const TurnLimits& limits = turns.limits_;
    if (!address.empty() && count_of(turns.by_address_, address) >= limits.address) {
        return refused("of this client's address", limits.address);
    }
    if (count_of(turns.by_provider_, provider) >= limits.provider) {
        return refused("of this provider", limits.provider);
    }
    if (turns.taken_ >= limits.worker) {
        return refused("of all providers", limits.worker);
    }
    Turn turn(provider, address);
    ++turns.by_provider_[provider];
    try {
        if (!address.empty()) {
            ++turns.by_address_[address];
        }
    } catch (...) {
        give_back(turns.by_provider_, provider);
        throw;
    }
    ++turns.taken_;
    turn.turns_ = &turns;
    return turn;
}

Turn::~Turn() {
    if (turns_ == nullptr) {
        return;
    }
    --turns_->taken_;
    give_back(turns_->by_provider_, provider_);
    if (!address_.empty()) {
        give_back(turns_->by_address_, address_);
    }
}

} // namespace oauth::flow
