// SPDX-License-Identifier: MIT
// Builds the token request and reads the answer. Called once per sign-in, with a ValidatedCallback. The
// TokenSet owns its text; no part of it ever gets into an error.
#include "token.hpp"

#include "../core/bytes.hpp"
#include "../core/json.hpp"
#include "../core/url.hpp"
#include "wire.hpp"

#include <algorithm>

namespace oauth::oidc {

namespace {

constexpr std::size_t max_token_size = 64 * 1024;
constexpr std::size_t max_scope_size = 64 * 1024;
constexpr std::size_t max_body_size = 1024 * 1024;
constexpr std::int64_t max_expires_in = 10LL * 365 * 86400;

core::Error refusal(std::string_view wrong) {
    return {core::Code::provider_error, std::string(wrong)};
}

// RFC 6749 A.12, A.17: 1*VSCHAR, here without the space, which RFC 6750 2.1 excludes
bool is_token(std::string_view text) {
    const auto visible = [](char c) { return c > ' ' && c <= '~'; };
    return !text.empty() && text.size() <= max_token_size && std::all_of(text.begin(), text.end(), visible);
}

// RFC 6749 A.4: printable ASCII
bool is_scope(std::string_view text) {
    const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
    return text.size() <= max_scope_size && std::all_of(text.begin(), text.end(), printable);
}

// The members of the answer as text, whether it came as JSON or as a form. `malformed`: it is there but is
// not one text.
struct Members {
    struct Text {
        std::optional<std::string> value;
        bool malformed = false;
    };
    Text access_token, id_token, refresh_token, token_type, scope;
    std::optional<std::int64_t> expires_in;
};

Members::Text text_of(core::JsonView value) {
    if (!value.exists()) {
        return {};
    }
    const auto text = value.as_string();
    if (!text) {
        return {std::nullopt, true};
    }
    return {std::string(*text), false};
}

// RFC 6749 3.3, 5.1: one string. Some providers, such as Twitch, answer with a list, some call it scp.
Members::Text scope_of(core::JsonView value) {
    if (!value.is_array()) {
        return text_of(value);
    }
    std::string joined;
    for (const core::JsonView& element : value.elements()) {
        const auto scope = element.as_string();
        if (!scope) {
            return {std::nullopt, true};
        }
        if (!joined.empty()) {
            joined += ' ';
        }
        joined += *scope;
    }
    return {std::move(joined), false};
}

// RFC 6749 5.1, A.14: seconds, a number. Some providers write it as a string.
std::optional<std::int64_t> lifetime_of(std::string_view text) {
    const auto seconds = core::parse_decimal(text, max_expires_in);
    if (!seconds) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(*seconds);
}

std::optional<std::int64_t> lifetime_of(core::JsonView value) {
    if (const auto text = value.as_string()) {
        return lifetime_of(*text);
    }
    const auto seconds = value.as_integer();
    if (!seconds || *value.as_number() < 0 || *seconds > max_expires_in) {
        return std::nullopt;
    }
    return seconds;
}

Members members_of(core::JsonView object) {
    Members members;
    members.access_token = text_of(object.get("access_token"));
    members.id_token = text_of(object.get("id_token"));
    members.refresh_token = text_of(object.get("refresh_token"));
    members.token_type = text_of(object.get("token_type"));
    members.scope = scope_of(object.get(object.get("scope") ? "scope" : "scp"));
    members.expires_in = lifetime_of(object.get("expires_in"));
    return members;
}

Members::Text text_of(const core::Parameters& form, std::string_view name) {
    const auto value = form.find(name);
    if (!value) {
        return {};
    }
    // RFC 6749 3.2: no parameter more than once
    return {std::string(*value), form.count(name) > 1};
}

Members members_of(const core::Parameters& form) {
    Members members;
    members.access_token = text_of(form, "access_token");
    members.id_token = text_of(form, "id_token");
    members.refresh_token = text_of(form, "refresh_token");
    members.token_type = text_of(form, "token_type");
    members.scope = text_of(form, "scope");
    members.expires_in = lifetime_of(form.find("expires_in").value_or(""));
    return members;
}

core::Result<Members> read_json(const net::HttpResponse& response) {
    const auto json = core::Json::parse(response.body);
    if (!json || !json->root().is_object()) {
        return refusal("the answer is not a strict JSON object");
    }
    // RFC 6749 5.2 asks for status 400, but some providers answer errors with 200. Others name the member in
    // every answer, and leave it empty where all is well.
    if (const core::JsonView error = json->root().get("error"); error && error.as_string() != "") {
        return error_response(response);
    }
    return members_of(json->root());
}

core::Result<Members> read_form(const net::HttpResponse& response) {
    const auto form = core::Parameters::parse(response.body);
    if (!form) {
        return refusal("the answer is not a form");
    }
    if (const auto error = form->find("error"); error && !error->empty()) {
        return error_response(response);
    }
    return members_of(*form);
}

// RFC 6749 5.1, 5.2: application/json
core::Result<Members> read_members(const net::HttpResponse& response, TokenFormat format) {
    if (response.body.size() > max_body_size) {
        return refusal("the answer is too large");
    }
    if (response.status != 200) {
        return error_response(response);
    }
    if (is_json_media_type(response.content_type)) {
        return read_json(response);
    }
    if (format == TokenFormat::json_or_form && response.content_type == "application/x-www-form-urlencoded") {
        return read_form(response);
    }
    return no_json(response);
}

// RFC 6749 5.1, 7.1, OpenID Connect Core 3.1.3.3: token_type is bearer, in any case. It is required, too, but
// a provider that leaves it out means no other: one that says another would be misunderstood.
core::Status check_token_type(const Members::Text& type, TokenType wanted) {
    const bool absent = !type.value && !type.malformed;
    const auto is = [&type](std::string_view name) {
        return type.value && !type.malformed && core::equal_ignoring_case(*type.value, name);
    };
    if (wanted == TokenType::dpop) { // RFC 9449 5
        return is("dpop") ? core::Status(core::Done{})
                          : refusal("token_type is not DPoP, though \"dpop on\" asks for it");
    }
    if (absent || is("bearer")) {
        return core::Done{};
    }
    return refusal(is("dpop") ? "token_type is not bearer but DPoP, which needs \"dpop on\""
                              : "token_type is not bearer");
}

// An empty text counts as absent.
bool is_usable_or_absent(const Members::Text& token) {
    return !token.malformed && (!token.value || token.value->empty() || is_token(*token.value));
}

core::Status check_members(const Members& members, IdTokenRule id_token, AccessTokenRule access_token,
                           TokenType type) {
    // RFC 6749 5.1: access_token is required. Azure AD B2C leaves it out where no API was asked for.
    const bool has_access_token = !members.access_token.value.value_or("").empty();
    if (!is_usable_or_absent(members.access_token) ||
        (access_token == AccessTokenRule::required && !has_access_token)) {
        return refusal("access_token is missing or malformed");
    }
    if (auto checked = check_token_type(members.token_type, type); !checked) {
        return checked;
    }
    if (!is_usable_or_absent(members.id_token)) {
        return refusal("id_token is malformed");
    }
    // OpenID Connect Core 3.1.3.3: id_token is required
    if (id_token == IdTokenRule::required && members.id_token.value.value_or("").empty()) {
        return refusal("id_token is missing");
    }
    if (!is_usable_or_absent(members.refresh_token)) {
        return refusal("refresh_token is malformed");
    }
    if (members.scope.malformed || !is_scope(members.scope.value.value_or(""))) {
        return refusal("scope is malformed");
    }
    return core::Done{};
}

} // namespace

net::HttpRequest build_token_request(const TokenRequest& request, const ValidatedCallback& callback) {
    net::HttpRequest http;
    http.method = "POST";
    http.url = request.token_endpoint;
    http.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
    http.headers.push_back({"Accept", "application/json"});
    append_form_parameter(http.body, "grant_type", "authorization_code");
    append_form_parameter(http.body, "code", callback.code());
    append_form_parameter(http.body, "redirect_uri", request.redirect_uri);
    if (!request.code_verifier.empty()) {
        append_form_parameter(http.body, "code_verifier", request.code_verifier);
    }
    authenticate_client(request.credentials, http);
    return http;
}

core::Result<TokenSet> process_token_response(const net::HttpResponse& response, IdTokenRule id_token,
                                              TokenFormat format, AccessTokenRule access_token,
                                              TokenType type) {
    auto members = read_members(response, format);
    if (!members) {
        return std::move(members.error());
    }
    if (auto checked = check_members(members.value(), id_token, access_token, type); !checked) {
        return std::move(checked.error());
    }
    TokenSet tokens;
    tokens.access_token = std::move(members->access_token.value).value_or("");
    tokens.id_token = std::move(members->id_token.value).value_or("");
    tokens.refresh_token = std::move(members->refresh_token.value).value_or("");
    tokens.token_type = core::to_lower_ascii(members->token_type.value.value_or(""));
    tokens.scope = std::move(members->scope.value);
    tokens.expires_in = members->expires_in;
    return tokens;
}

} // namespace oauth::oidc
