// SPDX-License-Identifier: MIT
// The part of the callback that talks to the provider: the code for tokens, the ID token's validation,
// userinfo.
#pragma once

#include "../core/task.hpp"
#include "../core/url.hpp"
#include "../session/sign_in.hpp"
#include "site.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace oauth::flow {

struct SignedIn {
    session::Identity identity;
    std::optional<std::int64_t> auth_time;
    std::string id_token;
    std::string access_token;
    std::optional<std::string> scope; // as answered; absent: as asked
    std::string note; // for the log line of the sign-in: what was missing and did no harm; empty: nothing
};

// All references outlive the flow that awaits this. Nothing is retried: a code is redeemed once, and the
// sign-in is marked as used right before; state_invalid if it was.
core::Task<core::Result<SignedIn>> exchange(Site& site, Provider& provider,
                                            const core::Parameters& parameters,
                                            const session::SignIn& sign_in, std::string redirect_uri);

} // namespace oauth::flow
