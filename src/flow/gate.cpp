// SPDX-License-Identifier: MIT
// See gate.hpp.
#include "gate.hpp"

namespace oauth::flow {

namespace {

constexpr std::size_t max_remembered = 16; // verdicts, and tokens, per session

bool is_current(SiteState& state, session::OpenedSession& opened) {
    if (state.clock.now() >= opened.session.expires_at) {
        return false;
    }
    const std::uint64_t generation = state.ledger.generation();
    if (opened.revocations_seen == generation) {
        return true;
    }
    if (state.ledger.is_revoked(opened.session.id)) {
        return false;
    }
    opened.revocations_seen = generation;
    return true;
}

session::OpenedSessionPointer open(SiteState& state, std::string_view cookie, std::string_view base_url) {
    const std::string name = session::cookie_name(state.site.cookie, base_url);
    const auto record = state.session_sealer.open(session::binding(name, base_url), cookie);
    if (!record) {
        return nullptr;
    }
    auto session = session::deserialize(*record);
    if (!session || state.find_provider(session->identity.provider) == nullptr) {
        return nullptr;
    }
    const Requirements& requirements = *state.site.requirements;
    if (session->made_for != (session->groups_are_cut ? requirements.mark_with_groups : requirements.mark) ||
        (session->groups_are_cut && requirements.shows_groups)) {
        return nullptr;
    }
    auto opened = std::make_shared<session::OpenedSession>();
    opened->session = std::move(*session);
    opened->site = &state.site;
    opened->base_url = base_url;
    opened->cookie = cookie;
    // Never equal to a generation that was read before this moment: the first check always asks.
    opened->revocations_seen = state.ledger.generation() - 1;
    return opened;
}

} // namespace

session::OpenedSessionPointer find_session(SiteState& state, std::string_view cookie,
                                           std::string_view base_url) {
    if (const auto* cached = state.sessions.find(cookie, &state.site, base_url)) {
        return is_current(state, **cached) ? *cached : nullptr;
    }
    auto opened = open(state, cookie, base_url);
    if (!opened || !is_current(state, *opened)) {
        return nullptr;
    }
    state.sessions.insert(opened);
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

std::string_view identity_token(const SiteState& state, session::OpenedSession& session,
                                const IdentitySettings& settings, std::string_view audience) {
    const std::int64_t now = state.clock.now();
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
    auto text = identity::make_token(session.session, state.identity_keys.signing(), parameters);
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
