// SPDX-License-Identifier: MIT
// Asks the provider about the user with an access token. Called after the ID token was validated: its subject
// is the expected one. The caller owns the returned document.
#include "userinfo.hpp"

#include "wire.hpp"

#include <utility>

namespace oauth::oidc {

namespace {

// OpenID Connect Core 5.3.2, 5.3.4: sub is required, and is the ID token's; otherwise the claims may be
// another user's
core::Result<core::Json> about(std::string_view expected_subject, core::Json claims) {
    if (expected_subject.empty()) {
        return claims;
    }
    const auto subject = claims.root().get("sub").as_string();
    if (!subject) {
        return core::Error{core::Code::provider_error, "sub is missing or not a string"};
    }
    if (*subject != expected_subject) {
        return core::Error{core::Code::token_invalid, "sub is not the ID token's"};
    }
    return claims;
}

// OpenID Connect Core 5.3.2: iss and aud are required. The times are not, and count where they are there.
Complaint find_complaint(core::JsonView claims, const TokenExpectation& expected) {
    constexpr std::pair<std::string_view, decltype(&check_expiry)> times[] = {
        {"exp", check_expiry}, {"iat", check_issue_time}, {"nbf", check_not_before}};
    for (const auto check : {check_issuer, check_audience}) {
        if (Complaint complaint = check(claims, expected); !complaint.empty()) {
            return complaint;
        }
    }
    for (const auto& [name, check] : times) {
        Complaint complaint = claims.get(name).exists() ? check(claims, expected) : Complaint();
        if (!complaint.empty()) {
            return complaint;
        }
    }
    return {};
}

} // namespace

net::HttpRequest build_userinfo_request(std::string_view userinfo_endpoint, std::string_view access_token,
                                        UserinfoForm form, TokenType type) {
    const std::string scheme = type == TokenType::dpop ? "DPoP " : "Bearer ";
    const bool may_be_signed = form == UserinfoForm::json_or_signed;
    net::HttpRequest request;
    request.url = std::string(userinfo_endpoint);
    request.headers.push_back({"Authorization", scheme + std::string(access_token)});
    request.headers.push_back(
        {"Accept", may_be_signed ? "application/json, application/jwt" : "application/json"});
    return request;
}

bool is_signed_userinfo(const net::HttpResponse& response) {
    return response.status == 200 && response.content_type == "application/jwt";
}

core::Result<core::Json> process_userinfo_response(const net::HttpResponse& response,
                                                   std::string_view expected_subject) {
    if (is_signed_userinfo(response)) {
        return core::Error{core::Code::provider_error,
                           "the answer is signed (application/jwt), which only an OpenID Connect type takes"};
    }
    auto json = parse_json_object(response);
    return json ? about(expected_subject, std::move(json.value())) : std::move(json);
}

core::Result<core::Json> validate_signed_userinfo(const jose::Jws& jws, const jose::JwkSet& keys,
                                                  const TokenExpectation& expected,
                                                  std::string_view expected_subject) {
    if (Complaint complaint = check_signature(jws, keys, expected); !complaint.empty()) {
        return refused_token(std::move(complaint));
    }
    // RFC 8725 3.11, 3.12: no token of another kind passes for an answer
    if (!jws.typ.empty() && jws.typ != "jwt") {
        return refused_token("its typ is another token's");
    }
    auto claims = jws.take_claims();
    if (!claims) {
        return refused_token("its claims are not a strict JSON object");
    }
    if (logout_event(claims->root()).exists()) {
        return refused_token("it is a logout token");
    }
    if (Complaint complaint = find_complaint(claims->root(), expected); !complaint.empty()) {
        return refused_token(std::move(complaint));
    }
    return about(expected_subject, std::move(*claims));
}

} // namespace oauth::oidc
