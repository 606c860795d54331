// SPDX-License-Identifier: MIT
// Pushed authorization requests: RFC 9126. The request goes to the provider itself, and the browser only
// carries its name.
#pragma once

#include "../core/result.hpp"
#include "../net/http.hpp"
#include "authorization.hpp"
#include "client_auth.hpp"

#include <cstdint>
#include <string>

namespace oauth::oidc {

// RFC 9126 2.1: a POST with a form, in which the client authenticates itself as at the token endpoint.
net::HttpRequest build_pushed_request(const std::string& endpoint, const AuthorizationRequest& request,
                                      const ClientCredentials& credentials);

struct PushedAuthorization {
    std::string request_uri;     // 1..2048 bytes of visible ASCII
    std::int64_t expires_in = 0; // seconds, 1..86400: longer ones are cut
};

// RFC 9126 2.2 and 2.3. The answer must be 201 with a strict JSON object that has request_uri and expires_in.
// The error is provider_error. Its detail has the status and the error code, if is_error_code holds
// (wire.hpp), and nothing else of the body.
core::Result<PushedAuthorization> process_pushed_response(const net::HttpResponse& response);

// RFC 9126 4: client_id and request_uri, and nothing else but the endpoint's own query.
std::string build_pushed_authorization_url(const AuthorizationRequest& request,
                                           const PushedAuthorization& pushed);

} // namespace oauth::oidc
