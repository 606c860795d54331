// SPDX-License-Identifier: MIT
// OpenID Connect Discovery 1.0 and RFC 8414: what a provider says of itself, checked field by field.
#pragma once

#include "../core/result.hpp"
#include "../net/http.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::oidc {

struct Metadata {
    std::string issuer;
    std::string authorization_endpoint;
    std::string token_endpoint;
    std::string userinfo_endpoint;    // empty: none
    std::string jwks_uri;             // empty: none
    std::string end_session_endpoint; // empty: none
    std::string revocation_endpoint;  // empty: none
    std::string introspection_endpoint;
    std::string pushed_authorization_request_endpoint;
    std::vector<std::string> id_token_signing_alg_values_supported; // empty: not given
    std::vector<std::string> token_endpoint_auth_methods_supported; // empty: not given
    std::vector<std::string> code_challenge_methods_supported;      // empty: not given
    bool authorization_response_iss_parameter_supported = false;
    bool require_pushed_authorization_requests = false;
};

// Discovery 4: one terminating '/' of the issuer is removed, then "/.well-known/openid-configuration" is
// appended.
std::string metadata_url(std::string_view issuer);

// Status 200, a JSON media type, a strict JSON object of sane size. `expected_issuer` must equal the issuer
// member byte for byte (an issuer may hold "{tenantid}" when the expected one does). Every endpoint must
// satisfy core::is_endpoint_url and have no fragment; authorization and token endpoint must be there. A
// metadata that lists code_challenge_methods without S256 but is otherwise right is accepted here (the caller
// sends S256 regardless). Errors: provider_error.
core::Result<Metadata> process_metadata_response(const net::HttpResponse& response,
                                                 std::string_view expected_issuer);

} // namespace oauth::oidc
