// SPDX-License-Identifier: MIT
// How the client authenticates itself at the provider's endpoints. Called by whoever builds a request that
// needs it, after the form is complete. Copies of the secret that are made here are wiped.
#include "client_auth.hpp"

#include "../core/bytes.hpp"
#include "../core/json.hpp"
#include "../core/url.hpp"
#include "../jose/jws.hpp"
#include "unique.hpp"
#include "wire.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace oauth::oidc {

namespace {

struct Name {
    std::string_view name;
    ClientAuth auth;
};

constexpr Name names[] = {{"basic", ClientAuth::basic},
                          {"post", ClientAuth::post},
                          {"none", ClientAuth::none},
                          {"private_key_jwt", ClientAuth::private_key_jwt},
                          {"client_secret_jwt", ClientAuth::client_secret_jwt},
                          {"tls", ClientAuth::tls}};

void send_basic(const ClientCredentials& credentials, net::HttpRequest& request) {
    std::string value = basic_credentials(credentials);
    request.headers.push_back({"Authorization", "Basic " + value});
    core::wipe(value);
}

// RFC 7523 3. The audience is one text: what a list adds could be another server, to which this client would
// prove itself at the same time.
std::string make_assertion(const ClientCredentials& credentials) {
    const auto own =
        credentials.key ? std::nullopt : jose::SigningKey::from_secret(credentials.client_secret);
    const jose::SigningKey* key = credentials.key ? credentials.key.get() : (own ? &*own : nullptr);
    if (key == nullptr) { // what may be configured has been looked at before
        throw std::bad_alloc();
    }
    const std::string alg = credentials.algorithm.empty() ? key->alg() : credentials.algorithm;
    core::JsonObjectWriter header;
    header.add("alg", alg);
    header.add("typ", "JWT");
    if (credentials.key && !key->kid().empty()) {
        header.add("kid", key->kid());
    }
    // Microsoft Entra finds a key by nothing else.
    for (const auto& [name, thumbprint] : {std::pair("x5t", &credentials.certificate_sha1),
                                           std::pair("x5t#S256", &credentials.certificate_sha256)}) {
        if (!thumbprint->empty()) {
            header.add(name, *thumbprint);
        }
    }
    const std::int64_t now = credentials.clock->now();
    core::JsonObjectWriter claims;
    claims.add("iss", credentials.client_id);
    claims.add("sub", credentials.client_id);
    claims.add("aud", credentials.audience);
    claims.add("jti", unique_id(*credentials.random));
    claims.add_integer("iat", now);
    claims.add_integer("exp", now + assertion_lifetime);
    auto assertion = jose::sign_compact(*key, std::move(header).finish(), std::move(claims).finish(), alg);
    if (!assertion) {
        throw std::bad_alloc();
    }
    return std::move(*assertion);
}

void send_assertion(const ClientCredentials& credentials, net::HttpRequest& request) {
    std::string assertion = make_assertion(credentials);
    append_form_parameter(request.body, "client_id", credentials.client_id);
    append_form_parameter(request.body, "client_assertion_type",
                          "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    append_form_parameter(request.body, "client_assertion", assertion);
    core::wipe(assertion);
}

} // namespace

// RFC 6749 2.3.1, Appendix B. A space becomes %20 and not '+': every form decoder reads %20, and so does a
// server that only undoes percent-encoding.
std::string basic_credentials(const ClientCredentials& credentials) {
    std::string secret = core::percent_encode(credentials.client_secret);
    std::string pair = core::percent_encode(credentials.client_id) + ":" + secret;
    std::string value = core::base64_encode(pair);
    core::wipe(secret);
    core::wipe(pair);
    return value;
}

std::optional<ClientAuth> parse_client_auth(std::string_view name) {
    const auto* found = std::find_if(std::begin(names), std::end(names),
                                     [name](const Name& each) { return each.name == name; });
    return found == std::end(names) ? std::nullopt : std::optional(found->auth);
}

std::string_view client_auth_name(ClientAuth auth) {
    const auto* found = std::find_if(std::begin(names), std::end(names),
                                     [auth](const Name& each) { return each.auth == auth; });
    return found == std::end(names) ? "" : found->name;
}

std::optional<ClientAuth> choose_client_auth(const std::vector<std::string>& supported,
                                             const ClientMaterial& material) {
    const auto lists = [&supported](std::string_view method) {
        return std::find(supported.begin(), supported.end(), method) != supported.end();
    };
    // RFC 8705 2.1.1, 2.2.1
    if (material.has_certificate && (lists("tls_client_auth") || lists("self_signed_tls_client_auth"))) {
        return ClientAuth::tls;
    }
    if (material.has_key && lists("private_key_jwt")) {
        return ClientAuth::private_key_jwt;
    }
    // OpenID Connect Discovery 1.0 3, RFC 8414 2: client_secret_basic if the list is omitted
    if (material.secret_size != 0 && (supported.empty() || lists("client_secret_basic"))) {
        return ClientAuth::basic;
    }
    if (material.secret_size != 0 && lists("client_secret_post")) {
        return ClientAuth::post;
    }
    if (material.secret_size >= shortest_signing_secret && lists("client_secret_jwt")) {
        return ClientAuth::client_secret_jwt;
    }
    if (material.has_key) {
        const auto unlisted = material.has_certificate ? ClientAuth::tls : ClientAuth::private_key_jwt;
        return supported.empty() ? std::optional(unlisted) : std::nullopt;
    }
    return lists("none") ? std::optional(ClientAuth::none) : std::nullopt;
}

std::string choose_assertion_algorithm(const std::vector<std::string>& supported,
                                       const jose::SigningKey& key) {
    if (supported.empty()) {
        return key.alg();
    }
    for (const std::string_view able : key.algorithms()) {
        for (const std::string& name : supported) { // RFC 9864 has another name for EdDSA
            if (jose::canonical_algorithm(name) == able) {
                return name;
            }
        }
    }
    return "";
}

void authenticate_client(const ClientCredentials& credentials, net::HttpRequest& request) {
    switch (credentials.auth) {
    case ClientAuth::basic:
        return send_basic(credentials, request);
    case ClientAuth::private_key_jwt:
    case ClientAuth::client_secret_jwt:
        return send_assertion(credentials, request);
    case ClientAuth::post:
    case ClientAuth::none:
    case ClientAuth::tls:
        break;
    }
    append_form_parameter(request.body, "client_id", credentials.client_id);
    if (credentials.auth == ClientAuth::post) {
        append_form_parameter(request.body, "client_secret", credentials.client_secret);
    }
    if (credentials.auth == ClientAuth::tls) {
        request.certificate = credentials.certificate;
    }
}

} // namespace oauth::oidc
