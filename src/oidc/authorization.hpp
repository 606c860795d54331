// SPDX-License-Identifier: MIT
// The authorization request and its answer: RFC 6749 4.1.1 and 4.1.2, RFC 7636, RFC 9207, and OpenID Connect
// Core 3.1.2 and 3.3.2.
#pragma once

#include "../core/result.hpp"
#include "../core/url.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace oauth::oidc {

struct AuthorizationRequest {
    std::string authorization_endpoint;
    std::string client_id;
    std::string redirect_uri;
    std::vector<std::string> scopes; // repeated ones are sent once
    std::string state;
    std::string nonce;         // empty: not sent
    std::string code_verifier; // empty: no PKCE
    std::string response_type = "code";
    std::string response_mode;                              // empty: not sent
    std::vector<std::pair<std::string, std::string>> extra; // reserved names and empty values are left out
};

// The names that an operator may not set as extra parameters: client_id, redirect_uri, response_type,
// response_mode, scope, state, nonce, code_challenge, code_challenge_method, request, request_uri, and those
// by which a client authenticates itself.
bool is_reserved_parameter(std::string_view name);

// RFC 6749 8.2: letters, digits, "-", "." and "_".
bool is_parameter_name(std::string_view name);

// RFC 7636 4.2: BASE64URL(SHA256(verifier)), 43 characters.
std::string code_challenge_s256(std::string_view code_verifier);

// RFC 6749 4.1.1, RFC 7636 4.3, OpenID Connect Core 3.1.2.1. Each name once.
using AuthorizationParameters = std::vector<std::pair<std::string, std::string>>;
AuthorizationParameters authorization_parameters(const AuthorizationRequest& request);

// The same as an address. Appends to the endpoint's own query, if it has
// one; spaces in the scope become %20.
std::string build_authorization_url(const AuthorizationRequest& request);

// The parameters of an authorization response after all checks. Only process_authorization_response makes
// one, so that a code cannot reach the token endpoint unchecked.
class ValidatedCallback {
public:
    const std::string& code() const { return code_; }
    // Empty unless the response_type was "code id_token" (hybrid).
    const std::string& id_token() const { return id_token_; }

private:
    friend core::Result<ValidatedCallback>
    process_authorization_response(const core::Parameters&, const struct AuthorizationExpectation&);
    ValidatedCallback(std::string code, std::string id_token)
        : code_(std::move(code)), id_token_(std::move(id_token)) {}
    std::string code_;
    std::string id_token_;
};

struct AuthorizationExpectation {
    std::string state;
    std::string issuer; // empty: a provider without one (plain OAuth 2.0), and an iss parameter is ignored
    bool iss_required = false; // metadata: authorization_response_iss_parameter_supported
    bool hybrid = false;       // true: id_token must come with the code; false: it must not
    std::string redirect_uri;  // for messages
};

// Of a response: each may come once.
inline constexpr std::string_view response_parameters[] = {
    "state", "code", "iss", "error", "error_description", "id_token", "access_token"};

// A parameter of the response. RFC 6749 3.1: one that is empty is as good as none. Not for iss, which is
// compared as it stands.
std::optional<std::string_view> find_given(const core::Parameters& parameters, std::string_view name);

// RFC 6749 3.1 and 4.1.2. The first step: gives the state, 1..128 characters of [A-Za-z0-9_-]. Errors:
// request_invalid if state, code, iss, error, error_description, id_token or access_token is repeated;
// state_invalid if the state is missing or malformed.
core::Result<std::string> find_state(const core::Parameters& parameters);

// RFC 6749 4.1.2, RFC 9207 2.4, OpenID Connect Core 3.1.2.7 and 3.3.2.8. The checks, in this order:
// - state equals the expected one, compared in constant time; else state_invalid;
// - iss equals the issuer, byte for byte, and is not missing where required; else request_invalid;
// - error is absent; else access_denied for that code and the other names of a refusal, such as
//   login_required, and provider_error for every other. The detail names the code if is_error_code holds
//   (wire.hpp), the description without the state, and what mends it;
// - no access_token, and an id_token exactly where one was asked for; else request_invalid;
// - code is 1..4096 bytes of printable ASCII (0x20..0x7e); else request_invalid.
core::Result<ValidatedCallback> process_authorization_response(const core::Parameters& parameters,
                                                               const AuthorizationExpectation& expected);

} // namespace oauth::oidc
