// SPDX-License-Identifier: MIT
// See program_answers.hpp.
#include "program_answers.hpp"

#include "../core/bytes.hpp"

#include <algorithm>
#include <utility>

namespace oauth::flow {

namespace {

web::Audience program(const Site& site, const Request& request) {
    web::Audience to = audience(site, request, "/");
    to.prefers_json = true;
    return to;
}

void set_challenge(const ProtectedResource& resource, const Request& request, const Challenge& challenge,
                   web::Answer& answer) {
    std::erase_if(answer.headers, [](const auto& header) { return header.first == "WWW-Authenticate"; });
    answer.headers.emplace_back("WWW-Authenticate", challenge_value(resource, request.base_url, challenge));
}

bool is_token_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

} // namespace

bool is_for_program(const ProtectedResource& resource, const Request& request) {
    // A probe with GET is none of a browser's: that says what it is about, on every origin that it trusts.
    const bool is_page = is_page_load(request) && (!resource.is_mcp || request.sec_fetch_mode == "navigate");
    return !is_page && !(is_posted_form(request) && !resource.is_mcp);
}

web::Answer challenge_program(const Site& site, const Request& request, const ProtectedResource& resource,
                              const Admission& admission) {
    const bool is_bad = admission.credentials != Credentials::Kind::none;
    const bool is_twice = admission.credentials == Credentials::Kind::twice && !resource.is_mcp;
    web::Answer answer = web::unauthenticated(request.base_url, program(site, request));
    Challenge challenge;
    if (is_twice) {
        answer.status = 400;
        challenge.error = "invalid_request";
    } else {
        challenge.error = is_bad ? "invalid_token" : "";
        challenge.scopes = announced_scopes(resource);
    }
    set_challenge(resource, request, challenge, answer);
    if (is_bad) {
        answer.log_level = web::LogLevel::warn;
        answer.log = "login_required: " + admission.complaint + ", reference " + request.id;
    } else {
        answer.log_level = web::LogLevel::info;
        answer.log = "login_required: a program came without a token, reference " + request.id;
    }
    return answer;
}

web::Answer refuse_program(const Site& site, const Request& request, const ProtectedResource& resource,
                           const std::vector<std::string>& lacking, std::string reason) {
    web::Answer answer = web::failure({core::Code::policy_denied, std::move(reason)}, program(site, request));
    if (!lacking.empty()) {
        Challenge challenge;
        challenge.error = "insufficient_scope";
        challenge.scopes = lacking;
        set_challenge(resource, request, challenge, answer);
    }
    return answer;
}

web::Answer challenge_for_step_up(const Site& site, const Request& request, const ProtectedResource& resource,
                                  const session::StepUp& wanted) {
    web::Audience to = program(site, request);
    to.lacks_strength = true;
    web::Answer answer = web::unauthenticated(request.base_url, to);
    Challenge challenge;
    challenge.error = "insufficient_user_authentication";
    challenge.scopes = announced_scopes(resource);
    for (const std::string& each : wanted.acr) {
        challenge.acr_values.append(challenge.acr_values.empty() ? "" : " ").append(each);
    }
    challenge.max_age = wanted.max_age;
    set_challenge(resource, request, challenge, answer);
    answer.log_level = web::LogLevel::info;
    answer.log = "login_required: an access token's authentication is not what oauth_step_up asks for, "
                 "reference " +
                 request.id;
    return answer;
}

bool is_discovery_path(std::string_view path) {
    for (const std::string_view known :
         {resource_metadata_path, std::string_view("/.well-known/oauth-authorization-server"),
          std::string_view("/.well-known/openid-configuration")}) {
        if (path.starts_with(known) && (path.size() == known.size() || path[known.size()] == '/')) {
            return true;
        }
    }
    return false;
}

web::Answer nothing_to_discover(const Site& site, const Request& request) {
    web::Answer answer = web::not_found(program(site, request));
    answer.headers.emplace_back("Access-Control-Allow-Origin", "*");
    return answer;
}

web::Answer preflight(std::string_view requested_headers) {
    constexpr std::size_t longest = 4096;
    std::string allowed;
    for (const std::string_view each : core::split(requested_headers.substr(0, longest), ',')) {
        const std::string_view name = core::trim(each);
        if (!name.empty() && std::all_of(name.begin(), name.end(), is_token_character)) {
            allowed.append(allowed.empty() ? "" : ", ").append(name);
        }
    }
    web::Answer answer;
    answer.status = 204;
    answer.headers = {
        {"Access-Control-Allow-Origin", "*"},
        {"Access-Control-Allow-Methods", "GET, POST, DELETE"},
        {"Access-Control-Allow-Headers", allowed.empty() ? "Authorization, Content-Type" : allowed},
        {"Access-Control-Max-Age", "600"}};
    return answer;
}

} // namespace oauth::flow
