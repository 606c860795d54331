// SPDX-License-Identifier: MIT
// The table of error codes: the name that people and counters see, and the HTTP status. Used wherever a
// failure becomes an answer, a log line or a count. Owns nothing: the names are literals.
#include "result.hpp"

namespace oauth::core {

std::string_view code_name(Code code) {
    switch (code) {
    case Code::login_required:
        return "login_required";
    case Code::policy_denied:
        return "policy_denied";
    case Code::access_denied:
        return "access_denied";
    case Code::email_unverified:
        return "email_unverified";
    case Code::state_invalid:
        return "state_invalid";
    case Code::request_invalid:
        return "request_invalid";
    case Code::provider_error:
        return "provider_error";
    case Code::token_invalid:
        return "token_invalid";
    case Code::provider_unreachable:
        return "provider_unreachable";
    case Code::provider_timeout:
        return "provider_timeout";
    case Code::session_too_large:
        return "session_too_large";
    case Code::store_unavailable:
        return "store_unavailable";
    case Code::internal_error:
        break;
    }
    return "internal_error";
}

int code_status(Code code) {
    switch (code) {
    case Code::login_required:
        return 401;
    case Code::policy_denied:
    case Code::access_denied:
    case Code::email_unverified:
        return 403;
    case Code::state_invalid:
    case Code::request_invalid:
        return 400;
    case Code::provider_error:
    case Code::token_invalid:
    case Code::provider_unreachable:
        return 502;
    case Code::provider_timeout:
        return 504;
    case Code::store_unavailable:
        return 503;
    case Code::session_too_large:
    case Code::internal_error:
        break;
    }
    return 500;
}

} // namespace oauth::core
