// SPDX-License-Identifier: MIT
// The part of the callback that talks to the provider: the code for tokens, and who has signed in with them.
#pragma once

#include "../core/task.hpp"
#include "../core/url.hpp"
#include "../session/sign_in.hpp"
#include "inquiry.hpp"

#include <string>

namespace oauth::flow {

// All references outlive the flow that awaits this. Nothing is retried: a code is redeemed once, and the
// sign-in is marked as used right before; state_invalid if it was.
core::Task<core::Result<SignedIn>> exchange(Site& site, Provider& provider,
                                            const core::Parameters& parameters,
                                            const session::SignIn& sign_in, std::string redirect_uri);

} // namespace oauth::flow
