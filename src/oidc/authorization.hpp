// SPDX-License-Identifier: MIT
// RFC 6749 4.1.1-4.1.2, RFC 7636, RFC 9207, OpenID Connect Core 3.1.2: the way to the provider and what comes
// back.
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
    std::vector<std::string> scopes; // "openid" is never doubled
    std::string state;
    std::string nonce;         // empty: not sent
    std::string code_verifier; // empty: no PKCE
    std::string response_type = "code";
    std::string response_mode;                              // empty: not sent
    std::vector<std::pair<std::string, std::string>> extra; // never a name of is_reserved_parameter
};

// Names an operator may not set as an extra parameter: client_id, redirect_uri, response_type, response_mode,
// scope, state, nonce, code_challenge, code_challenge_method, request, request_uri.
bool is_reserved_parameter(std::string_view name);

// BASE64URL(SHA256(verifier)).
std::string code_challenge_s256(std::string_view code_verifier);

// Keeps a query of the endpoint and appends; spaces in the scope are %20.
std::string build_authorization_url(const AuthorizationRequest& request);

// The parameters of an authorization response after all checks. Only process_authorization_response makes
// one, so that a code cannot reach the token endpoint unchecked.
class ValidatedCallback {
public:
    const std::string& code() const { return code_; }
    const std::string& id_token() const {
        return id_token_;
    } // hybrid (response_type "code id_token") only, else empty

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
    std::string issuer; // empty: the provider has none (plain OAuth 2.0) and an iss parameter is ignored
    bool iss_required = false; // metadata: authorization_response_iss_parameter_supported
    bool hybrid = false;       // an id_token is expected beside the code; otherwise one is refused
};

// Before anything else: can this be the answer to a sign-in at all? The state, when it is there exactly once
// and is 1..128 characters of [A-Za-z0-9_-]. Duplicated protocol parameters (state, code, iss, error,
// error_description, id_token, access_token) are request_invalid; a missing or malformed state is
// state_invalid.
core::Result<std::string> find_state(const core::Parameters& parameters);

// In this order: state equal (constant time) -> iss (RFC 9207 2.4, plain string comparison; a wrong or
// missing one is request_invalid) -> error (access_denied -> access_denied; everything else ->
// provider_error, detail: the error code if it is a token of RFC 6749 characters of at most 64 bytes; never
// the description) -> response in the wrong place (access_token, unasked id_token: request_invalid) -> code
// (1..4096 bytes of printable ASCII 0x20..0x7e, else request_invalid).
core::Result<ValidatedCallback> process_authorization_response(const core::Parameters& parameters,
                                                               const AuthorizationExpectation& expected);

} // namespace oauth::oidc
