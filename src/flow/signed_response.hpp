// SPDX-License-Identifier: MIT
// The answer to an authorization request: plain, or signed (JARM) and then verified with the provider's keys.
#pragma once

#include "../core/task.hpp"
#include "../core/url.hpp"
#include "exchange.hpp"
#include "site.hpp"

#include <string>

namespace oauth::flow {

// What a browser has brought to the callback.
struct Given {
    core::Parameters parameters; // of a signed answer that is not verified: to find the sign-in by
    std::string jwt;             // empty: it came plainly, or has been verified
};

// request_invalid for a signed answer with something beside it, and for a plain one where response_mode asks
// for a signed one.
core::Result<Given> read_answer(core::Result<core::Parameters> parameters,
                                const providers::Settings& settings);

// What the provider says of the user, by that answer. The sign-in that it is of has been found: whoever sends
// something else has no keys fetched. token_invalid for a signed answer that is not verified. The references
// outlive the task.
core::Task<core::Result<SignedIn>> ask_provider(Site& site, Provider& provider, Given& given,
                                                const session::SignIn& sign_in, std::string redirect_uri);

} // namespace oauth::flow
