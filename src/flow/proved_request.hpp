// SPDX-License-Identifier: MIT
// Requests to a provider that this client proves to be its own, where "dpop on" says so: RFC 9449.
#pragma once

#include "../core/task.hpp"
#include "site.hpp"

#include <functional>
#include <string>

namespace oauth::flow {

// Makes the request anew each time, with a client assertion of its own. What it refers to outlives the flow
// that awaits.
using MakeRequest = std::function<net::HttpRequest()>;

// Sends it as it is where DPoP is off; else with a proof, and once more, with another proof, where the server
// wants a nonce and names one. `access_token`: that the request has; empty: none. The answer may want a nonce
// still: then it is an error like any other. References outlive the flow that awaits.
core::Task<net::HttpResult> ask_proved(Site& site, Provider& provider, MakeRequest make,
                                       std::string access_token);

} // namespace oauth::flow
