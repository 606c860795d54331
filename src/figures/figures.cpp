// SPDX-License-Identifier: MIT
// See figures.hpp.
#include "figures.hpp"

#include <algorithm>
#include <numeric>

namespace oauth::figures {

namespace {

std::string_view name_of(Endpoint endpoint) {
    return endpoint_names[static_cast<std::size_t>(endpoint)];
}

Key login_key(std::string_view provider, Failure failure) {
    return Key("login").add(provider).add(result_name(failure));
}

Key refresh_key(std::string_view provider, Refresh how) {
    return Key("refresh").add(provider).add(refresh_names[static_cast<std::size_t>(how)]);
}

Key denied_key(std::string_view rule) {
    return Key("denied").add(rule);
}

Key asked_key(std::string_view provider, Endpoint endpoint, Failure failure) {
    return Key("asked").add(provider).add(name_of(endpoint)).add(result_name(failure));
}

Key bucket_key(std::string_view provider, Endpoint endpoint, std::size_t bucket) {
    return Key("bucket").add(provider).add(name_of(endpoint)).add(bucket_names[bucket]);
}

Key sum_key(std::string_view provider, Endpoint endpoint) {
    return Key("sum").add(provider).add(name_of(endpoint));
}

Key fetched_key(std::string_view provider, Document what) {
    return Key("fetched").add(provider).add(what == Document::keys ? "keys" : "metadata");
}

Key error_key(std::string_view provider) {
    return Key("error").add(provider);
}

// The last error in one number, so that no part of it is another's.
constexpr unsigned code_bits = 8;
constexpr unsigned endpoint_bits = 8;

std::uint64_t pack(const LastError& error) {
    return (static_cast<std::uint64_t>(error.at) << (code_bits + endpoint_bits)) |
           (static_cast<std::uint64_t>(error.endpoint) << code_bits) | static_cast<std::uint64_t>(error.code);
}

LastError unpack(std::uint64_t packed) {
    return {static_cast<std::int64_t>(packed >> (code_bits + endpoint_bits)),
            static_cast<Endpoint>((packed >> code_bits) & 0xff), static_cast<core::Code>(packed & 0xff)};
}

std::size_t bucket_of(std::int64_t milliseconds) {
    const double seconds = static_cast<double>(milliseconds) / 1000;
    return static_cast<std::size_t>(std::lower_bound(bucket_bounds.begin(), bucket_bounds.end(), seconds) -
                                    bucket_bounds.begin());
}

} // namespace

std::string_view result_name(Failure failure) {
    return failure ? core::code_name(*failure) : "ok";
}

std::uint64_t Times::count() const {
    return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
}

void Figures::add(Key key, std::uint64_t amount) noexcept {
    if (Number* number = memory_.find_or_take(key)) {
        number->fetch_add(amount, std::memory_order_relaxed);
    }
}

void Figures::set(Key key, std::uint64_t value) noexcept {
    if (Number* number = memory_.find_or_take(key)) {
        number->store(value, std::memory_order_relaxed);
    }
}

void Figures::count_login(std::string_view provider, Failure failure) noexcept {
    add(login_key(provider, failure));
}

void Figures::count_refresh(std::string_view provider, Refresh how) noexcept {
    add(refresh_key(provider, how));
}

void Figures::count_denied(std::string_view rule) noexcept {
    add(denied_key(rule));
}

void Figures::count_asked(std::string_view provider, const Asked& asked) noexcept {
    add(asked_key(provider, asked.endpoint, asked.failure));
    add(bucket_key(provider, asked.endpoint, bucket_of(asked.milliseconds)));
    add(sum_key(provider, asked.endpoint), static_cast<std::uint64_t>(asked.milliseconds));
    if (asked.failure) {
        set(error_key(provider), pack({clock_.now(), asked.endpoint, *asked.failure}));
    } else if (asked.endpoint == Endpoint::metadata || asked.endpoint == Endpoint::keys) {
        const Document what = asked.endpoint == Endpoint::keys ? Document::keys : Document::metadata;
        set(fetched_key(provider, what), static_cast<std::uint64_t>(clock_.now()));
    }
}

std::int64_t Patience::milliseconds() const noexcept {
    return figures_ == nullptr
               ? 0
               : std::max<std::int64_t>(figures_->clock().steady_milliseconds() - begun_at_, 0);
}

// Once.
void Asking::count(Failure failure) noexcept {
    if (Figures* figures = std::exchange(figures_, nullptr)) {
        figures->count_asked(provider_, {endpoint_, failure, patience_.milliseconds()});
    }
}

std::uint64_t Figures::logins(std::string_view provider, Failure failure) const noexcept {
    return memory_.read(login_key(provider, failure));
}

std::uint64_t Figures::refreshes(std::string_view provider, Refresh how) const noexcept {
    return memory_.read(refresh_key(provider, how));
}

std::uint64_t Figures::denied(std::string_view rule) const noexcept {
    return memory_.read(denied_key(rule));
}

std::uint64_t Figures::asked(std::string_view provider, Endpoint endpoint, Failure failure) const noexcept {
    return memory_.read(asked_key(provider, endpoint, failure));
}

Times Figures::times(std::string_view provider, Endpoint endpoint) const noexcept {
    Times times;
    for (std::size_t i = 0; i < times.buckets.size(); ++i) {
        times.buckets[i] = memory_.read(bucket_key(provider, endpoint, i));
    }
    times.milliseconds = memory_.read(sum_key(provider, endpoint));
    return times;
}

std::optional<std::int64_t> Figures::fetched(std::string_view provider, Document what) const noexcept {
    const std::uint64_t at = memory_.read(fetched_key(provider, what));
    return at == 0 ? std::nullopt : std::optional(static_cast<std::int64_t>(at));
}

std::optional<LastError> Figures::last_error(std::string_view provider) const noexcept {
    const std::uint64_t packed = memory_.read(error_key(provider));
    return packed == 0 ? std::nullopt : std::optional(unpack(packed));
}

} // namespace oauth::figures
