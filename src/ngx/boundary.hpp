// SPDX-License-Identifier: MIT
// The border between C and C++: every function that nginx calls is a noexcept thunk made here. An exception
// becomes one log line and the return code that means failure, here and nowhere else.
#pragma once

#include "ngx.hpp"

#include <exception>
#include <new>
#include <type_traits>

namespace oauth::ngx {

// A defect, but for a lack of memory: that is the machine's.
inline void log_exception(const std::exception_ptr& exception) noexcept {
    try {
        std::rethrow_exception(exception);
    } catch (const std::bad_alloc&) {
        ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0, "oauth: no memory: what needed it fails");
    } catch (const std::exception& known) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0, "oauth: unexpected failure: %s", known.what());
    } catch (...) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0, "oauth: unexpected failure: unknown");
    }
}

template <class R, ngx_int_t Failure>
R failure_value() {
    if constexpr (std::is_same_v<R, char*>) {
        return conf_failed();
    } else if constexpr (std::is_pointer_v<R>) {
        return nullptr;
    } else if constexpr (!std::is_void_v<R>) {
        return static_cast<R>(Failure);
    }
}

template <auto Function, ngx_int_t Failure, class Type = decltype(Function)>
struct Guarded;

template <auto Function, ngx_int_t Failure, class R, class... Arguments>
struct Guarded<Function, Failure, R (*)(Arguments...)> {
    static R call(Arguments... arguments) noexcept {
        try {
            return Function(arguments...);
        } catch (...) {
            log_exception(std::current_exception());
        }
        return failure_value<R, Failure>();
    }
};

// nginx's tables get guarded<f> instead of f.
template <auto Function, ngx_int_t Failure = NGX_ERROR>
constexpr auto* guarded = &Guarded<Function, Failure>::call;

// For phase handlers: an unexpected failure gives 500 and never lets a request through.
template <auto Function>
constexpr auto* guarded_phase = &Guarded<Function, NGX_HTTP_INTERNAL_SERVER_ERROR>::call;

} // namespace oauth::ngx
