// SPDX-License-Identifier: MIT
// See access_token.hpp. What an access token shares with an ID token is checked by the same functions; what
// tells the two apart is checked here.
#include "access_token.hpp"

#include "../core/bytes.hpp"
#include "logout_token.hpp"
#include "wire.hpp"

#include <algorithm>
#include <utility>

namespace oauth::oidc {

namespace {

using Type = AccessTokenExpectation::Type;

bool contains(const std::vector<std::string>& list, std::string_view value) {
    return std::find(list.begin(), list.end(), value) != list.end();
}

std::string quoted_list(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        text.append(text.empty() ? "\"" : ", \"").append(core::for_log(word)).append("\"");
    }
    return text;
}

// RFC 9068 2.1, 4: at+jwt, so that no token of another kind passes
Complaint check_type(const jose::Jws& jws, const AccessTokenExpectation& expected) {
    if (jws.typ == "at+jwt" || (expected.type == Type::any && (jws.typ.empty() || jws.typ == "jwt"))) {
        return {};
    }
    const std::string found = jws.typ.empty() ? "none" : "\"" + core::for_log(jws.typ) + "\"";
    const bool may_be_one = jws.typ.empty() || jws.typ == "jwt";
    return "its typ is not at+jwt (RFC 9068): found " + found +
           (may_be_one ? ", which \"oauth_bearer_type any\" takes" : "");
}

// RFC 8725 3.11, 3.12: what servers put into their other tokens. Only where typ has not said what it is.
Complaint check_kind(const jose::Jws& jws, core::JsonView claims) {
    if (logout_event(claims).exists()) {
        return "it is a logout token";
    }
    const core::JsonView use = claims.get("token_use"); // Amazon Cognito
    if (use.exists() && use.as_string() != "access") {
        return "its token_use is not access";
    }
    if (jws.typ == "at+jwt") {
        return {};
    }
    const auto kind = claims.get("typ").as_string(); // Keycloak
    if (claims.get("typ").exists() && !core::equal_ignoring_case(kind.value_or(""), "bearer")) {
        return "it is another kind of token: its typ claim is not Bearer";
    }
    for (const std::string_view name : {"nonce", "at_hash", "c_hash"}) {
        if (claims.get(name).exists()) {
            return "it is an ID token: it has " + std::string(name);
        }
    }
    return {};
}

// The audience of ours that it names; empty: none.
std::string_view named_audience(core::JsonView audience, const std::vector<std::string>& audiences) {
    if (const auto text = audience.as_string()) {
        return contains(audiences, *text) ? *text : std::string_view();
    }
    for (const core::JsonView element : audience.elements()) {
        const auto text = element.as_string();
        if (text && contains(audiences, *text)) {
            return *text;
        }
    }
    return {};
}

std::string found_audience(core::JsonView audience) {
    std::vector<std::string> found;
    if (const auto text = audience.as_string()) {
        found.emplace_back(*text);
    }
    for (const core::JsonView element : audience.elements()) {
        constexpr std::size_t most_shown = 8;
        if (found.size() < most_shown) {
            found.emplace_back(element.as_string().value_or("(no text)"));
        }
    }
    return quoted_list(found);
}

// An ID token's audience is its client: a token that may be one says by its scopes that it is none.
bool may_be_client(std::string_view audience, const AccessTokenExpectation& expected) {
    return audience == expected.client_id || audience.find(':') == std::string_view::npos;
}

// RFC 9068 4, RFC 8707 2: aud is this resource
Complaint check_audience(core::JsonView claims, const AccessTokenExpectation& expected) {
    const core::JsonView audience = claims.get("aud");
    const bool is_absent = !audience.exists();
    const std::string_view named =
        named_audience(is_absent ? claims.get("client_id") : audience, expected.audiences);
    if (named.empty()) {
        return is_absent ? "aud is missing: expected " + quoted_list(expected.audiences)
                         : "aud is not this resource: found " + found_audience(audience) + ", expected " +
                               quoted_list(expected.audiences);
    }
    return {};
}

Complaint check_scopes_of_client(const jose::Jws& jws, core::JsonView claims,
                                 const AccessTokenExpectation& expected) {
    if (jws.typ == "at+jwt") {
        return {};
    }
    const core::JsonView audience = claims.get(claims.get("aud") ? "aud" : "client_id");
    const bool has_scopes = claims.get("scope").exists() || claims.get("scp").exists();
    return has_scopes || !may_be_client(named_audience(audience, expected.audiences), expected)
               ? Complaint()
               : "its audience may be a client, and it has neither scope nor scp: it could be an ID token";
}

// RFC 9449 7.1, RFC 8705 3: whoever sends such a token has to prove that a key is theirs
Complaint check_confirmation(core::JsonView claims) {
    return claims.get("cnf").exists() ? "it is bound to a key (cnf), and came without a proof of it"
                                      : Complaint();
}

Complaint find_complaint(const jose::Jws& jws, core::JsonView claims,
                         const AccessTokenExpectation& expected) {
    Complaint complaint = check_kind(jws, claims);
    complaint = complaint.empty() ? check_issuer(claims, expected) : complaint;
    complaint = complaint.empty() ? check_audience(claims, expected) : complaint;
    complaint = complaint.empty() ? check_scopes_of_client(jws, claims, expected) : complaint;
    // However old it is, it lives as long as its exp says.
    for (const auto check : {check_expiry, check_issued, check_not_before}) {
        complaint = complaint.empty() ? check(claims, expected) : complaint;
    }
    for (const auto check : {check_subject, check_confirmation}) {
        complaint = complaint.empty() ? check(claims) : complaint;
    }
    return complaint;
}

AccessToken access_token(core::Json claims) {
    AccessToken token{std::move(claims), "", 0, 0, 0, "", {}};
    const core::JsonView root = token.claims.root();
    token.subject = std::string(root.get("sub").as_string().value_or(""));
    token.issued_at = std::max<std::int64_t>(0, root.get("iat").as_integer().value_or(0));
    token.expires_at = root.get("exp").as_integer().value_or(0);
    token.auth_time = std::max<std::int64_t>(0, root.get("auth_time").as_integer().value_or(0));
    const std::string_view sid = root.get("sid").as_string().value_or("");
    token.sid = is_usable_sid(sid) ? sid : "";
    token.scopes = scopes_of(root);
    return token;
}

void add_scopes(core::JsonView value, std::vector<std::string>& scopes) {
    constexpr std::size_t most = 1024;
    const auto add = [&scopes](std::string_view list) {
        for (const std::string_view scope : core::split(list, ' ')) {
            if (!scope.empty() && scopes.size() < most && !contains(scopes, scope)) {
                scopes.emplace_back(scope);
            }
        }
    };
    if (const auto text = value.as_string()) {
        add(*text);
    }
    for (const core::JsonView element : value.elements()) {
        add(element.as_string().value_or(""));
    }
}

} // namespace

