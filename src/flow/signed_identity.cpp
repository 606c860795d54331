// SPDX-License-Identifier: MIT
// See signed_identity.hpp.
#include "signed_identity.hpp"

#include <algorithm>
#include <new>

namespace oauth::flow {

namespace {

constexpr std::size_t max_remembered = 16; // tokens per session

std::optional<std::string> sign(const Site& site, const session::OpenedSession& session,
                                const IdentitySettings& settings, std::string_view audience) {
    identity::TokenParameters parameters;
    parameters.issuer = session.base_url;
    parameters.audience = audience;
    parameters.now = site.clock.now();
    parameters.lifetime = std::min(settings.lifetime, session.ends_at - parameters.now);
    parameters.extra_claims = &settings.extra_claims;
    return identity::make_token(session.session, site.identity_keys.signing(), parameters);
}

} // namespace

std::shared_ptr<const std::string> signed_identity(const Site& site, session::OpenedSession& session,
                                                   const IdentitySettings& settings,
                                                   std::string_view audience) {
    const std::int64_t now = site.clock.now();
    session::SignedToken* place = nullptr;
    for (session::SignedToken& token : session.tokens) {
        if (token.issuer == &settings && token.audience == audience) {
            if (now < token.reuse_until) {
                return token.text;
            }
            place = &token;
        }
    }
    auto text = sign(site, session, settings, audience);
    if (!text) {
        throw std::bad_alloc(); // what OpenSSL lacks here is memory: the key has been used before
    }
    if (place == nullptr) {
        if (session.tokens.size() == max_remembered) {
            session.tokens.erase(session.tokens.begin());
        }
        place = &session.tokens.emplace_back();
    }
    *place = {&settings, std::string(audience), std::make_shared<const std::string>(std::move(*text)),
              now + settings.lifetime / 2};
    return place->text;
}

} // namespace oauth::flow
