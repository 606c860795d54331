// SPDX-License-Identifier: MIT
// See remedies.hpp. Error codes: RFC 6749 4.1.2.1 and 5.2, and those that providers have of their own.
#include "remedies.hpp"

#include "../core/bytes.hpp"
#include "../core/url.hpp"
#include "../net/told.hpp"
#include "wire.hpp"

#include <algorithm>
#include <cctype>

namespace oauth::oidc {

namespace {

// A shorter text may be any word, and is no secret that a provider makes.
constexpr std::size_t shortest_secret = 8;

constexpr std::string_view instead = "[...]";

void withhold(std::string& text, std::string_view secret) {
    for (std::size_t at = text.find(secret); at != std::string::npos;
         at = text.find(secret, at + instead.size())) {
        text.replace(at, secret.size(), instead);
    }
}

// A text as it is meant where it is percent-encoded, and where each character of it begins.
struct Decoded {
    explicit Decoded(std::string_view text) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            begins.push_back(i);
            const auto byte = text[i] == '%' ? core::form_decode(text.substr(i, 3)) : std::nullopt;
            meant += byte && byte->size() == 1 ? byte->front() : text[i];
            i += byte && byte->size() == 1 ? 2 : 0;
        }
        begins.push_back(text.size());
    }
    std::string meant;
    std::vector<std::size_t> begins;
};

// However short it is, and in whatever characters of it are percent-encoded.
void withhold_in_each_form(std::string& text, std::string_view secret) {
    if (secret.empty()) {
        return;
    }
    withhold(text, secret);
    const Decoded decoded(text);
    std::string kept;
    std::size_t from = 0;
    for (std::size_t at = decoded.meant.find(secret); at != std::string::npos;
         at = decoded.meant.find(secret, at + secret.size())) {
        kept.append(text, from, decoded.begins[at] - from).append(instead);
        from = decoded.begins[at + secret.size()];
    }
    text = kept.append(text, from);
}

// What begins so, whole or cut, as far as it is of letters, digits and `others`, and not shorter than that.
struct Encoded {
    std::string_view beginning;
    std::string_view others;
    std::size_t shortest;
};

void withhold_encoded(std::string& text, const Encoded& encoded) {
    const auto is_inside = [&encoded](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               encoded.others.find(c) != std::string_view::npos;
    };
    const std::string_view beginning = encoded.beginning;
    for (std::size_t at = text.find(beginning); at != std::string::npos; at = text.find(beginning, at)) {
        std::size_t end = at + beginning.size();
        while (end < text.size() && is_inside(text[end])) {
            ++end;
        }
        const bool is_one = end - at >= encoded.shortest;
        if (is_one) {
            text.replace(at, end - at, instead);
        }
        at = is_one ? at + instead.size() : end;
    }
}

// What this client signs is good for a minute, in whoever's hands, and the tokens of others for longer: a JWT
// in a text is none of a log's business. Each begins with {" of a header.
void withhold_jwts(std::string& text) {
    withhold_encoded(text, {"eyJ", "-_.", 2 * shortest_secret + 1});
}

// The secret, however short it is, and the header that has it: in base64, perhaps percent-encoded in turn.
void withhold_client(std::string& text, const ClientCredentials& credentials) {
    if (credentials.client_secret.empty()) {
        return;
    }
    withhold_in_each_form(text, credentials.client_secret);
    constexpr std::size_t telling = 12; // characters, that no other text begins with
    std::string header = basic_credentials(credentials);
    const auto beginning = std::string_view(header).substr(0, telling);
    withhold_encoded(text, {beginning, "+/=%", beginning.size()});
    core::wipe(header);
}

bool is_out_of_order(const net::HttpResponse& response) {
    constexpr int too_many_requests = 429;
    return response.status >= 500 || response.status == too_many_requests;
}

bool is_one_of(std::string_view error, std::initializer_list<std::string_view> list) {
    return std::find(list.begin(), list.end(), error) != list.end();
}

// "redirect_uri", "Redirect URI", "redirection", "callback URL"
bool is_about_callback(std::string_view error, std::string_view description) {
    const std::string text = core::to_lower_ascii(std::string(error).append(" ").append(description));
    return text.find("redirect") != std::string::npos || text.find("callback") != std::string::npos;
}

std::string register_callback(std::string_view redirect_uri) {
    return "register the callback URL \"" + core::for_log(redirect_uri) + "\" at the provider";
}

std::string check_client(const ClientCredentials& credentials) {
    const std::string auth = "; client_auth is " + std::string(client_auth_name(credentials.auth));
    const std::string as_it_has = " and client_auth must be as the provider has them";
    if (credentials.auth == ClientAuth::tls) {
        return "client_id, client_certificate" + as_it_has + auth;
    }
    if (credentials.key) {
        const std::string& kid = credentials.key->kid();
        return "client_id, client_key" + as_it_has + ", which needs the public key" +
               (kid.empty() ? "" : " by the kid " + core::for_log(kid)) + auth + ", signed by " +
               credentials.algorithm;
    }
    const std::string names = "client_id, client_secret" + as_it_has;
    if (credentials.auth != ClientAuth::basic ||
        core::percent_encode(credentials.client_secret) == credentials.client_secret) {
        return names + auth;
    }
    return "the client_secret has characters that client_auth basic encodes, and many servers do not decode "
           "them: set \"client_auth post\"; else " +
           names;
}

