// SPDX-License-Identifier: MIT
// See sign_out.hpp.
#include "sign_out.hpp"

#include "../core/record.hpp"

#include <utility>

namespace oauth::session {

namespace {
constexpr std::uint64_t record_version = 1;
} // namespace

std::string serialize(const SignOut& sign_out) {
    core::RecordWriter record;
    record.number(record_version);
    record.text(sign_out.state);
    record.text(sign_out.origin);
    record.text(sign_out.return_to);
    record.number(static_cast<std::uint64_t>(sign_out.ends_at));
    return std::move(record).finish();
}

std::optional<SignOut> deserialize_sign_out(std::string_view bytes) {
    core::RecordReader record(bytes);
    if (record.number() != record_version) {
        return std::nullopt;
    }
    SignOut sign_out;
    sign_out.state = record.text();
    sign_out.origin = record.text();
    sign_out.return_to = record.text();
    sign_out.ends_at = static_cast<std::int64_t>(record.number());
    return record.complete() ? std::optional(std::move(sign_out)) : std::nullopt;
}

std::string sign_out_cookie_name(std::string_view cookie_name) {
    return std::string(cookie_name) + "_logout";
}

} // namespace oauth::session
