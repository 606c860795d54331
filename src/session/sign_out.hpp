// SPDX-License-Identifier: MIT
// One sign-out on its way over the provider: what leads the visitor on from our page "signed out". It is
// sealed into a cookie of its own, NAME_logout, so that the server keeps nothing; the last sign-out of a
// browser is the one that counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace oauth::session {

struct SignOut {
    std::string state;     // empty: none was sent, because the provider gives none back
    std::string origin;    // of the family's host that it began at; empty: the base URL's
    std::string return_to; // as checked by core::safe_return_to
    std::int64_t ends_at = 0;
};

constexpr std::int64_t sign_out_lifetime = 600; // seconds: the provider may ask the visitor something

std::string serialize(const SignOut& sign_out);
std::optional<SignOut> deserialize_sign_out(std::string_view record);

std::string sign_out_cookie_name(std::string_view cookie_name);

} // namespace oauth::session
