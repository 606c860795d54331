// SPDX-License-Identifier: MIT
// What an administrator is told where a provider says no: its own words, and which parameter or registration
// mends it. Called by the flows with an error that they are about to log. Nothing here decides anything.
#pragma once

#include "../core/result.hpp"
#include "../net/http.hpp"
#include "client_auth.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace oauth::oidc {

// Texts that must not be told, even where a provider repeats them.
using Secrets = std::vector<std::string_view>;

// What the client has proved itself with is one, too; null: it has not.
using Client = const ClientCredentials*;

// A provider's text, as a log line may quote it: without the secrets, printable, at most 256 bytes.
std::string quoted_answer(std::string_view text, const Secrets& secrets, Client client = nullptr);

// The same of a code, which is told whole.
std::string without_secrets(std::string text, const Secrets& secrets, Client client = nullptr);
core::Error without_secrets(core::Error error, const Secrets& secrets, Client client = nullptr);

// The error, with what the answer says of it beside its code: error_description, or that it is no JSON.
core::Error with_answer(const core::Error& error, const net::HttpResponse& response,
                        const Secrets& secrets = {}, Client client = nullptr);

// Of an answer that says that nobody's configuration is wrong; empty: it does not.
std::string outage_remedy(const net::HttpResponse& response);

// What the token endpoint was asked.
struct TokenQuestion {
    std::string_view url;
    const ClientCredentials& credentials;
    std::string_view redirect_uri; // empty: a refresh
    Secrets secrets;               // beside the client's
};

// Of a refused token request: the answer's words, the address, and what mends it.
core::Error explain_refusal(const core::Error& error, const net::HttpResponse& response,
                            const TokenQuestion& question);

// Of a refused push of an authorization request: the same.
core::Error explain_push_refusal(const core::Error& error, const net::HttpResponse& response,
                                 const TokenQuestion& question);

// Of a resource that refused an access token. Empty: nothing is known to mend it.
std::string resource_remedy(const net::HttpResponse& response);

// Of an error that came with a callback. Empty: nothing is known to mend it.
std::string authorization_remedy(std::string_view error, std::string_view description,
                                 std::string_view redirect_uri);

} // namespace oauth::oidc
