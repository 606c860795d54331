// SPDX-License-Identifier: MIT
// See exchange.hpp. Nothing goes out before the response is known to be of this sign-in.
#include "exchange.hpp"

#include "../oidc/authorization.hpp"
#include "../oidc/remedies.hpp"
#include "../oidc/token.hpp"
#include "proved_request.hpp"

#include <algorithm>

namespace oauth::flow {

namespace {

using core::Code;
using core::Error;

// One sign-in under way. Its references point into the flow that awaits.
struct Attempt {
    Site& site;
    Provider& provider;
    const session::SignIn& sign_in;
    Provider::MetadataPointer metadata;

    const providers::Settings& settings() const { return provider.settings(); }
};

oidc::AuthorizationExpectation expectation(const Attempt& attempt, const std::string& redirect_uri) {
    const providers::Settings& settings = attempt.settings();
    oidc::AuthorizationExpectation expected;
    expected.state = attempt.sign_in.state();
    expected.issuer = settings.is_openid() ? attempt.metadata->issuer : settings.issuer;
    if (expected.issuer.find('{') != std::string::npos) {
        expected.issuer.clear(); // it is a template; the issuer in the ID token is checked against its tenant
    }
    expected.iss_required = attempt.metadata->authorization_response_iss_parameter_supported;
    expected.hybrid = settings.is_hybrid();
    expected.redirect_uri = redirect_uri;
    return expected;
}

core::Result<oidc::TokenRequest> token_request(const Attempt& attempt, std::string redirect_uri) {
    const providers::Settings& settings = attempt.settings();
    auto credentials = token_credentials(attempt.provider, *attempt.metadata);
    if (!credentials) {
        return credentials.error();
    }
    oidc::TokenRequest request;
    request.token_endpoint = attempt.sign_in.token_endpoint;
    request.redirect_uri = std::move(redirect_uri);
    request.code_verifier = settings.pkce ? attempt.sign_in.code_verifier() : "";
    request.credentials = std::move(credentials.value());
    return request;
}

// When the code is about to go out, and not before: an outage or a refusal before that uses up no sign-in. Of
// two callbacks of one sign-in, one gets true.
bool use_up(const Attempt& attempt, const std::string& state) {
    return attempt.site.ledger.use_once(state, attempt.sign_in.expires_at + 1) ==
           session::Ledger::Mark::first;
}

core::Error why_refused(const oidc::TokenRequest& request, const oidc::ValidatedCallback& callback,
                        const Error& error, const net::HttpResponse& response) {
    const oidc::TokenQuestion question{request.token_endpoint,
                                       request.credentials,
                                       request.redirect_uri,
                                       {callback.code(), request.code_verifier}};
    return at("token endpoint", oidc::explain_refusal(error, response, question));
}

core::Task<core::Result<oidc::TokenSet>> redeem(Attempt attempt, oidc::TokenRequest request,
                                                oidc::ValidatedCallback callback) {
    const providers::Settings& settings = attempt.settings();
    const std::string no_token; // named: g++ 12 destroys a temporary twice where it is made in a co_await
    MakeRequest make = [&request, &callback] { return oidc::build_token_request(request, callback); };
    figures::Asking asking = attempt.provider.asking(figures::Endpoint::token);
    net::HttpResult response = co_await ask_proved(attempt.site, attempt.provider, std::move(make), no_token);
    if (!response) {
        co_return asking.ended(at("token endpoint", response.error()));
    }
    const auto rule = settings.is_openid() && !settings.is_hybrid() ? oidc::IdTokenRule::required
                                                                    : oidc::IdTokenRule::optional;
    // Without userinfo the ID token says everything, and the access token opens nothing that is asked here.
    const bool asks = !settings.is_openid() || !attempt.sign_in.userinfo_endpoint.empty();
    const auto access = asks ? oidc::AccessTokenRule::required : oidc::AccessTokenRule::optional;
    const auto type = settings.dpop ? oidc::TokenType::dpop : oidc::TokenType::bearer;
    auto tokens =
        oidc::process_token_response(response.value(), rule, settings.type->token_format, access, type);
    if (!tokens) {
        co_return asking.ended(why_refused(request, callback, tokens.error(), response.value()));
    }
    co_return asking.ended(std::move(tokens));
}

} // namespace

core::Task<core::Result<SignedIn>> exchange(Site& site, Provider& provider,
                                            const core::Parameters& parameters,
                                            const session::SignIn& sign_in, std::string redirect_uri) {
    const providers::Settings& settings = provider.settings();
    auto metadata = co_await provider.metadata(site.http);
    if (!metadata) {
        co_return metadata.error();
    }
    Attempt attempt{site, provider, sign_in, metadata.value()};
    // If the issuer is not known yet (a template, or none configured), it must have the type's form, and must
    // then be the issuer of the ID token.
    const oidc::AuthorizationExpectation expected = expectation(attempt, redirect_uri);
    const bool is_open = settings.is_openid() && expected.issuer.empty();
    const auto response_issuer = is_open ? parameters.find("iss") : std::nullopt;
    if (response_issuer && !provider.may_be_issuer(*attempt.metadata, *response_issuer)) {
        co_return Error{Code::request_invalid, "the iss of the response is no issuer of this provider"};
    }
    auto callback = oidc::process_authorization_response(parameters, expected);
    if (!callback) {
        co_return callback.error();
    }
    Inquiry inquiry{site, provider, metadata.value(), sign_in.userinfo_endpoint,
                    settings.nonce ? sign_in.nonce() : ""};
    inquiry.state = sign_in.state();
    inquiry.max_age = sign_in.max_age;
    Tokens tokens;
    tokens.code = callback->code();
    tokens.response_issuer = response_issuer;
    if (settings.is_hybrid()) {
        IdTokenFacts facts{callback->id_token(), "", tokens.code,
                           oidc::IdTokenExpectation::CodeHash::required};
        auto front = co_await verify_id_token(inquiry, std::move(facts));
        if (!front) {
            co_return front.error();
        }
        tokens.front = std::move(front.value());
    }
    auto request = token_request(attempt, std::move(redirect_uri));
    if (!request) {
        co_return request.error();
    }
    if (!use_up(attempt, expected.state)) {
        co_return Error{Code::state_invalid, "this sign-in has been used"};
    }
    auto redeemed = co_await redeem(attempt, std::move(request.value()), std::move(callback.value()));
    if (!redeemed) {
        co_return redeemed.error();
    }
    tokens.set = std::move(redeemed.value());
    co_return co_await inquire(inquiry, std::move(tokens));
}

} // namespace oauth::flow
