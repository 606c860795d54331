// SPDX-License-Identifier: MIT
// Sign-outs that a provider tells of: OpenID Connect Back-Channel Logout 1.0, by a request of its own with a
// signed token, and Front-Channel Logout 1.0, by a frame in the browser, which proves nothing. They hold on
// every worker at once. Nothing is given back to the provider for either.
#pragma once

#include "../core/task.hpp"
#include "../web/answer.hpp"
#include "admission.hpp"
#include "request.hpp"

namespace oauth::flow {

// 200, 400 for what is no valid logout token, 503 where its keys cannot be had or the end cannot be recorded.
core::Task<web::Answer> back_channel_logout(Site& site, const Request& request, Provider& provider);

// 200 whatever has ended; 503 where the end cannot be recorded.
core::Task<web::Answer> front_channel_logout(Site& site, const Request& request, Provider& provider,
                                             Visitor& visitor);

// Each place where a server of the configuration keeps sessions, once; those that other machines share first.
AllStores::Found find_places(Site& site);

// Ends all of these that have begun by now, in whatever server's store they are: a provider's URL is one
// server's, and its sessions may be another's. All are asked, also where one fails.
core::Task<core::Status> end_all(Site& site, session::Whose whose);

} // namespace oauth::flow
