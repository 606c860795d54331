// SPDX-License-Identifier: MIT
// How the client proves itself at the token endpoint: RFC 6749 2.3.1, OpenID Connect Core 9.
#pragma once

#include "../net/http.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::oidc {

enum class ClientAuth { basic, post, none };

std::optional<ClientAuth> parse_client_auth(std::string_view name); // "basic", "post", "none"

// From token_endpoint_auth_methods_supported: basic where it is listed or nothing is, else post, else none if
// only that is. Nothing if the provider supports none of ours.
std::optional<ClientAuth> choose_client_auth(const std::vector<std::string>& supported);

struct ClientCredentials {
    std::string client_id;
    std::string client_secret; // empty only with none
    ClientAuth auth = ClientAuth::basic;
};

// Adds the Authorization header (both halves form-urlencoded, then base64), or the form parameters, never
// both. `body` is the form so far.
void authenticate_client(const ClientCredentials& credentials, net::HttpRequest& request);

} // namespace oauth::oidc
