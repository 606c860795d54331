// SPDX-License-Identifier: MIT
// How the log is told of what went wrong with an address: "WHAT (URL): REMEDY". One form for the network, the
// provider's answers and the calls of its API.
#pragma once

#include "../core/result.hpp"

#include <string>
#include <string_view>

namespace oauth::net {

// Without user, query and fragment, as a log line may quote it.
std::string shown_url(std::string_view url);

// An empty remedy is left out.
std::string told(std::string_view what, std::string_view url, std::string_view remedy = "");

// The same error, told with the address that was asked.
core::Error told(const core::Error& error, std::string_view url, std::string_view remedy = "");

} // namespace oauth::net
