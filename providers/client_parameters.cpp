// SPDX-License-Identifier: MIT
// See client_parameters.hpp.
#include "client_parameters.hpp"

#include "../src/core/bytes.hpp"
#include "../src/core/secrets.hpp"
#include "parameters.hpp"

#include <algorithm>

namespace oauth::providers {

namespace {

using oidc::ClientAuth;

std::string wrong(std::string_view found, std::string_view accepted) {
    return core::found(found) + ", accepted: " + std::string(accepted);
}

std::string missing(std::string_view parameter) {
    return "\"" + std::string(parameter) + "\" is missing";
}

std::string take_certificate(Settings& settings) {
    if (settings.client_certificate_text.empty()) {
        return "";
    }
    if (!settings.client_key) {
        return missing("client_key") + ", and \"client_certificate\" needs it";
    }
    std::string wrong;
    settings.client_certificate =
        net::ClientCertificate::create(settings.client_certificate_text, settings.client_key->key(), wrong);
    settings.client_certificate_text.clear();
    return settings.client_certificate
               ? ""
               : "\"client_certificate\": file" + settings.client_certificate_file + " " + wrong +
                     ", accepted: the certificate of client_key in PEM, and those that lead to its authority";
}

std::string without(std::string_view parameter, ClientAuth auth) {
    return missing(parameter) + ", and \"client_auth " + std::string(oidc::client_auth_name(auth)) +
           "\" needs it";
}

// What the client proves itself with is there.
std::string check_client_auth(Settings& settings) {
    const bool has_key = settings.client_key != nullptr;
    const auto of_a_secret = [](std::optional<ClientAuth> auth) {
        return auth == ClientAuth::basic || auth == ClientAuth::post;
    };
    if (has_key && of_a_secret(settings.client_auth)) { // the type's: given, it would leave the key idle
        settings.client_auth.reset();
    }
    const bool is_missing = settings.client_secret.empty();
    const auto auth = settings.client_auth;
    if (auth == ClientAuth::private_key_jwt && !has_key) {
        return without("client_key", *auth);
    }
    if (auth == ClientAuth::tls && !settings.client_certificate) {
        return without("client_certificate", *auth);
    }
    const bool needs_secret = auth ? of_a_secret(auth) || auth == ClientAuth::client_secret_jwt : !has_key;
    if (needs_secret && is_missing) {
        return missing("client_secret") +
               " (a public client needs \"client_auth none\", one with a key of its own \"client_key\")";
    }
    if (auth == ClientAuth::client_secret_jwt &&
        settings.client_secret.size() < oidc::shortest_signing_secret) {
        return "\"client_secret\": found " + std::to_string(settings.client_secret.size()) +
               " bytes, accepted: at least 32, as \"client_auth client_secret_jwt\" signs by HS256";
    }
    if (auth == ClientAuth::tls && settings.token_endpoint.starts_with("http:")) {
        return "\"token_endpoint\" is http, where no certificate can be shown, accepted with \"client_auth "
               "tls\": "
               "https";
    }
    const bool signs = auth == ClientAuth::private_key_jwt || auth == ClientAuth::client_secret_jwt ||
                       (!auth && has_key && !settings.client_certificate);
    return signs && !settings.is_openid() && settings.issuer.empty()
               ? missing("issuer") + ": what the client signs is made out to it"
               : "";
}

} // namespace

std::string set_client_auth(Settings& settings, const std::vector<std::string>& values) {
    const auto auth = oidc::parse_client_auth(values[0]);
    const bool is_old = auth == ClientAuth::basic || auth == ClientAuth::post || auth == ClientAuth::none;
    const bool takes_key = takes(*settings.type, *find_parameter("client_key"));
    if (!auth || (!is_old && !takes_key)) {
        return wrong(values[0], takes_key ? "basic, post, none, private_key_jwt, client_secret_jwt, tls"
                                          : "basic, post, none");
    }
    settings.client_auth = auth;
    return "";
}

std::string set_client_key(Settings& settings, const std::vector<std::string>& values) {
    auto key = jose::SigningKey::from_pem(values[0], jose::SigningKey::Curves::all);
    if (!key) {
        return jose::why_no_private_key(values[0]) +
               ", accepted: a private key in PEM without a passphrase (RSA of 2048 to 8192 bits, EC P-256, "
               "P-384 or P-521, Ed25519), as from \"openssl genpkey\"";
    }
    // A provider with one key of this client finds it without a name, and not by a name that it does not
    // know.
    constexpr std::string_view option = "kid=";
    const std::string_view kid = values.size() > 1 ? std::string_view(values[1]) : "";
    if (!kid.empty() &&
        (!kid.starts_with(option) || kid.size() == option.size() || core::has_control_characters(kid))) {
        return "and beside it " + wrong(kid, "kid=ID, the name that the provider has for the key");
    }
    key->set_kid(std::string(kid.substr(std::min(kid.size(), option.size()))));
    settings.client_key = std::make_shared<const jose::SigningKey>(std::move(*key));
    return "";
}

// Whether it is one, and the key's, is known when all has been read: complete().
std::string set_client_certificate(Settings& settings, const std::vector<std::string>& values) {
    settings.client_certificate_text = values[0];
    settings.client_certificate_file = values.size() > 1 ? values[1] : "";
    return "";
}

bool is_used_by_client_auth(const Settings& settings, std::string_view name) {
    const ClientAuth auth = *settings.client_auth;
    if (name == "client_secret") {
        const auto& algorithms = settings.signing_algorithms;
        const bool verifies = std::find(algorithms.begin(), algorithms.end(), "HS256") != algorithms.end();
        return auth == ClientAuth::basic || auth == ClientAuth::post ||
               auth == ClientAuth::client_secret_jwt || (verifies && auth != ClientAuth::none);
    }
    return auth == ClientAuth::tls || auth == ClientAuth::private_key_jwt;
}

std::string complete_client_auth(Settings& settings) {
    const std::string problem = take_certificate(settings);
    return problem.empty() ? check_client_auth(settings) : problem;
}

} // namespace oauth::providers
