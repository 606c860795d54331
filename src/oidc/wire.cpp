// SPDX-License-Identifier: MIT
// What the exchanges of this folder share: form bodies, error codes, JSON answers. Called by the other files
// of this folder; owns nothing.
#include "wire.hpp"

#include "../core/bytes.hpp"
#include "../core/url.hpp"
#include "challenge.hpp"

#include <algorithm>

namespace oauth::oidc {

namespace {

constexpr std::size_t max_json_size = 1024 * 1024;
constexpr std::size_t max_error_size = 64 * 1024;
constexpr std::size_t max_error_code_size = 64;

core::Error provider_error(std::string_view wrong) {
    return {core::Code::provider_error, std::string(wrong)};
}

} // namespace

void append_form_parameter(std::string& body, std::string_view name, std::string_view value) {
    if (!body.empty()) {
        body += '&';
    }
    body += name;
    body += '=';
    body += core::percent_encode(value);
}

// RFC 6749 A.7: 1*NQSCHAR, here without the space
bool is_error_code(std::string_view text) {
    const auto allowed = [](char c) { return c > ' ' && c <= '~' && c != '"' && c != '\\'; };
    return !text.empty() && text.size() <= max_error_code_size &&
           std::all_of(text.begin(), text.end(), allowed);
}

ErrorAnswer error_of(const net::HttpResponse& response) {
    if (response.body.size() > max_error_size) {
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

ErrorAnswer told_error_of(const net::HttpResponse& response) {
    ErrorAnswer answer = error_of(response);
    for (const std::string_view scheme : {"Bearer", "DPoP", "Basic"}) {
        if (answer.error.empty() && answer.description.empty()) {
            answer = challenge_of(response, scheme);
        }
    }
    return answer;
}

core::Error error_response(const net::HttpResponse& response) {
    std::string detail = "status " + std::to_string(response.status);
    if (const std::string error = told_error_of(response).error; is_error_code(error)) {
        detail += ", error " + error;
    }
    return provider_error(detail);
}

core::Error no_json(const net::HttpResponse& response) {
    const std::string& type = response.content_type;
    return provider_error("the answer is not of a JSON media type, but " +
                          (type.empty() ? "of none" : core::for_log(type)));
}

// RFC 8259 11, RFC 6839 3.1
bool is_json_media_type(std::string_view media_type) {
    constexpr std::string_view prefix = "application/";
    constexpr std::string_view suffix = "+json";
    if (media_type == "application/json") {
        return true;
    }
    return media_type.size() > prefix.size() + suffix.size() && media_type.starts_with(prefix) &&
           media_type.ends_with(suffix);
}

core::Result<core::Json> parse_json_object(const net::HttpResponse& response, int status) {
    if (response.status != status) {
        return error_response(response);
    }
    if (!is_json_media_type(response.content_type)) {
        return no_json(response);
    }
    if (response.body.size() > max_json_size) {
        return provider_error("the answer is too large");
    }
    auto json = core::Json::parse(response.body);
    if (!json) {
        return provider_error("the answer is not strict JSON");
    }
    if (!json->root().is_object()) {
        return provider_error("the answer is not a JSON object");
    }
    return std::move(*json);
}

} // namespace oauth::oidc
