// SPDX-License-Identifier: MIT
// How the pure floors report an expected failure: by value, with a code (the table is in docs/directives.md)
// and a detail for the log. A detail never holds a secret, a code, a token or a cookie.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace oauth::core {

enum class Code {
    login_required,
    policy_denied,
    access_denied,
    email_unverified,
    state_invalid,
    request_invalid,
    provider_error,
    token_invalid,
    provider_unreachable,
    provider_timeout,
    session_too_large,
    store_unavailable,
    internal_error,
};

// The code's name in pages, logs, $oauth_error and counters, for example "state_invalid".
std::string_view code_name(Code code);

// The HTTP status that goes with the code.
int code_status(Code code);

struct Error {
    Code code = Code::internal_error;
    std::string detail;
};

template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }

    // Only if ok().
    T& value() { return *std::get_if<0>(&state_); }
    const T& value() const { return *std::get_if<0>(&state_); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    // Only if not ok().
    Error& error() { return *std::get_if<1>(&state_); }
    const Error& error() const { return *std::get_if<1>(&state_); }

private:
    std::variant<T, Error> state_;
};

struct Done {};
using Status = Result<Done>;

} // namespace oauth::core