std::string proof_remedy(std::string_view error) {
    return is_one_of(error, {"use_dpop_nonce", "invalid_dpop_proof"})
               ? "the provider wants a proof of possession: \"dpop on\" gives one; where it is on, the "
                 "clocks "
                 "must be right, and the answer has to name a nonce in DPoP-Nonce"
               : "";
}

std::string token_remedy(const net::HttpResponse& response, const TokenQuestion& question) {
    const auto [error, description] = error_of(response);
    const bool is_code = !question.redirect_uri.empty();
    if (is_one_of(error, {"invalid_client", "incorrect_client_credentials"}) ||
        (error.empty() && response.status == 401)) {
        return check_client(question.credentials);
    }
    if (is_code && is_about_callback(error, description)) {
        return register_callback(question.redirect_uri);
    }
    if (is_code && error == "invalid_grant") {
        return register_callback(question.redirect_uri) +
               "; else the code was used before, came too late, or is another client's";
    }
    if (error == "unauthorized_client") {
        return "client_id must be as the provider has it, and the client be allowed the authorization code "
               "there";
    }
    if (error == "invalid_scope") {
        return "the parameter scope has one that the provider does not give this client";
    }
    if (const std::string remedy = proof_remedy(error); !remedy.empty()) {
        return remedy;
    }
    if (is_out_of_order(response)) {
        return outage_remedy(response);
    }
    if (error.empty() && !is_json_media_type(response.content_type)) {
        return "token_endpoint, or the issuer whose metadata names it, must be the provider's";
    }
    return "";
}

std::string push_remedy(const net::HttpResponse& response, const TokenQuestion& question) {
    constexpr int too_large = 413;
    const auto [error, description] = error_of(response);
    if (is_one_of(error, {"invalid_client", "incorrect_client_credentials"}) ||
        (error.empty() && response.status == 401)) {
        return check_client(question.credentials);
    }
    if (const std::string remedy = proof_remedy(error); !remedy.empty()) {
        return remedy;
    }
    if (is_out_of_order(response)) {
        return outage_remedy(response);
    }
    if (response.status == too_large) {
        return "the request is too large for it: authorize_param has the values that may be long";
    }
    if (error.empty()) {
        return "pushed_authorization_request_endpoint, or the metadata that name it, must be the provider's";
    }
    return authorization_remedy(error, description, question.redirect_uri);
}

// The error, with the answer's words and without what is secret in the request.
core::Error refused(const core::Error& error, const net::HttpResponse& response,
                    const TokenQuestion& question, const std::string& remedy) {
    return net::told(with_answer(error, response, question.secrets, &question.credentials), question.url,
                     remedy);
}

} // namespace

std::string without_secrets(std::string text, const Secrets& secrets, Client client) {
    if (client != nullptr) {
        withhold_client(text, *client);
    }
    for (const std::string_view secret : secrets) {
        if (secret.size() >= shortest_secret) {
            withhold_in_each_form(text, secret);
        }
    }
    withhold_jwts(text);
    return text;
}

core::Error without_secrets(core::Error error, const Secrets& secrets, Client client) {
    return {error.code, without_secrets(std::move(error.detail), secrets, client)};
}

std::string quoted_answer(std::string_view text, const Secrets& secrets, Client client) {
    return core::for_log(without_secrets(std::string(text), secrets, client));
}

std::string outage_remedy(const net::HttpResponse& response) {
    return is_out_of_order(response) ? "the provider, or what stands before it, is out of order" : "";
}

core::Error with_answer(const core::Error& error, const net::HttpResponse& response, const Secrets& secrets,
                        Client client) {
    const ErrorAnswer answer = told_error_of(response);
    std::string detail = without_secrets(error.detail, secrets, client);
    if (!answer.description.empty()) {
        detail += ", \"" + quoted_answer(answer.description, secrets, client) + "\"";
    } else if (answer.error.empty() && response.status != 200 && !response.content_type.empty() &&
               !is_json_media_type(response.content_type)) {
        detail += ", " + core::for_log(response.content_type) + " and no JSON";
    }
    return {error.code, std::move(detail)};
}

core::Error explain_refusal(const core::Error& error, const net::HttpResponse& response,
                            const TokenQuestion& question) {
    return refused(error, response, question, token_remedy(response, question));
}

core::Error explain_push_refusal(const core::Error& error, const net::HttpResponse& response,
                                 const TokenQuestion& question) {
    return refused(error, response, question, push_remedy(response, question));
}

std::string resource_remedy(const net::HttpResponse& response) {
    const std::string error = told_error_of(response).error;
    return error == "insufficient_scope" ? "the parameter scope lacks what this endpoint wants"
                                         : proof_remedy(error);
}

std::string authorization_remedy(std::string_view error, std::string_view description,
                                 std::string_view redirect_uri) {
    if (is_about_callback(error, description)) {
        return register_callback(redirect_uri);
    }
    if (error == "invalid_request_uri") {
        return "the pushed request was used before, or the browser came later than its expires_in allows";
    }
    if (error == "invalid_request") {
        return "where that is about the callback: " + register_callback(redirect_uri);
    }
    if (error == "invalid_scope") {
        return "the parameter scope, or what the rules need, has one that the provider does not give this "
               "client";
    }
    if (is_one_of(error, {"unauthorized_client", "unsupported_response_type"})) {
        return "client_id must be as the provider has it, and the client be allowed the authorization code "
               "there";
    }
    return "";
}

} // namespace oauth::oidc
