// SPDX-License-Identifier: MIT
// Asks the provider about the user with an access token. Called after the ID token was validated: its subject
// is the expected one. The caller owns the returned document.
#include "userinfo.hpp"

#include "wire.hpp"

namespace oauth::oidc {

net::HttpRequest build_userinfo_request(std::string_view userinfo_endpoint, std::string_view access_token,
                                        TokenType type) {
    const std::string scheme = type == TokenType::dpop ? "DPoP " : "Bearer ";
    net::HttpRequest request;
    request.url = std::string(userinfo_endpoint);
    request.headers.push_back({"Authorization", scheme + std::string(access_token)});
    request.headers.push_back({"Accept", "application/json"});
    return request;
}

core::Result<core::Json> process_userinfo_response(const net::HttpResponse& response,
                                                   std::string_view expected_subject) {
    // OpenID Connect Core 5.3.2: application/jwt is a signed or encrypted answer
    if (response.status == 200 && response.content_type == "application/jwt") {
        return core::Error{core::Code::provider_error, "signed answers are not supported"};
    }
    auto json = parse_json_object(response);
    if (!json || expected_subject.empty()) {
        return json;
    }
    // OpenID Connect Core 5.3.2: sub is required
    const auto subject = json->root().get("sub").as_string();
    if (!subject) {
        return core::Error{core::Code::provider_error, "sub is missing or not a string"};
    }
    // OpenID Connect Core 5.3.2, 5.3.4: sub is the ID token's; otherwise the claims may be another user's
    if (*subject != expected_subject) {
        return core::Error{core::Code::token_invalid, "sub is not the ID token's"};
    }
    return json;
}

} // namespace oauth::oidc
