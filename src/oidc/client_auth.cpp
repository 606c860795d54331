// SPDX-License-Identifier: MIT
// How the client authenticates itself at the provider's endpoints. Called by whoever builds a request that
// needs it, after the form is complete. Copies of the secret that are made here are wiped.
#include "client_auth.hpp"

#include "../core/bytes.hpp"
#include "../core/url.hpp"
#include "wire.hpp"

#include <algorithm>

namespace oauth::oidc {

std::optional<ClientAuth> parse_client_auth(std::string_view name) {
    if (name == "basic") {
        return ClientAuth::basic;
    }
    if (name == "post") {
        return ClientAuth::post;
    }
    if (name == "none") {
        return ClientAuth::none;
    }
    return std::nullopt;
}

std::optional<ClientAuth> choose_client_auth(const std::vector<std::string>& supported) {
    const auto lists = [&supported](std::string_view method) {
        return std::find(supported.begin(), supported.end(), method) != supported.end();
    };
    // OpenID Connect Discovery 1.0 3, RFC 8414 2: client_secret_basic if the list is omitted
    if (supported.empty() || lists("client_secret_basic")) {
        return ClientAuth::basic;
    }
    if (lists("client_secret_post")) {
        return ClientAuth::post;
    }
    if (lists("none")) {
        return ClientAuth::none;
    }
    return std::nullopt;
}

void authenticate_client(const ClientCredentials& credentials, net::HttpRequest& request) {
    if (credentials.auth != ClientAuth::basic) {
        append_form_parameter(request.body, "client_id", credentials.client_id);
        if (credentials.auth == ClientAuth::post) {
            append_form_parameter(request.body, "client_secret", credentials.client_secret);
        }
        return;
    }
    // RFC 6749 2.3.1, Appendix B. A space becomes %20 and not '+': every form decoder reads %20, and so does
    // a server that only undoes percent-encoding.
    std::string secret = core::percent_encode(credentials.client_secret);
    std::string pair = core::percent_encode(credentials.client_id) + ":" + secret;
    std::string value = core::base64_encode(pair);
    request.headers.push_back({"Authorization", "Basic " + value});
    core::wipe(secret);
    core::wipe(pair);
    core::wipe(value);
}

} // namespace oauth::oidc
