// SPDX-License-Identifier: MIT
// A provider's metadata, checked field by field: OpenID Connect Discovery 1.0 3 and 4, RFC 8414 2 and 3.
#pragma once

#include "../core/result.hpp"
#include "../core/url.hpp"
#include "../net/http.hpp"
#include "client_auth.hpp"

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
    std::vector<std::string> id_token_signing_alg_values_supported;            // empty: not given
    std::vector<std::string> userinfo_signing_alg_values_supported;            // empty: not given
    std::vector<std::string> token_endpoint_auth_methods_supported;            // empty: not given
    std::vector<std::string> token_endpoint_auth_signing_alg_values_supported; // empty: not given
    std::vector<std::string> dpop_signing_alg_values_supported;                // empty: not given
    std::vector<std::string> scopes_supported;                                 // empty: not given
    std::vector<std::string> code_challenge_methods_supported;                 // empty: not given
    std::vector<std::string> authorization_signing_alg_values_supported;       // empty: not given
    bool authorization_response_iss_parameter_supported = false;
    bool require_pushed_authorization_requests = false;
    // Members that are unusable and that nothing needs, each with what is wrong, for the log: no text of the
    // document is in it.
    std::vector<std::string> left_out;
};

// What the document must be like, and what of it is needed.
struct MetadataRules {
    std::string issuer;    // that it must name, byte for byte
    core::PlainHttp plain; // which of its endpoints may be http
    std::vector<std::string_view> required = {"authorization_endpoint", "token_endpoint"}; // must be there
    // How the client authenticates itself; nullopt: as the document and what there is allow. By a certificate
    // it does so at the addresses of mtls_endpoint_aliases, where there are any (RFC 8705 5): the endpoints
    // of the metadata are these then. One that is there and unusable has no other in its place.
    std::optional<ClientAuth> client_auth = std::nullopt;
    ClientMaterial material = {};
    // Unusable, they are an error; absent, they are none.
    std::vector<std::string_view> used = {
        "userinfo_endpoint", "jwks_uri", "id_token_signing_alg_values_supported",
        "token_endpoint_auth_methods_supported", "authorization_response_iss_parameter_supported"};
};

// OpenID Connect Discovery 1.0 4.1: removes one '/' from the end of the issuer and appends
// "/.well-known/openid-configuration".
std::string metadata_url(std::string_view issuer);

// RFC 8414 3.1: the form of servers that know OAuth 2.0 alone, with
// "/.well-known/oauth-authorization-server" between host and path. Empty: the issuer is no URL.
std::string authorization_server_metadata_url(std::string_view issuer);

// OpenID Connect Discovery 1.0 4.2 and 4.3, RFC 8414 3.2 and 3.3. The answer must be 200 with a strict JSON
// object of at most 1 MiB. The issuer member must equal the expected one byte for byte; "{tenantid}" in both
// is plain text here. The rest is taken member by member: an endpoint must satisfy core::is_endpoint_url, a
// list has at most 1000 strings; what is unusable is an error if it is needed, else left out.
// code_challenge_methods_supported may lack S256: the caller sends S256 anyway. The error is provider_error.
core::Result<Metadata> process_metadata_response(const net::HttpResponse& response,
                                                 const MetadataRules& rules);

} // namespace oauth::oidc
