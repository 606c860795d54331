// SPDX-License-Identifier: MIT
// The part of the callback that talks to the provider: it exchanges the code for tokens, validates the ID
// token and asks for userinfo.
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
    std::string scope; // the granted one; empty: the one that was asked for
};

// All references outlive the flow that awaits this. Nothing is retried, because a code may be redeemed only
// once.
core::Task<core::Result<SignedIn>> exchange(Site& site, Provider& provider,
                                            const core::Parameters& parameters,
                                            const session::SignIn& sign_in, std::string redirect_uri);

} // namespace oauth::flow
