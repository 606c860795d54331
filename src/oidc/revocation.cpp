// SPDX-License-Identifier: MIT
// See revocation.hpp. Called when a session has ended, once for each token that it kept.
#include "revocation.hpp"

#include "wire.hpp"

namespace oauth::oidc {

net::HttpRequest build_revocation_request(const RevocationRequest& request) {
    net::HttpRequest http;
    http.method = "POST";
    http.url = request.revocation_endpoint;
    http.purpose = net::HttpRequest::Purpose::background;
    http.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
    http.headers.push_back({"Accept", "application/json"});
    append_form_parameter(http.body, "token", request.token);
    append_form_parameter(http.body, "token_type_hint",
                          request.kind == TokenKind::refresh ? "refresh_token" : "access_token");
    authenticate_client(request.credentials, http);
    return http;
}

core::Status process_revocation_response(const net::HttpResponse& response) {
    if (response.status >= 200 && response.status < 300) {
        return core::Done{};
    }
    return error_response(response);
}

} // namespace oauth::oidc
