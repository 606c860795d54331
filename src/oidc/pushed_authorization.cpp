// SPDX-License-Identifier: MIT
// See pushed_authorization.hpp. Called by a sign-in that is about to begin, once. Nothing is kept here.
#include "pushed_authorization.hpp"

#include "../core/json.hpp"
#include "wire.hpp"

#include <algorithm>

namespace oauth::oidc {

namespace {

constexpr std::size_t max_request_uri_size = 2048;
constexpr std::int64_t max_expires_in = 86400;
constexpr int created = 201;

core::Error refusal(std::string_view wrong) {
    return {core::Code::provider_error, std::string(wrong)};
}

// RFC 3986 2: a URI is of visible ASCII
bool is_request_uri(std::string_view text) {
    const auto visible = [](char c) { return c > ' ' && c <= '~'; };
    return !text.empty() && text.size() <= max_request_uri_size &&
           std::all_of(text.begin(), text.end(), visible);
}

// Values are percent-encoded, so that "&" is always a separator.
bool names_client(std::string_view body) {
    return body.starts_with("client_id=") || body.find("&client_id=") != std::string_view::npos;
}

} // namespace

net::HttpRequest build_pushed_request(const std::string& endpoint, const AuthorizationRequest& request,
                                      const ClientCredentials& credentials) {
    net::HttpRequest http;
    http.method = "POST";
    http.url = endpoint;
    http.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
    http.headers.push_back({"Accept", "application/json"});
    for (const auto& [name, value] : authorization_parameters(request)) {
        if (name != "client_id") {
            append_form_parameter(http.body, name, value);
        }
    }
    authenticate_client(credentials, http);
    // RFC 9126 2.1: it is required in the form, however the client authenticates itself
    if (!names_client(http.body)) {
        append_form_parameter(http.body, "client_id", request.client_id);
    }
    return http;
}

core::Result<PushedAuthorization> process_pushed_response(const net::HttpResponse& response) {
    auto json = parse_json_object(response, created);
    if (!json) {
        return std::move(json.error());
    }
    const auto request_uri = json->root().get("request_uri").as_string();
    if (!request_uri || !is_request_uri(*request_uri)) {
        return refusal(request_uri ? "request_uri is malformed" : "request_uri is missing or not a string");
    }
    const auto expires_in = json->root().get("expires_in").as_integer();
    if (!expires_in || *expires_in < 1) {
        return refusal(expires_in ? "expires_in is not positive" : "expires_in is missing or not a number");
    }
    return PushedAuthorization{std::string(*request_uri), std::min(*expires_in, max_expires_in)};
}

std::string build_pushed_authorization_url(const AuthorizationRequest& request,
                                           const PushedAuthorization& pushed) {
    std::string url = request.authorization_endpoint;
    core::append_parameter(url, "client_id", request.client_id);
    core::append_parameter(url, "request_uri", pushed.request_uri);
    return url;
}

} // namespace oauth::oidc
