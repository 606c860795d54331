// SPDX-License-Identifier: MIT
// See signed_identity.hpp.
#include "signed_identity.hpp"

#include "../core/record.hpp"

#include <algorithm>
#include <new>

namespace oauth::flow {

namespace {

constexpr std::size_t max_remembered = 16; // tokens per session
constexpr std::size_t usual_purpose = 250; // bytes

using Token = session::SignedTokens::Token;

// What a token depends on. Of one session, only a check makes another user of the same id.
std::string purpose_of(const Site& site, const session::OpenedSession& opened,
                       const IdentitySettings& settings, std::string_view audience) {
    const session::Session& session = opened.session;
    core::RecordWriter record(usual_purpose);
    const std::int64_t numbers[] = {static_cast<std::int64_t>(session.epoch),
                                    session.made_at,
                                    session.signed_in_at,
                                    session.checked_at,
                                    opened.ends_at,
                                    settings.lifetime};
    record.text(session.id);
    record.text({reinterpret_cast<const char*>(numbers), sizeof(numbers)}); // which no other machine reads
    record.text(site.identity_keys.mark());
    record.text(session.made_for);
    record.text(opened.base_url);
    record.text(audience);
    record.number(settings.extra_claims.size());
    for (const std::string& path : settings.extra_claims) {
        record.text(path);
    }
    return std::move(record).finish();
}

// False, too, for one that was signed later than now: the clock has been set back since.
template <class Signed>
bool is_reusable(const Signed& token, std::int64_t now) {
    return now < token.reuse_until && now >= token.signed_at;
}

Token sign(const Site& site, const session::OpenedSession& session, const IdentitySettings& settings,
           std::string_view audience) {
    identity::TokenParameters parameters;
    parameters.issuer = session.base_url;
    parameters.audience = audience;
    parameters.now = site.clock.now();
    parameters.lifetime = std::min(settings.lifetime, session.ends_at - parameters.now);
    parameters.extra_claims = &settings.extra_claims;
    auto text = identity::make_token(session.session, site.identity_keys.signing(), parameters);
    if (!text) {
        throw std::bad_alloc(); // what OpenSSL lacks here is memory: the key has been used before
    }
    return {std::move(*text), parameters.now + parameters.lifetime / 2, parameters.now};
}

Token find_or_sign(const Site& site, const session::OpenedSession& session, const IdentitySettings& settings,
                   std::string_view audience) {
    if (site.signed_tokens == nullptr) {
        return sign(site, session, settings, audience);
    }
    const std::string purpose = purpose_of(site, session, settings, audience);
    auto known = site.signed_tokens->find(purpose);
    if (known && is_reusable(*known, site.clock.now())) {
        return std::move(*known);
    }
    Token token = sign(site, session, settings, audience);
    site.signed_tokens->keep(purpose, token);
    return token;
}

} // namespace

std::shared_ptr<const std::string> signed_identity(const Site& site, session::OpenedSession& session,
                                                   const IdentitySettings& settings,
                                                   std::string_view audience) {
    const std::int64_t now = site.clock.now();
    session::SignedToken* place = nullptr;
    for (session::SignedToken& token : session.tokens) {
        if (token.issuer == &settings && token.audience == audience) {
            if (is_reusable(token, now)) {
                return token.text;
            }
            place = &token;
        }
    }
    Token token = find_or_sign(site, session, settings, audience);
    if (place == nullptr) {
        if (session.tokens.size() == max_remembered) {
            session.tokens.erase(session.tokens.begin());
        }
        place = &session.tokens.emplace_back();
    }
    *place = {&settings, std::string(audience), std::make_shared<const std::string>(std::move(token.text)),
              token.reuse_until, token.signed_at};
    return place->text;
}

} // namespace oauth::flow
