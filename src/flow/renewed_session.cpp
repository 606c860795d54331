// SPDX-License-Identifier: MIT
// See renewed_session.hpp.
#include "renewed_session.hpp"

#include "../policy/policy.hpp"
#include "../session/facts.hpp"

#include <algorithm>
#include <utility>

namespace oauth::flow {

namespace {

void keep_fact(const session::FactRow& row, const session::Identity& before, session::Identity& now) {
    if (const auto* text = std::get_if<session::OneText>(&row.member)) {
        std::optional<core::Text>& value = now.**text;
        if (!value) {
            value = before.**text;
        }
    } else if (const auto* list = std::get_if<session::List>(&row.member)) {
        std::optional<session::Strings>& value = now.**list;
        if (!value) {
            value = before.**list;
        }
    }
}

// What is gone if the provider, asked again, leaves it out.
struct Fresh {
    bool all = false;
    policy::Needs needs;

    bool has(session::Fact fact) const { return all || needs.has(fact); }
    bool has_claim(const std::string& path) const { return all || needs.claims.count(path) != 0; }
};

// An API tells all that there is. An ID token of a refresh tells less than that of the sign-in, so that only
// what rules decide by is gone; and without one nothing is said.
Fresh fresh_facts(const Site& site, bool is_openid, bool had_id_token) {
    Fresh fresh{!is_openid, {}};
    if (had_id_token) {
        for (const auto& rules : site.options.requirements->rules) {
            fresh.needs.merge(rules->needs());
            if (rules->depends_on_request()) { // by variables, which may tell facts
                fresh.needs.merge(site.options.requirements->needs);
            }
        }
    }
    return fresh;
}

// What was told at the sign-in and not again.
void keep_facts(const session::Identity& before, const Fresh& fresh, session::Identity& now) {
    if (!now.email && !fresh.has("email")) {
        now.email_verified = before.email_verified;
    }
    for (const session::FactRow& row : session::facts) {
        const bool is_of_sign_in = row.name == "acr" || row.name == "amr"; // how the user signed in
        if (is_of_sign_in || !fresh.has(session::Fact::of(row))) {
            keep_fact(row, before, now);
        }
    }
    for (const auto& [path, json] : before.claims) {
        if (now.find_claim(path) == nullptr && !fresh.has_claim(path)) {
            now.claims.emplace_back(path, json);
        }
    }
}

// What a person is called. OpenID providers send less with a refresh than at the sign-in, and whoever was
// "ann" is not to be a number from then on.
void keep_labels(const session::Identity& before, bool is_openid, session::Identity& now) {
    if (now.user.empty() || now.user == now.subject) {
        now.user = before.user;
    }
    if (is_openid) {
        if (!now.name) {
            now.name = before.name;
        }
        if (!now.picture) {
            now.picture = before.picture;
        }
    }
}

} // namespace

void keep_tokens(const SiteOptions& options, const SignedIn& signed_in, std::int64_t now,
                 session::Session& session) {
    if (options.refresh != 0 && !signed_in.refresh_token.empty()) {
        session.refresh_token = signed_in.refresh_token;
    }
    if (options.refresh != 0 && signed_in.scope) {
        session.scope = signed_in.scope;
    }
    const bool asks_with_it = options.refresh != 0 && session.refresh_token.empty();
    session.access_token.clear();
    session.access_expires_at = 0;
    if (options.keep_tokens || asks_with_it) {
        session.access_token = signed_in.access_token;
        session.access_expires_at = signed_in.expires_in ? now + *signed_in.expires_in : 0;
    }
}

session::Session with_tokens(const Site& site, const session::Session& before, const SignedIn& tokens,
                             std::int64_t again_in) {
    session::Session next = before;
    const std::int64_t now = site.clock.now();
    ++next.epoch;
    // Where oauth_refresh is shorter than that, the ledger makes it wait.
    next.checked_at = std::max<std::int64_t>(0, std::min(now, now + again_in - site.options.refresh));
    keep_tokens(site.options, tokens, now, next);
    if (!next.id_token.empty() && !tokens.id_token.empty()) {
        next.id_token = tokens.id_token;
    }
    return next;
}

std::optional<session::Session> renewed(const Site& site, const providers::Settings& settings,
                                        const session::Session& before, SignedIn signed_in) {
    if (signed_in.identity.subject != before.identity.subject) {
        return std::nullopt;
    }
    session::Session next = with_tokens(site, before, signed_in, 0);
    next.checked_at = site.clock.now();
    next.identity = std::move(signed_in.identity);
    keep_labels(before.identity, settings.is_openid(), next.identity);
    const Fresh fresh = fresh_facts(site, settings.is_openid(), signed_in.had_id_token);
    keep_facts(before.identity, fresh, next.identity);
    if (before.groups_are_cut) {
        cut_groups(*site.options.requirements, next);
    }
    return next;
}

} // namespace oauth::flow
