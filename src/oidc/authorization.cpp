// SPDX-License-Identifier: MIT
// Builds the authorization request and checks the answer that the browser brings back. A sign-in calls
// build_authorization_url; the callback calls find_state, then process_authorization_response. Nothing is
// kept here.
#include "authorization.hpp"

#include "../core/bytes.hpp"
#include "../core/crypto.hpp"
#include "remedies.hpp"
#include "wire.hpp"

#include <algorithm>

namespace oauth::oidc {

namespace {

constexpr std::size_t max_state_size = 128;
constexpr std::size_t max_code_size = 4096;

// The last three are for requests that are pushed: who sends them is the client's own business.
constexpr std::string_view reserved_parameters[] = {
    "client_id",   "redirect_uri",  "response_type",    "response_mode",        "scope",
    "state",       "nonce",         "request",          "code_challenge",       "code_challenge_method",
    "request_uri", "client_secret", "client_assertion", "client_assertion_type"};

// The user, or the provider for the user, said no: OAuth's name, OpenID Connect's (Core 3.1.2.6, Unmet
// Authentication Requirements 1.0), and those that providers have of their own (LinkedIn and Apple, Auth0).
constexpr std::string_view refusals[] = {
    "access_denied",
    "user_cancelled_login",
    "user_cancelled_authorize",
    "user_cancelled",
    "user_denied",
    "consent_required",
    "interaction_required",
    "login_required",
    "account_selection_required",
    "unmet_authentication_requirements",
    "unauthorized",
};

core::Error invalid_request(std::string detail) {
    return {core::Code::request_invalid, std::move(detail)};
}

core::Error invalid_state(std::string detail) {
    return {core::Code::state_invalid, std::move(detail)};
}

// Of letters, digits and those others.
bool is_word(std::string_view text, std::string_view others) {
    const auto allowed = [others](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               others.find(c) != std::string_view::npos;
    };
    return !text.empty() && std::all_of(text.begin(), text.end(), allowed);
}

// Stricter than RFC 6749 A.5: a state of ours is base64url.
bool is_state(std::string_view text) {
    return text.size() <= max_state_size && is_word(text, "-_");
}

// RFC 6749 A.11: code = 1*VSCHAR
bool is_code(std::string_view text) {
    const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
    return !text.empty() && text.size() <= max_code_size && std::all_of(text.begin(), text.end(), printable);
}

// RFC 6749 3.3: one space between scopes. Each scope once, since a configured value may itself be a list.
std::string join_scopes(const std::vector<std::string>& scopes) {
    std::vector<std::string_view> distinct;
    for (const std::string& scope : scopes) {
        for (const std::string_view part : core::split(scope, ' ')) {
            if (!part.empty() && std::find(distinct.begin(), distinct.end(), part) == distinct.end()) {
                distinct.push_back(part);
            }
        }
    }
    std::string joined;
    for (const std::string_view part : distinct) {
        if (!joined.empty()) {
            joined += ' ';
        }
        joined += part;
    }
    return joined;
}

Secrets secrets_of(const core::Parameters& parameters, const AuthorizationExpectation& expected) {
    return {expected.state, parameters.find("code").value_or("")};
}

// RFC 9207 2.4: iss is the issuer exactly, and must be there if the metadata says that it is sent
core::Status check_issuer(const core::Parameters& parameters, const AuthorizationExpectation& expected) {
    const auto issuer = parameters.find("iss"); // an empty one is none of ours
    if (!issuer && expected.iss_required) {
        return invalid_request("the provider's iss parameter is missing");
    }
    if (issuer && !expected.issuer.empty() && *issuer != expected.issuer) {
        return invalid_request("the iss parameter is not the provider's issuer: found \"" +
                               quoted_answer(*issuer, secrets_of(parameters, expected)) + "\", expected \"" +
                               core::for_log(expected.issuer) + "\" (issuer)");
    }
    return core::Done{};
}

// RFC 6749 4.1.2.1, OpenID Connect Core 3.1.2.6: the error response
core::Error provider_refusal(std::string_view error, const core::Parameters& parameters,
                             const AuthorizationExpectation& expected) {
    const std::string_view description = find_given(parameters, "error_description").value_or("");
    const bool is_refusal = std::find(std::begin(refusals), std::end(refusals), error) != std::end(refusals);
    const core::Code code = is_refusal ? core::Code::access_denied : core::Code::provider_error;
    std::string detail = "the provider answered with ";
    const auto secrets = secrets_of(parameters, expected);
    detail += is_error_code(error) ? "error " + without_secrets(std::string(error), secrets) : "an error";
    if (!description.empty()) {
        detail += ", \"" + quoted_answer(description, secrets) + "\"";
    }
    const std::string remedy =
        is_refusal ? std::string() : authorization_remedy(error, description, expected.redirect_uri);
    return {code, remedy.empty() ? detail : detail + ": " + remedy};
}

// RFC 6749 4.1.2, OpenID Connect Core 3.3.2.5: a code alone, or a code and an ID token, as was asked for
core::Status check_response_type(const core::Parameters& parameters,
                                 const AuthorizationExpectation& expected) {
    if (find_given(parameters, "access_token")) {
        return invalid_request("an access token was not asked for here");
    }
    const bool has_id_token = find_given(parameters, "id_token").has_value();
    if (!expected.hybrid && has_id_token) {
        return invalid_request("an ID token was not asked for here");
    }
    if (expected.hybrid && !has_id_token) {
        return invalid_request("the id_token parameter is missing");
    }
    return core::Done{};
}

} // namespace

bool is_reserved_parameter(std::string_view name) {
    return std::find(std::begin(reserved_parameters), std::end(reserved_parameters), name) !=
           std::end(reserved_parameters);
}

bool is_parameter_name(std::string_view name) {
    return is_word(name, "-._");
}

std::string code_challenge_s256(std::string_view code_verifier) {
    return core::base64url_encode(core::digest(core::Hash::sha256, code_verifier));
}

AuthorizationParameters authorization_parameters(const AuthorizationRequest& request) {
    AuthorizationParameters parameters;
    const auto add_if_given = [&parameters](std::string_view name, std::string value) {
        if (!value.empty()) {
            parameters.emplace_back(name, std::move(value));
        }
    };
    parameters.emplace_back("response_type", request.response_type);
    parameters.emplace_back("client_id", request.client_id);
    parameters.emplace_back("redirect_uri", request.redirect_uri);
    add_if_given("scope", join_scopes(request.scopes));
    parameters.emplace_back("state", request.state);
    add_if_given("nonce", request.nonce);
    if (!request.code_verifier.empty()) {
        parameters.emplace_back("code_challenge", code_challenge_s256(request.code_verifier));
        parameters.emplace_back("code_challenge_method", "S256");
    }
    add_if_given("response_mode", request.response_mode);
    for (const auto& [name, value] : request.extra) {
        // RFC 6749 3.1: no parameter more than once
        const auto is_same = [&name](const auto& other) { return other.first == name; };
        if (!value.empty() && !is_reserved_parameter(name) &&
            std::none_of(parameters.begin(), parameters.end(), is_same)) {
            parameters.emplace_back(name, value);
        }
    }
    return parameters;
}

std::string build_authorization_url(const AuthorizationRequest& request) {
    std::string url = request.authorization_endpoint;
    for (const auto& [name, value] : authorization_parameters(request)) {
        core::append_parameter(url, name, value);
    }
    return url;
}

std::optional<std::string_view> find_given(const core::Parameters& parameters, std::string_view name) {
    const auto value = parameters.find(name);
    return value && !value->empty() ? value : std::nullopt;
}

core::Result<std::string> find_state(const core::Parameters& parameters) {
    // RFC 6749 3.1: no response parameter more than once
    for (const std::string_view name : response_parameters) {
        if (parameters.count(name) > 1) {
            return invalid_request("the " + std::string(name) + " parameter is repeated");
        }
    }
    // RFC 6749 4.1.2: state is required, because it was sent
    const auto state = find_given(parameters, "state");
    if (!state) {
        return invalid_state("the state parameter is missing");
    }
    if (!is_state(*state)) {
        return invalid_state("the state parameter is malformed");
    }
    return std::string(*state);
}

core::Result<ValidatedCallback> process_authorization_response(const core::Parameters& parameters,
                                                               const AuthorizationExpectation& expected) {
    const auto state = find_state(parameters);
    if (!state) {
        return state.error();
    }
    // RFC 6749 4.1.2, 10.12: state is exactly the one that was sent
    if (!core::equal_constant_time(state.value(), expected.state)) {
        return invalid_state("the state parameter is not this sign-in's");
    }
    if (auto checked = check_issuer(parameters, expected); !checked) {
        return std::move(checked.error());
    }
    if (const auto error = find_given(parameters, "error")) {
        return provider_refusal(*error, parameters, expected);
    }
    if (auto checked = check_response_type(parameters, expected); !checked) {
        return std::move(checked.error());
    }
    // RFC 6749 4.1.2: code is required
    const auto code = find_given(parameters, "code");
    if (!code || !is_code(*code)) {
        return invalid_request(code ? "the code parameter is malformed" : "the code parameter is missing");
    }
    return ValidatedCallback(std::string(*code),
                             std::string(find_given(parameters, "id_token").value_or("")));
}

} // namespace oauth::oidc
