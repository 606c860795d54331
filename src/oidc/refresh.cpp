// SPDX-License-Identifier: MIT
// See refresh.hpp.
#include "refresh.hpp"

#include "../core/bytes.hpp"
#include "wire.hpp"

#include <algorithm>
#include <string_view>

namespace oauth::oidc {

namespace {

constexpr std::string_view words_of_the_end[] = {"invalid_grant",
                                                 "bad_refresh_token",
                                                 "access_denied",
                                                 "interaction_required",
                                                 "login_required",
                                                 "consent_required",
                                                 "account_selection_required"};

} // namespace

net::HttpRequest build_refresh_request(const RefreshRequest& request) {
    net::HttpRequest http;
    http.method = "POST";
    http.url = request.token_endpoint;
    http.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
    http.headers.push_back({"Accept", "application/json"});
    append_form_parameter(http.body, "grant_type", "refresh_token");
    append_form_parameter(http.body, "refresh_token", request.refresh_token);
    if (!request.scope.empty()) {
        append_form_parameter(http.body, "scope", request.scope);
    }
    authenticate_client(request.credentials, http);
    return http;
}

Refusal refusal_of(const net::HttpResponse& response) {
    const auto [error, description] = error_of(response);
    if (std::find(std::begin(words_of_the_end), std::end(words_of_the_end), error) !=
        std::end(words_of_the_end)) {
        return Refusal::ended;
    }
    // "Refresh token expired.", "Refresh token is invalid or has already been claimed by another client."
    const bool is_about_token = core::to_lower_ascii(description).find("refresh token") != std::string::npos;
    return error == "invalid_request" && is_about_token ? Refusal::ended : Refusal::none;
}

} // namespace oauth::oidc
