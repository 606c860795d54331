// SPDX-License-Identifier: MIT
// See pushed_request.hpp. Called by a sign-in that has its Turn already. The request has the state and the
// nonce in it: nothing of it gets into an error.
#include "pushed_request.hpp"

#include "../oidc/pushed_authorization.hpp"
#include "../oidc/remedies.hpp"
#include "inquiry.hpp"
#include "proved_request.hpp"

namespace oauth::flow {

namespace {

constexpr std::string_view endpoint_name = "pushed authorization request endpoint";

// The metadata alone make nobody push: that a provider has an endpoint for it does not say that this client
// may use it.
bool is_wanted(const providers::Settings& settings, const oidc::Metadata& metadata) {
    return !settings.pushed_authorization_request_endpoint.empty() ||
           metadata.require_pushed_authorization_requests;
}

// What the provider may repeat in its answer, and no log line has: also the values that variables have given.
oidc::Secrets secrets_of(const oidc::AuthorizationRequest& request) {
    oidc::Secrets secrets = {request.state, request.nonce};
    for (const auto& [name, value] : request.extra) {
        secrets.emplace_back(value);
    }
    return secrets;
}

} // namespace

bool is_pushed(Provider& provider) {
    const Provider::MetadataPointer metadata = provider.known_metadata();
    return metadata && is_wanted(provider.settings(), *metadata);
}

core::Task<core::Result<std::string>> authorization_url(Site& site, Provider& provider,
                                                        Provider::MetadataPointer metadata,
                                                        oidc::AuthorizationRequest request) {
    if (!is_wanted(provider.settings(), *metadata)) {
        co_return oidc::build_authorization_url(request);
    }
    const std::string& endpoint = metadata->pushed_authorization_request_endpoint;
    if (endpoint.empty()) {
        co_return core::Error{
            core::Code::provider_error,
            "the metadata require pushed authorization requests and name no usable endpoint "
            "for them: give pushed_authorization_request_endpoint in the oauth_provider "
            "block"};
    }
    auto credentials = token_credentials(provider, *metadata);
    if (!credentials) {
        co_return credentials.error();
    }
    // RFC 9449 10.1: a proof beside the push binds the code to the key that redeems it.
    MakeRequest make = [&] { return oidc::build_pushed_request(endpoint, request, credentials.value()); };
    const std::string no_token; // named: g++ 12 destroys a temporary twice where it is made in a co_await
    figures::Asking asking = provider.asking(figures::Endpoint::par);
    net::HttpResult response = co_await ask_proved(site, provider, std::move(make), no_token);
    if (!response) {
        co_return asking.ended(at(endpoint_name, response.error()));
    }
    auto pushed = oidc::process_pushed_response(response.value());
    if (!pushed) {
        const oidc::TokenQuestion question{endpoint, credentials.value(), request.redirect_uri,
                                           secrets_of(request)};
        co_return asking.ended(
            at(endpoint_name, oidc::explain_push_refusal(pushed.error(), response.value(), question)));
    }
    pushed = asking.ended(std::move(pushed));
    co_return oidc::build_pushed_authorization_url(request, pushed.value());
}

} // namespace oauth::flow
