// SPDX-License-Identifier: MIT
// OpenID Connect Core 5.3: what the provider says of the user, for an access token.
#pragma once

#include "../core/json.hpp"
#include "../core/result.hpp"
#include "../net/http.hpp"

#include <string>
#include <string_view>

namespace oauth::oidc {

// GET with "Authorization: Bearer", Accept: application/json.
net::HttpRequest build_userinfo_request(std::string_view userinfo_endpoint, std::string_view access_token);

// 200, a JSON media type, a strict JSON object. With `expected_subject` not empty the sub member must be that
// string (an OpenID provider); with it empty (plain OAuth 2.0) no sub is asked for. A signed answer
// (application/jwt) is refused as unsupported. Errors: provider_error; a differing subject: token_invalid.
core::Result<core::Json> process_userinfo_response(const net::HttpResponse& response,
                                                   std::string_view expected_subject);

} // namespace oauth::oidc
