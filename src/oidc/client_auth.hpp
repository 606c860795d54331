// SPDX-License-Identifier: MIT
// How the client authenticates itself at the provider's endpoints: RFC 6749 2.3.1, OpenID Connect Core 9,
// RFC 7523 2.2, RFC 8705 2.
#pragma once

#include "../core/clock.hpp"
#include "../core/crypto.hpp"
#include "../jose/jwk.hpp"
#include "../net/http.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::oidc {

enum class ClientAuth { basic, post, none, private_key_jwt, client_secret_jwt, tls };

// As in "client_auth private_key_jwt"; nullopt for anything else.
std::optional<ClientAuth> parse_client_auth(std::string_view name);
std::string_view client_auth_name(ClientAuth auth);

// RFC 7518 3.2: of the secret of client_secret_jwt, in bytes.
constexpr std::size_t shortest_signing_secret = 32;

// What the configuration gives a client to prove itself with.
struct ClientMaterial {
    std::size_t secret_size = 0; // 0: no secret
    bool has_key = false;
    bool has_certificate = false;
};

// Chooses from token_endpoint_auth_methods_supported (OpenID Connect Discovery 1.0 3) what the material
// allows: a certificate, else a key, else the secret by basic, post or client_secret_jwt, else none, which is
// not for a client that has a key. An empty list has client_secret_basic. nullopt: nothing fits.
std::optional<ClientAuth> choose_client_auth(const std::vector<std::string>& supported,
                                             const ClientMaterial& material);

// By what a key signs assertions, of token_endpoint_auth_signing_alg_values_supported: the first of the key's
// that is listed, its own where nothing is. Empty: nothing fits.
std::string choose_assertion_algorithm(const std::vector<std::string>& supported,
                                       const jose::SigningKey& key);

struct ClientCredentials {
    std::string client_id;
    std::string client_secret; // empty only where it is not used
    ClientAuth auth = ClientAuth::basic;

    // Of private_key_jwt and client_secret_jwt. Clock and randomness outlive the credentials.
    std::string audience = {};                             // the issuer
    std::string algorithm = {};                            // empty: HS256
    std::shared_ptr<const jose::SigningKey> key = nullptr; // null: the secret; its kid is sent, if it has one
    std::string certificate_sha1 = {};                     // its certificate's thumbprints, sent as x5t and
    std::string certificate_sha256 = {};                   // x5t#S256; empty: not sent
    const core::Clock* clock = nullptr;
    core::Random* random = nullptr;

    std::shared_ptr<const net::ClientCertificate> certificate = nullptr; // of tls
};

// RFC 6749 2.3.1: what "Authorization: Basic" has behind the word. The caller wipes it.
std::string basic_credentials(const ClientCredentials& credentials);

// How long an assertion is good for, in seconds.
constexpr std::int64_t assertion_lifetime = 60;

// Makes the request this client's, once its form is complete, in exactly one way: by the Authorization header
// (RFC 6749 2.3.1: id and secret each form-urlencoded, joined by ':', then base64), by parameters of the form
// in request.body, an assertion among them (RFC 7523 2.2, 3), or by the certificate of its connection (RFC
// 8705 2). Each call makes another assertion: a request that is sent again is authenticated again. Throws
// std::bad_alloc, also where OpenSSL signs nothing or has no randomness, which is for lack of memory.
void authenticate_client(const ClientCredentials& credentials, net::HttpRequest& request);

} // namespace oauth::oidc
