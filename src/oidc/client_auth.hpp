// SPDX-License-Identifier: MIT
// How the client authenticates itself at the token endpoint: RFC 6749 2.3.1, OpenID Connect Core 9.
#pragma once

#include "../net/http.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::oidc {

enum class ClientAuth { basic, post, none };

// "basic", "post" or "none"; nullopt for anything else.
std::optional<ClientAuth> parse_client_auth(std::string_view name);

// Chooses from token_endpoint_auth_methods_supported (OpenID Connect Discovery 1.0 3): basic if it is listed
// or the list is empty, else post, else none. nullopt if none of these three is listed.
std::optional<ClientAuth> choose_client_auth(const std::vector<std::string>& supported);

struct ClientCredentials {
    std::string client_id;
    std::string client_secret; // empty only with none
    ClientAuth auth = ClientAuth::basic;
};

// RFC 6749 2.3.1. Adds either the Authorization header (id and secret each form-urlencoded, joined by ':',
// then base64) or parameters to the form in request.body, never both.
void authenticate_client(const ClientCredentials& credentials, net::HttpRequest& request);

} // namespace oauth::oidc
