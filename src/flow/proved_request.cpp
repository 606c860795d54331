// SPDX-License-Identifier: MIT
// See proved_request.hpp.
#include "proved_request.hpp"

#include "../oidc/dpop.hpp"

namespace oauth::flow {

namespace {

void prove(const Site& site, Provider& provider, const std::string& access_token, net::HttpRequest& request) {
    const oidc::DpopProof proof{request.method, request.url, access_token, provider.nonces().of(request.url),
                                site.clock.now()};
    request.headers.push_back({"DPoP", oidc::make_dpop_proof(*site.dpop_key, site.random, proof)});
}

} // namespace

core::Task<net::HttpResult> ask_proved(Site& site, Provider& provider, MakeRequest make,
                                       std::string access_token) {
    net::HttpRequest request = make();
    if (!provider.settings().dpop) {
        co_return co_await net::fetch(site.http, std::move(request));
    }
    if (!site.dpop_key) { // never without a proof
        co_return core::Error{core::Code::internal_error, "there is no key for DPoP"};
    }
    const std::string url = request.url;
    prove(site, provider, access_token, request);
    net::HttpResult first = co_await net::fetch(site.http, std::move(request));
    if (!first) {
        co_return first;
    }
    provider.nonces().learn(url, first.value());
    if (!oidc::asks_for_nonce(first.value()) || !oidc::nonce_of(first.value())) {
        co_return first;
    }
    net::HttpRequest again = make();
    prove(site, provider, access_token, again);
    net::HttpResult second = co_await net::fetch(site.http, std::move(again));
    if (second) {
        provider.nonces().learn(url, second.value());
    }
    co_return second;
}

} // namespace oauth::flow
