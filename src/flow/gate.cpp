// SPDX-License-Identifier: MIT
// See gate.hpp.
#include "gate.hpp"

namespace oauth::flow {

namespace {

constexpr std::size_t max_remembered = 16; // verdicts, and tokens, per session

bool is_current(Site& site, session::OpenedSession& opened) {
    if (site.clock.now() >= opened.session.expires_at) {
        return false;
    }
    const std::uint64_t generation = site.ledger.generation();
    if (opened.revocations_seen == generation) {
        return true;
    }
    if (site.ledger.is_revoked(opened.session.id)) {
        return false;
    }
    opened.revocations_seen = generation;
    return true;
}

session::OpenedSessionPointer open(Site& site, std::string_view cookie, std::string_view base_url) {
    const std::string name = session::cookie_name(site.options.cookie, base_url);
    const auto record = site.session_sealer.open(session::binding(name, base_url), cookie);
    if (!record) {
        return nullptr;
    }
    auto session = session::deserialize(*record);
    if (!session || site.find_provider(session->identity.provider) == nullptr) {
        return nullptr;
    }
    const Requirements& requirements = *site.options.requirements;
    if (session->made_for != (session->groups_are_cut ? requirements.mark_with_groups : requirements.mark) ||
        (session->groups_are_cut && requirements.shows_groups)) {
        return nullptr;
    }
    auto opened = std::make_shared<session::OpenedSession>();
    opened->session = std::move(*session);
    opened->site = &site.options;
    opened->base_url = base_url;
    opened->cookie = cookie;
    // Never equal to a generation that was read before this moment: the first check always asks.
    opened->revocations_seen = site.ledger.generation() - 1;
    return opened;
}

} // namespace

session::OpenedSessionPointer find_session(Site& site, std::string_view cookie, std::string_view base_url) {
    if (const auto* cached = site.sessions.find(cookie, &site.options, base_url)) {
        return is_current(site, **cached) ? *cached : nullptr;
    }
    auto opened = open(site, cookie, base_url);
    if (!opened || !is_current(site, *opened)) {
        return nullptr;
    }
    site.sessions.insert(opened);
    return opened;
}

policy::Verdict decide(session::OpenedSession& session, const policy::RuleSet& rules,
                       const policy::RequestFacts& request) {
    for (const auto& known : session.verdicts) {
        if (known.rules == &rules) {
            return {known.allowed, known.rule, known.email_unverified};
        }
    }
    const policy::Verdict verdict = rules.evaluate(session.session.identity, request);
    if (session.verdicts.size() < max_remembered && !rules.depends_on_request()) {
        session.verdicts.push_back({&rules, verdict.allowed, verdict.rule, verdict.email_unverified});
    }
    return verdict;
}

std::string_view identity_token(const Site& site, session::OpenedSession& session,
                                const IdentitySettings& settings, std::string_view audience) {
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
    identity::TokenParameters parameters;
    parameters.issuer = session.base_url;
    parameters.audience = audience;
    parameters.now = now;
    parameters.lifetime = settings.lifetime;
    parameters.extra_claims = &settings.extra_claims;
    auto text = identity::make_token(session.session, site.identity_keys.signing(), parameters);
    if (!text) {
        return {};
    }
    if (place == nullptr) {
        if (session.tokens.size() == max_remembered) {
            session.tokens.erase(session.tokens.begin());
        }
        place = &session.tokens.emplace_back();
    }
    *place = {&settings, std::string(audience), std::move(*text), now + settings.lifetime / 2};
    return place->text;
}

} // namespace oauth::flow
