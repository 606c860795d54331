// SPDX-License-Identifier: MIT
// How many visitors may wait for providers at once: in a worker, at one provider, and of one client address,
// so that neither a provider that is silent nor somebody who begins one sign-in after the other takes the
// connections and memory of all. One object per worker; who waits has a Turn for as long as he does.
#pragma once

#include "../core/result.hpp"

#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>

namespace oauth::flow {

// Each is less than the one before it: a provider runs out before the worker does, and an address before the
// provider.
struct TurnLimits {
    std::size_t worker = 0;
    std::size_t provider = 0;
    std::size_t address = 0;

    // Who waits takes a connection of the worker, and what he waits for another.
    static TurnLimits for_connections(std::size_t worker_connections);
};

class Turns {
public:
    explicit Turns(TurnLimits limits) : limits_(limits) {}
    Turns(const Turns&) = delete;
    Turns& operator=(const Turns&) = delete;

    const TurnLimits& limits() const { return limits_; }

private:
    friend class Turn;
    using Counts = std::unordered_map<std::string, std::size_t>; // without zeros

    TurnLimits limits_;
    std::size_t taken_ = 0;
    Counts by_provider_;
    Counts by_address_;
};

class [[nodiscard]] Turn {
public:
    // provider_unreachable, with a detail that names the limit, where there is none to be had. An empty
    // address has no limit of its own.
    static core::Result<Turn> take(Turns& turns, const std::string& provider, const std::string& address);

    Turn(Turn&& other) noexcept
        : turns_(std::exchange(other.turns_, nullptr)), provider_(std::move(other.provider_)),
          address_(std::move(other.address_)) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn();

private:
    Turn(std::string provider, std::string address)
        : provider_(std::move(provider)), address_(std::move(address)) {}

    Turns* turns_ = nullptr; // null: none yet, or no more
    std::string provider_;
    std::string address_;
};

} // namespace oauth::flow
