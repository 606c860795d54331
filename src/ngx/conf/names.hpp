// SPDX-License-Identifier: MIT
// Names that the configuration and requests share: of headers as an upstream sees them, and of claims in
// variables.
#pragma once

#include "../ngx.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace oauth::ngx {

// "X-OAuth-Identity" gives "x_oauth_identity". Headers that reach an upstream as the same name have the same
// normalised name.
std::string normalise_header_name(std::string_view name);

// True if a header with this name reaches an upstream as one of these normalised names.
bool is_forgeable(const ngx_str_t& name, const std::vector<std::string>& normalised_names);

// RFC 9110 5.6.2: may it name a header or a cookie?
bool is_token(std::string_view text);

// The path of $oauth_claim_NAME: "__" is a dot.
std::string claim_path(std::string_view name);

} // namespace oauth::ngx