std::vector<std::string> access_token_algorithms(const std::vector<std::string>& configured) {
    std::vector<std::string> allowed;
    for (const std::string& alg : configured) {
        if (jose::is_asymmetric_algorithm(alg)) {
            allowed.push_back(alg);
        }
    }
    return configured.empty() ? std::vector<std::string>{"RS256", "RS384", "RS512", "PS256", "PS384",
                                                         "PS512", "ES256", "ES384", "ES512", "EdDSA"}
                              : allowed;
}

std::vector<std::string> scopes_of(core::JsonView claims) {
    std::vector<std::string> scopes;
    add_scopes(claims.get("scope"), scopes);
    add_scopes(claims.get("scp"), scopes);
    return scopes;
}

core::Result<AccessToken> validate_access_token(const jose::Jws& jws, const jose::JwkSet& keys,
                                                const AccessTokenExpectation& expected) {
    Complaint complaint = check_signature(jws, keys, expected);
    complaint = complaint.empty() ? check_type(jws, expected) : complaint;
    if (!complaint.empty()) {
        return refused_token(std::move(complaint));
    }
    auto claims = jws.take_claims();
    if (!claims) {
        return refused_token("its claims are not a strict JSON object");
    }
    if (complaint = find_complaint(jws, claims->root(), expected); !complaint.empty()) {
        return refused_token(std::move(complaint));
    }
    return access_token(std::move(*claims));
}

net::HttpRequest build_introspection_request(const IntrospectionRequest& request) {
    net::HttpRequest http;
    http.method = "POST";
    http.url = request.introspection_endpoint;
    http.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
    http.headers.push_back({"Accept", "application/json"});
    append_form_parameter(http.body, "token", request.token);
    append_form_parameter(http.body, "token_type_hint", "access_token");
    authenticate_client(request.credentials, http);
    return http;
}

namespace {

// RFC 7662 2.2: token_type is that of RFC 6749 5.1; some name the kind of token with it, or with token_use
Complaint check_introspected_kind(core::JsonView answer) {
    const core::JsonView type = answer.get("token_type");
    const std::string_view name = type.as_string().value_or("");
    const bool is_bearer =
        core::equal_ignoring_case(name, "bearer") || core::equal_ignoring_case(name, "access_token");
    if (type.exists() && !is_bearer) {
        return "its token_type is not Bearer";
    }
    const core::JsonView use = answer.get("token_use");
    const std::string_view used = use.as_string().value_or("");
    if (use.exists() && used != "access" && used != "access_token") {
        return "its token_use is not access_token";
    }
    return {};
}

Complaint find_introspected_complaint(core::JsonView answer, const AccessTokenExpectation& expected) {
    using Missing = AccessTokenExpectation::MissingAudience;
    Complaint complaint = check_introspected_kind(answer);
    if (complaint.empty() && answer.get("iss").exists()) {
        complaint = check_issuer(answer, expected);
    }
    const bool tells_audience = answer.get("aud").exists();
    if (complaint.empty() && (tells_audience || expected.missing_audience == Missing::refused)) {
        complaint = check_audience(answer, expected);
    }
    if (complaint.empty() && answer.get("exp").exists()) {
        complaint = check_expiry(answer, expected);
    }
    complaint = complaint.empty() ? check_not_before(answer, expected) : complaint;
    return complaint.empty() ? check_confirmation(answer) : complaint;
}

} // namespace

core::Result<std::optional<AccessToken>>
process_introspection_response(const net::HttpResponse& response, const AccessTokenExpectation& expected) {
    auto json = parse_json_object(response);
    if (!json) {
        return json.error();
    }
    const core::JsonView answer = json->root();
    const core::JsonView active = answer.get("active");
    if (!active.is_bool()) {
        return core::Error{core::Code::provider_error, "active is missing, or neither true nor false"};
    }
    if (active.as_bool() != true) {
        return std::optional<AccessToken>();
    }
    if (Complaint complaint = find_introspected_complaint(answer, expected); !complaint.empty()) {
        return refused_token(std::move(complaint));
    }
    AccessToken token = access_token(std::move(json.value()));
    if (!check_subject(token.claims.root()).empty()) {
        return refused_token("its " + check_subject(token.claims.root()));
    }
    return std::optional<AccessToken>(std::move(token));
}

} // namespace oauth::oidc
