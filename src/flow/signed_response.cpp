// SPDX-License-Identifier: MIT
// See signed_response.hpp.
#include "signed_response.hpp"

#include "../oidc/authorization.hpp"
#include "../oidc/signed_response.hpp"
#include "id_tokens.hpp"

namespace oauth::flow {

namespace {

core::Error refused(const core::Error& error) {
    return {error.code, "the signed response: " + error.detail};
}

// A provider that cannot sign says so, plainly; else somebody has taken the signature off.
core::Error not_signed(const core::Parameters& parameters, const std::string& response_mode) {
    std::string detail = "the answer is not signed, as response_mode " + response_mode + " asks for";
    if (oidc::find_given(parameters, "error")) {
        detail += ": it is an error, perhaps because the provider does not know that mode "
                  "(response_modes_supported of its metadata)";
    }
    return {core::Code::request_invalid, std::move(detail)};
}

// The parameters that it stands for.
core::Task<core::Result<core::Parameters>> verify_response(Site& site, Provider& provider, std::string jwt) {
    const providers::Settings& settings = provider.settings();
    auto metadata = co_await provider.metadata(site.http);
    if (!metadata) {
        co_return metadata.error();
    }
    const Provider::MetadataPointer endpoints = metadata.value();
    if (endpoints->jwks_uri.empty()) {
        co_return core::Error{core::Code::provider_error,
                              "the response is signed, and there is no jwks_uri to verify it with"};
    }
    auto jws = jose::parse_compact(jwt);
    if (!jws) {
        co_return refused(jws.error());
    }
    oidc::TokenExpectation expected = token_expectation(site, settings, *endpoints);
    expected.trusted_audiences.clear();
    expected.algorithms = oidc::response_algorithms(settings.signing_algorithms,
                                                    endpoints->authorization_signing_alg_values_supported,
                                                    endpoints->id_token_signing_alg_values_supported);
    if (!jose::is_asymmetric_algorithm(jws->alg)) { // no key of the provider is for it
        const jose::JwkSet none;
        co_return refused(oidc::process_signed_response(jws.value(), none, expected).error());
    }
    const auto keys =
        co_await provider.keys(site.http, endpoints->jwks_uri, jws.value(), Provider::Asker::stranger);
    if (!keys) {
        co_return keys.error();
    }
    auto parameters = oidc::process_signed_response(jws.value(), *keys.value(), expected);
    if (!parameters) {
        co_return refused(parameters.error());
    }
    co_return std::move(parameters);
}

} // namespace

core::Result<Given> read_answer(core::Result<core::Parameters> parameters,
                                const providers::Settings& settings) {
    if (!parameters || !settings.is_openid()) {
        return parameters ? core::Result<Given>(Given{std::move(parameters.value()), ""})
                          : parameters.error();
    }
    auto response = oidc::find_signed_response(parameters.value());
    if (!response) {
        return response.error();
    }
    if (response.value()) {
        return Given{std::move(response.value()->claims), std::move(response.value()->jwt)};
    }
    if (settings.wants_signed_response()) {
        return not_signed(parameters.value(), settings.response_mode);
    }
    return Given{std::move(parameters.value()), ""};
}

core::Task<core::Result<SignedIn>> ask_provider(Site& site, Provider& provider, Given& given,
                                                const session::SignIn& sign_in, std::string redirect_uri) {
    if (!given.jwt.empty()) {
        auto verified = co_await verify_response(site, provider, given.jwt);
        if (!verified) {
            co_return verified.error();
        }
        given = {std::move(verified.value()), ""};
    }
    co_return co_await exchange(site, provider, given.parameters, sign_in, std::move(redirect_uri));
}

} // namespace oauth::flow
