// SPDX-License-Identifier: MIT
// See exchange.hpp. The userinfo endpoint is asked only after the ID token has been found right.
#include "exchange.hpp"

#include "../core/bytes.hpp"
#include "../oidc/authorization.hpp"
#include "../oidc/id_token.hpp"
#include "../oidc/token.hpp"
#include "../oidc/userinfo.hpp"

namespace oauth::flow {

namespace {

using core::Code;
using core::Error;

oidc::AuthorizationExpectation expectation(const providers::Settings& settings, const oidc::Metadata& metadata,
                                           const session::Login& login) {
    oidc::AuthorizationExpectation expected;
    expected.state = login.state();
    expected.issuer = settings.is_openid() ? metadata.issuer : settings.issuer;
    expected.iss_required = metadata.authorization_response_iss_parameter_supported;
    return expected;
}

core::Result<oidc::TokenRequest> token_request(const providers::Settings& settings, const oidc::Metadata& metadata,
                                               const session::Login& login) {
    const auto auth = settings.client_auth
                          ? settings.client_auth
                          : oidc::choose_client_auth(metadata.token_endpoint_auth_methods_supported);
    if (!auth) {
        return Error{Code::provider_error, "the token endpoint takes neither client_secret_basic nor client_secret_post"};
    }
    oidc::TokenRequest request;
    request.token_endpoint = login.token_endpoint;
    request.code_verifier = settings.pkce ? login.code_verifier() : "";
    request.credentials = {settings.client_id, settings.client_secret, *auth};
    return request;
}

Error at(std::string_view where, const Error& error) {
    return {error.code, std::string(where) + ": " + error.detail};
}

core::Task<core::Result<oidc::TokenSet>> redeem(SiteState& state, const providers::Settings& settings,
                                                oidc::TokenRequest request, oidc::ValidatedCallback callback) {
    net::HttpRequest http_request = oidc::build_token_request(request, callback);
    net::HttpResult response = co_await net::fetch(state.http, std::move(http_request));
    if (!response) {
        co_return at("token endpoint", response.error());
    }
    auto tokens = oidc::process_token_response(
        response.value(), settings.is_openid() ? oidc::IdTokenRule::required : oidc::IdTokenRule::optional);
    if (!tokens) {
        co_return at("token endpoint", tokens.error());
    }
    co_return std::move(tokens);
}

// max_age that the operator has the provider asked for (authorize_param): what is asked for is enforced.
std::optional<std::int64_t> requested_max_age(const providers::Settings& settings) {
    for (const auto& [name, value] : settings.authorize_parameters) {
        if (name == "max_age") {
            constexpr std::uint64_t year = 366 * 24 * 3600;
            return static_cast<std::int64_t>(core::parse_decimal(value, year).value_or(0));
        }
    }
    return std::nullopt;
}

// What the ID token's hashes are about; both live in exchange().
struct Redeemed {
    const oidc::TokenSet& tokens;
    const std::string& code;
};

core::Task<core::Result<oidc::IdToken>> verify(SiteState& state, ProviderState& provider, const oidc::Metadata& metadata,
                                               const session::Login& login, Redeemed redeemed) {
    const providers::Settings& settings = provider.settings();
    auto jws = jose::parse_compact(redeemed.tokens.id_token);
    if (!jws) {
        co_return at("ID token", jws.error());
    }
    if (metadata.jwks_uri.empty()) {
        co_return Error{Code::provider_error, "the metadata has no jwks_uri"};
    }
    auto keys = co_await provider.keys(state.http, metadata.jwks_uri, jws.value());
    if (!keys) {
        co_return keys.error();
    }
    oidc::IdTokenExpectation expected;
    expected.issuers = {metadata.issuer};
    expected.client_id = settings.client_id;
    expected.algorithms =
        oidc::allowed_algorithms(settings.signing_algorithms, metadata.id_token_signing_alg_values_supported);
    expected.client_secret = settings.client_secret;
    expected.nonce = settings.nonce ? login.nonce() : "";
    expected.now = state.clock.now();
    expected.clock_skew = state.site.clock_skew;
    expected.access_token = redeemed.tokens.access_token;
    expected.code = redeemed.code;
    expected.max_age = requested_max_age(settings);
    auto id_token = oidc::validate_id_token(jws.value(), *keys.value(), expected);
    if (!id_token) {
        co_return at("ID token", id_token.error());
    }
    co_return std::move(id_token);
}

core::Task<core::Result<core::Json>> ask_userinfo(SiteState& state, const std::string& endpoint,
                                                  const std::string& access_token, std::string expected_subject) {
    net::HttpRequest request = oidc::build_userinfo_request(endpoint, access_token);
    net::HttpResult response = co_await net::fetch(state.http, std::move(request));
    if (!response) {
        co_return at("userinfo endpoint", response.error());
    }
    auto userinfo = oidc::process_userinfo_response(response.value(), expected_subject);
    if (!userinfo) {
        co_return at("userinfo endpoint", userinfo.error());
    }
    co_return std::move(userinfo);
}

} // namespace

std::string session_log_id(const session::Session& session) {
    return core::hex_encode(core::digest(core::Hash::sha256, session.id).substr(0, 8));
}

core::Task<core::Result<SignedIn>> exchange(SiteState& state, ProviderState& provider, const core::Parameters& parameters,
                                            const session::Login& login, std::string redirect_uri) {
    const providers::Settings& settings = provider.settings();
    auto metadata = co_await provider.metadata(state.http);
    if (!metadata) {
        co_return metadata.error();
    }
    const ProviderState::MetadataPointer endpoints = metadata.value();
    auto callback = oidc::process_authorization_response(parameters, expectation(settings, *endpoints, login));
    if (!callback) {
        co_return callback.error();
    }
    auto request = token_request(settings, *endpoints, login);
    if (!request) {
        co_return request.error();
    }
    request->redirect_uri = std::move(redirect_uri);
    const std::string code = callback->code();
    auto tokens = co_await redeem(state, settings, std::move(request.value()), std::move(callback.value()));
    if (!tokens) {
        co_return tokens.error();
    }

    SignedIn signed_in;
    providers::UserData data;
    std::string subject;
    if (settings.is_openid()) {
        auto id_token = co_await verify(state, provider, *endpoints, login, Redeemed{tokens.value(), code});
        if (!id_token) {
            co_return id_token.error();
        }
        subject = id_token->subject;
        signed_in.auth_time = id_token->auth_time;
        data.id_token = std::move(id_token->claims);
    }
    if (!login.userinfo_endpoint.empty()) {
        auto userinfo = co_await ask_userinfo(state, login.userinfo_endpoint, tokens->access_token, subject);
        if (!userinfo) {
            co_return userinfo.error();
        }
        data.userinfo = std::move(userinfo.value());
    }
    auto identity = providers::map_identity(settings, data, *state.site.needs);
    if (!identity) {
        co_return identity.error();
    }
    signed_in.identity = std::move(identity.value());
    if (state.site.needs->scope) {
        const std::string granted = tokens->scope.empty() ? "" : tokens->scope;
        session::Strings scopes;
        for (const std::string_view scope : core::split(granted, ' ')) {
            if (!scope.empty()) {
                scopes.emplace_back(scope);
            }
        }
        signed_in.identity.scopes = granted.empty() ? settings.scopes : scopes;
    }
    signed_in.id_token = std::move(tokens->id_token);
    signed_in.access_token = std::move(tokens->access_token);
    co_return signed_in;
}

} // namespace oauth::flow
