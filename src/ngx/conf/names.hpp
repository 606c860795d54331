// SPDX-License-Identifier: MIT
// Names that the configuration and requests share: a header's as an upstream sees it, a claim's in a
// variable.
#pragma once

#include "../ngx.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace oauth::ngx {

// "X-OAuth-Identity" -> "x_oauth_identity": what reaches an upstream as the same name has the same normalised
// name.
std::string normalise_header_name(std::string_view name);

// Does a header's name reach an upstream as one of these normalised names?
bool is_forgeable(const ngx_str_t& name, const std::vector<std::string>& normalised_names);

// The path of $oauth_claim_NAME: "__" is a dot.
std::string claim_path(std::string_view name);

} // namespace oauth::ngx
