// SPDX-License-Identifier: MIT
// What is counted, each once, where it is decided. The names that make a series come from the configuration
// alone: providers and rules. A process has one, for memory that it shares with the others.
#pragma once

#include "../core/clock.hpp"
#include "../core/result.hpp"
#include "memory.hpp"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace oauth::figures {

// What the rules said of a request.
enum class Request { allowed, denied, unauthenticated, anonymous };
inline constexpr std::array<std::string_view, 4> request_names = {"allowed", "denied", "unauthenticated",
                                                                  "anonymous"};

// Whether a worker had the session at hand that a cookie leads to.
enum class Cache { hit, miss };
inline constexpr std::array<std::string_view, 2> cache_names = {"hit", "miss"};

// How a check of a session's user at the provider ended (oauth_refresh).
enum class Refresh { ok, ended, failed };
inline constexpr std::array<std::string_view, 3> refresh_names = {"ok", "ended", "failed"};

// What was asked of a provider.
enum class Endpoint { metadata, keys, token, userinfo, api, par, revocation, introspection };
inline constexpr std::array<std::string_view, 8> endpoint_names = {
    "metadata", "keys", "token", "userinfo", "api", "par", "revocation", "introspection"};

// What a provider has told, and when it did last.
enum class Document { metadata, keys };

// Seconds; the last bucket has no bound.
inline constexpr std::array<double, 11> bucket_bounds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                         0.5,   1,    2.5,   5,    10};
inline constexpr std::array<std::string_view, 12> bucket_names = {
    "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5", "10", "+Inf"};

// nullopt: it went well.
using Failure = std::optional<core::Code>;
std::string_view result_name(Failure failure);

struct LastError {
    std::int64_t at; // seconds
    Endpoint endpoint;
    core::Code code;
};

struct Times {
    std::array<std::uint64_t, bucket_names.size()> buckets{}; // how many took so long, each in one
    std::uint64_t milliseconds = 0;                           // all together
    std::uint64_t count() const;
};

class Figures {
public:
    // `worker`: processes that serve at the same time have numbers of their own, as far as there are lines.
    Figures(Memory& memory, std::size_t worker, const core::Clock& clock) noexcept
        : memory_(memory), line_(memory.line(worker)), clock_(clock) {}

    const core::Clock& clock() const { return clock_; }

    // By every request.
    void count(Request what) noexcept { add_to_line(static_cast<std::size_t>(what)); }
    void count(Cache what) noexcept { add_to_line(first_of_cache + static_cast<std::size_t>(what)); }

    void count_login(std::string_view provider, Failure failure = std::nullopt) noexcept;
    void count_refresh(std::string_view provider, Refresh how) noexcept;
    void count_denied(std::string_view rule) noexcept;
    struct Asked {
        Endpoint endpoint;
        Failure failure;
        std::int64_t milliseconds; // that it took
    };
    void count_asked(std::string_view provider, const Asked& asked) noexcept;

    // Over all processes.
    std::uint64_t requests(Request what) const noexcept {
        return memory_.sum(static_cast<std::size_t>(what));
    }
    std::uint64_t cached(Cache what) const noexcept {
        return memory_.sum(first_of_cache + static_cast<std::size_t>(what));
    }
    std::uint64_t logins(std::string_view provider, Failure failure) const noexcept;
    std::uint64_t refreshes(std::string_view provider, Refresh how) const noexcept;
    std::uint64_t denied(std::string_view rule) const noexcept;
    std::uint64_t asked(std::string_view provider, Endpoint endpoint, Failure failure) const noexcept;
    Times times(std::string_view provider, Endpoint endpoint) const noexcept;
    std::optional<std::int64_t> fetched(std::string_view provider, Document what) const noexcept;
    std::optional<LastError> last_error(std::string_view provider) const noexcept;

private:
    static constexpr std::size_t first_of_cache = request_names.size();
    static_assert(first_of_cache + cache_names.size() <= Memory::numbers);

    void add_to_line(std::size_t number) noexcept { line_[number].fetch_add(1, std::memory_order_relaxed); }
    void add(Key key, std::uint64_t amount = 1) noexcept;
    void set(Key key, std::uint64_t value) noexcept;

    Memory& memory_;
    std::array<Number, Memory::numbers>& line_;
    const core::Clock& clock_;
};

// How long somebody has waited for a provider. Who has given up after a second or more has met a timeout,
// whatever oauth_http_timeout is; who left sooner tells nothing of the provider.
class Patience {
public:
    explicit Patience(const Figures* figures) noexcept
        : figures_(figures), begun_at_(figures == nullptr ? 0 : figures->clock().steady_milliseconds()) {}
    std::int64_t milliseconds() const noexcept;
    bool is_worn_out() const noexcept { return figures_ != nullptr && milliseconds() >= 1000; }

private:
    const Figures* figures_;
    std::int64_t begun_at_;
};

// One request to a provider, from now on until it is known what came of it: then it is counted. The texts
// outlive it; no figures: nothing is counted.
class Asking {
public:
    Asking(Figures* figures, std::string_view provider, Endpoint endpoint) noexcept
        : figures_(figures), provider_(provider), endpoint_(endpoint), patience_(figures) {}
    Asking(Asking&& other) noexcept
        : figures_(std::exchange(other.figures_, nullptr)), provider_(other.provider_),
          endpoint_(other.endpoint_), patience_(other.patience_) {}
    Asking& operator=(Asking&&) = delete;
    ~Asking() {
        if (figures_ != nullptr && patience_.is_worn_out()) { // its frame was destroyed
            count(core::Code::provider_timeout);
        }
    }

    template <class T>
    core::Result<T> ended(core::Result<T> result) noexcept {
        count(result ? std::nullopt : Failure(result.error().code));
        return result;
    }
    core::Error ended(core::Error error) noexcept {
        count(error.code);
        return error;
    }

private:
    void count(Failure failure) noexcept;

    Figures* figures_;
    std::string_view provider_;
    Endpoint endpoint_;
    Patience patience_;
};

} // namespace oauth::figures
