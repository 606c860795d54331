// SPDX-License-Identifier: MIT
// How the client proves itself at a provider: chosen by the configuration, else by the metadata and what the
// configuration gives. See provider.hpp.
#include "provider.hpp"

#include "../core/bytes.hpp"
#include "../net/client_certificate.hpp"

#include <algorithm>

namespace oauth::flow {

namespace {

using core::Code;
using core::Error;
using oidc::ClientAuth;

std::string listed(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) {
        list.append(list.empty() ? "" : ", ").append(name);
    }
    return core::for_log(list);
}

std::string ways(const providers::Settings& settings) {
    std::string text;
    if (settings.client_certificate) {
        text = "tls_client_auth with client_certificate, ";
    }
    if (settings.client_key) {
        text += "private_key_jwt with client_key";
    }
    if (!settings.client_secret.empty()) {
        text += text.empty() ? "" : ", ";
        text += "client_secret_basic or client_secret_post";
        text += settings.client_secret.size() < oidc::shortest_signing_secret
                    ? " (client_secret_jwt needs a secret of at least 32 bytes)"
                    : " or client_secret_jwt";
        text += " with client_secret";
    }
    return text;
}

Error nothing_fits(const providers::Settings& settings, const oidc::Metadata& metadata) {
    return {Code::provider_error,
            "the token endpoint takes no way in which this client can prove itself: its metadata lists " +
                listed(metadata.token_endpoint_auth_methods_supported) + ", possible is " + ways(settings) +
                "; client_auth says which one to use all the same"};
}

// Of what the client signs. An error: nobody could take it, or anybody.
std::optional<Error> complete_assertion(const oidc::Metadata& metadata,
                                        oidc::ClientCredentials& credentials) {
    credentials.audience = metadata.issuer;
    if (metadata.issuer.empty() || metadata.issuer.find('{') != std::string::npos) {
        return Error{
            Code::provider_error,
            "the issuer is not known before the ID token is, and what the client signs is made out to "
            "it: give issuer or tenant in the oauth_provider block, or another client_auth"};
    }
    const auto& supported = metadata.token_endpoint_auth_signing_alg_values_supported;
    if (credentials.key) {
        credentials.algorithm = oidc::choose_assertion_algorithm(supported, *credentials.key);
    } else if (const auto key = jose::SigningKey::from_secret(credentials.client_secret)) {
        credentials.algorithm = oidc::choose_assertion_algorithm(supported, *key);
    }
    if (credentials.algorithm.empty()) {
        return Error{Code::provider_error,
                     "the provider takes no signature that " +
                         std::string(credentials.key ? "client_key" : "client_secret") +
                         " can make: its token_endpoint_auth_signing_alg_values_supported has " +
                         listed(supported) + ", and the client " +
                         (credentials.key ? credentials.key->alg() : "HS256")};
    }
    return std::nullopt;
}

} // namespace

core::Result<oidc::ClientCredentials> Provider::explained_credentials(const oidc::Metadata& metadata) const {
    const auto auth =
        settings_.client_auth
            ? settings_.client_auth
            : oidc::choose_client_auth(metadata.token_endpoint_auth_methods_supported, settings_.material());
    if (!auth) {
        return nothing_fits(settings_, metadata);
    }
    oidc::ClientCredentials credentials{settings_.client_id, settings_.client_secret, *auth};
    if (auth == ClientAuth::tls) {
        credentials.certificate = settings_.client_certificate;
    }
    if (auth == ClientAuth::private_key_jwt || auth == ClientAuth::client_secret_jwt) {
        credentials.key = auth == ClientAuth::private_key_jwt ? settings_.client_key : nullptr;
        if (credentials.key && settings_.client_certificate) {
            credentials.certificate_sha1 = settings_.client_certificate->sha1_thumbprint();
            credentials.certificate_sha256 = settings_.client_certificate->sha256_thumbprint();
        }
        credentials.clock = &clock_;
        credentials.random = &random_;
        if (auto error = complete_assertion(metadata, credentials)) {
            return std::move(*error);
        }
    }
    return credentials;
}

std::optional<oidc::ClientCredentials> Provider::credentials(const oidc::Metadata& metadata) const {
    auto credentials = explained_credentials(metadata);
    return credentials ? std::optional(std::move(credentials.value())) : std::nullopt;
}

std::optional<Error> Provider::why_no_proofs(const oidc::Metadata& metadata) const {
    const auto& supported = metadata.dpop_signing_alg_values_supported;
    const bool is_known =
        supported.empty() || std::find(supported.begin(), supported.end(), "ES256") != supported.end();
    if (!settings_.dpop || is_known) {
        return std::nullopt;
    }
    return Error{Code::provider_error,
                 "\"dpop on\" needs ES256, and the provider's dpop_signing_alg_values_supported has " +
                     listed(supported) + ": set \"dpop off\", or have the provider take ES256"};
}

} // namespace oauth::flow
