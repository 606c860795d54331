// SPDX-License-Identifier: MIT
// See exchange.hpp. The userinfo endpoint is asked only after the ID token was validated; organisations and
// the like only after the settings have accepted the account.
#include "exchange.hpp"

#include "../core/bytes.hpp"
#include "../oidc/authorization.hpp"
#include "../oidc/token.hpp"
#include "../oidc/userinfo.hpp"
#include "id_tokens.hpp"

#include <algorithm>

namespace oauth::flow {

namespace {

using core::Code;
using core::Error;

oidc::AuthorizationExpectation expectation(const Attempt& attempt) {
    const providers::Settings& settings = attempt.settings();
    oidc::AuthorizationExpectation expected;
    expected.state = attempt.sign_in.state();
    expected.issuer = settings.is_openid() ? attempt.metadata->issuer : settings.issuer;
    if (expected.issuer.find('{') != std::string::npos) {
        expected.issuer.clear(); // it is a template; the issuer in the ID token is checked against its tenant
    }
    expected.iss_required = attempt.metadata->authorization_response_iss_parameter_supported;
    expected.hybrid = settings.is_hybrid();
    return expected;
}

bool may_be_issuer(const Attempt& attempt, std::string_view issuer) {
    if (attempt.settings().type->is_issuer != nullptr) {
        return attempt.settings().type->is_issuer(issuer);
    }
    const auto fits = [issuer](std::string_view pattern) {
        const std::string_view before = pattern.substr(0, pattern.find('{'));
        const std::string_view after = pattern.substr(pattern.find('}') + 1);
        return issuer.size() > before.size() + after.size() && issuer.starts_with(before) &&
               issuer.ends_with(after);
    };
    const auto& others = attempt.settings().issuers;
    return fits(attempt.metadata->issuer) || std::any_of(others.begin(), others.end(), fits);
}

bool claims_other_issuer(std::optional<std::string_view> response_issuer, const providers::UserData& data) {
    return response_issuer && data.id_token_view().get("iss").as_string() != response_issuer;
}

core::Result<oidc::TokenRequest> token_request(const Attempt& attempt, std::string redirect_uri) {
    const providers::Settings& settings = attempt.settings();
    const auto auth = settings.client_auth
                          ? settings.client_auth
                          : oidc::choose_client_auth(attempt.metadata->token_endpoint_auth_methods_supported);
    if (!auth) {
        return Error{Code::provider_error,
                     "the token endpoint takes neither client_secret_basic nor client_secret_post"};
    }
    oidc::TokenRequest request;
    request.token_endpoint = attempt.sign_in.token_endpoint;
    request.redirect_uri = std::move(redirect_uri);
    request.code_verifier = settings.pkce ? attempt.sign_in.code_verifier() : "";
    request.credentials = {settings.client_id, settings.client_secret, *auth};
    return request;
}

Error at(std::string_view where, const Error& error) {
    return {error.code, std::string(where) + ": " + error.detail};
}

// When the code is about to go out, and not before: an outage or a refusal before that uses up no sign-in. Of
// two callbacks of one sign-in, one gets true.
bool use_up(const Attempt& attempt) {
    return attempt.site.ledger.use_once(attempt.sign_in.state(), attempt.sign_in.expires_at + 1) ==
           session::Ledger::Mark::first;
}

core::Task<core::Result<oidc::TokenSet>> redeem(Attempt attempt, oidc::TokenRequest request,
                                                oidc::ValidatedCallback callback) {
    const providers::Settings& settings = attempt.settings();
    net::HttpRequest http_request = oidc::build_token_request(request, callback);
    net::HttpResult response = co_await net::fetch(attempt.site.http, std::move(http_request));
    if (!response) {
        co_return at("token endpoint", response.error());
    }
    const auto rule = settings.is_openid() && !settings.is_hybrid() ? oidc::IdTokenRule::required
                                                                    : oidc::IdTokenRule::optional;
    // Without userinfo the ID token says everything, and the access token opens nothing that is asked here.
    const bool asks = !settings.is_openid() || !attempt.sign_in.userinfo_endpoint.empty();
    const auto access = asks ? oidc::AccessTokenRule::required : oidc::AccessTokenRule::optional;
    auto tokens = oidc::process_token_response(response.value(), rule, settings.type->token_format, access);
    if (!tokens) {
        co_return at("token endpoint", tokens.error());
    }
    co_return std::move(tokens);
}

core::Task<core::Result<core::Json>> ask_userinfo(Attempt attempt, std::string access_token,
                                                  std::string expected_subject) {
    net::HttpRequest request = oidc::build_userinfo_request(attempt.sign_in.userinfo_endpoint, access_token);
    net::HttpResult response = co_await net::fetch(attempt.site.http, std::move(request));
    if (!response) {
        co_return at("userinfo endpoint", response.error());
    }
    const std::string_view other_name = attempt.settings().type->userinfo_subject;
    auto userinfo =
        oidc::process_userinfo_response(response.value(), other_name.empty() ? expected_subject : "");
    if (!userinfo) {
        co_return at("userinfo endpoint", userinfo.error());
    }
    if (!other_name.empty()) {
        const core::JsonView root = userinfo->root();
        const core::JsonView subject = root.get("sub") ? root.get("sub") : root.get(other_name);
        if (subject.as_string() != expected_subject) {
            co_return Error{Code::token_invalid, "userinfo endpoint: the answer is about another user"};
        }
    }
    co_return std::move(userinfo);
}

// OpenID Connect Core 3.3.3.6: the ID tokens from the browser and from the token endpoint have one iss and
// sub
bool same_user(const oidc::IdToken& a, const oidc::IdToken& b) {
    return a.subject == b.subject &&
           a.claims.root().get("iss").as_string() == b.claims.root().get("iss").as_string();
}

struct Collected {
    SignedIn signed_in;
    providers::UserData data;
};

// The ID token or tokens, the userinfo answer, the access token's claims.
core::Task<core::Result<Collected>> collect(Attempt attempt, oidc::ValidatedCallback callback,
                                            std::string redirect_uri) {
    using CodeHash = oidc::IdTokenExpectation::CodeHash;
    const providers::Settings& settings = attempt.settings();
    const std::string code = callback.code();
    std::optional<oidc::IdToken> id_token;
    if (settings.is_hybrid()) {
        IdTokenFacts facts{callback.id_token(), "", code, CodeHash::required};
        auto front = co_await verify_id_token(attempt, std::move(facts));
        if (!front) {
            co_return front.error();
        }
        id_token = std::move(front.value());
    }
    auto request = token_request(attempt, std::move(redirect_uri));
    if (!request) {
        co_return request.error();
    }
    if (!use_up(attempt)) {
        co_return Error{Code::state_invalid, "this sign-in has been used"};
    }
    auto tokens = co_await redeem(attempt, std::move(request.value()), std::move(callback));
    if (!tokens) {
        co_return tokens.error();
    }
    if (settings.is_openid() && !tokens->id_token.empty()) {
        IdTokenFacts facts{tokens->id_token, tokens->access_token, code, CodeHash::optional};
        auto back = co_await verify_id_token(attempt, std::move(facts));
        if (!back) {
            co_return back.error();
        }
        if (id_token && !same_user(*id_token, back.value())) {
            co_return Error{Code::token_invalid, "the two ID tokens are about different users"};
        }
        id_token = std::move(back.value());
    }
    Collected collected;
    std::string subject;
    if (id_token) {
        subject = id_token->subject;
        collected.signed_in.auth_time = id_token->auth_time;
        collected.data.id_token = std::move(id_token->claims);
    }
    if (!attempt.sign_in.userinfo_endpoint.empty()) {
        auto userinfo = co_await ask_userinfo(attempt, tokens->access_token, subject);
        if (!userinfo) {
            co_return userinfo.error();
        }
        collected.data.userinfo = std::move(userinfo.value());
    }
    if (settings.type->reads_access_token && attempt.site.options.requirements->needs.has("role")) {
        auto claims = co_await verify_access_token(attempt, tokens->access_token, subject);
        if (!claims) {
            co_return claims.error();
        }
        collected.data.access_token = std::move(claims.value()); // none: the type's map says what that means
    }
    collected.signed_in.id_token = std::move(tokens->id_token);
    collected.signed_in.access_token = std::move(tokens->access_token);
    collected.signed_in.scope = std::move(tokens->scope);
    if (tokens->token_type.empty() && !collected.signed_in.access_token.empty()) {
        collected.signed_in.note = "the token answer has no token_type, taken for bearer";
    }
    co_return collected;
}

// RFC 6749 3.3 has spaces between scopes; GitHub, LinkedIn and others write commas.
void append_scopes(session::Strings& scopes, std::string_view list) {
    while (!list.empty()) {
        const std::size_t end = std::min(list.find_first_of(" ,"), list.size());
        if (end != 0) {
            scopes.emplace_back(list.substr(0, end));
        }
        list.remove_prefix(std::min(end + 1, list.size()));
    }
}

session::Strings granted_scopes(const providers::Settings& settings, const providers::Needs& needs,
                                const std::optional<std::string>& answered) {
    session::Strings scopes;
    if (answered) {
        append_scopes(scopes, *answered); // none, where it is empty
        return scopes;
    }
    for (const std::string& asked : providers::scopes_for(settings, needs)) { // RFC 6749 5.1
        append_scopes(scopes, asked);
    }
    return scopes;
}

} // namespace

core::Task<core::Result<SignedIn>> exchange(Site& site, Provider& provider,
                                            const core::Parameters& parameters,
                                            const session::SignIn& sign_in, std::string redirect_uri) {
    const providers::Settings& settings = provider.settings();
    const providers::Needs& needs = site.options.requirements->needs;
    auto metadata = co_await provider.metadata(site.http);
    if (!metadata) {
        co_return metadata.error();
    }
    Attempt attempt{site, provider, sign_in, metadata.value()};
    // If the issuer is not known yet (a template, or none configured), it must have the type's form, and must
    // then be the issuer of the ID token.
    const bool is_open = settings.is_openid() && expectation(attempt).issuer.empty();
    const auto response_issuer = is_open ? parameters.find("iss") : std::nullopt;
    if (response_issuer && !may_be_issuer(attempt, *response_issuer)) {
        co_return Error{Code::request_invalid, "the iss of the response is no issuer of this provider"};
    }
    auto callback = oidc::process_authorization_response(parameters, expectation(attempt));
    if (!callback) {
        co_return callback.error();
    }
    auto collected = co_await collect(attempt, std::move(callback.value()), std::move(redirect_uri));
    if (!collected) {
        co_return collected.error();
    }
    if (claims_other_issuer(response_issuer, collected->data)) {
        co_return Error{Code::request_invalid, "the iss of the response is not the ID token's"};
    }
    SignedIn signed_in = std::move(collected->signed_in);
    providers::UserData& data = collected->data;
    auto identity = providers::map_identity(settings, data, needs);
    if (!identity) {
        co_return identity.error();
    }
    signed_in.identity = std::move(identity.value());
    if (settings.type->call_api != nullptr) {
        providers::ApiCall call{site.http, settings, needs, signed_in.access_token, data, signed_in.identity};
        core::Status called = co_await settings.type->call_api(call);
        if (!called) {
            co_return called.error();
        }
    }
    providers::complete_identity(settings, data, needs, signed_in.identity);
    if (needs.has("scope")) {
        signed_in.identity.scopes = granted_scopes(settings, needs, signed_in.scope);
    }
    co_return signed_in;
}

} // namespace oauth::flow
