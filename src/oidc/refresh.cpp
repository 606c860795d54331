// SPDX-License-Identifier: MIT
// See refresh.hpp.
#include "refresh.hpp"

#include "../core/bytes.hpp"
#include "../core/json.hpp"
#include "../core/url.hpp"
#include "wire.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace oauth::oidc {

namespace {

constexpr std::string_view words_of_the_end[] = {"invalid_grant",
                                                 "bad_refresh_token",
                                                 "access_denied",
                                                 "interaction_required",
                                                 "login_required",
                                                 "consent_required",
                                                 "account_selection_required"};

constexpr std::size_t max_body_size = 64 * 1024; // of an error

// error and error_description, from JSON or a form.
std::pair<std::string, std::string> error_of(const net::HttpResponse& response) {
    if (response.body.size() > max_body_size) {
        return {};
    }
    if (const auto json = core::Json::parse(response.body)) {
        const core::JsonView root = json->root();
        return {std::string(root.get("error").as_string().value_or("")),
                std::string(root.get("error_description").as_string().value_or(""))};
    }
    if (const auto form = core::Parameters::parse(response.body)) {
        return {std::string(form->find("error").value_or("")),
                std::string(form->find("error_description").value_or(""))};
    }
    return {};
}

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
