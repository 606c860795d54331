// SPDX-License-Identifier: MIT
// What a session becomes when its provider has been asked again. Pure.
#pragma once

#include "../session/session.hpp"
#include "inquiry.hpp"
#include "site.hpp"

#include <optional>

namespace oauth::flow {

// Of the tokens of a sign-in or a refresh, those that the configuration needs.
void keep_tokens(const SiteOptions& options, const SignedIn& signed_in, std::int64_t now,
                 session::Session& session);

// The next epoch, with what the provider says now. Facts that it did not bring stay, except where an ID token
// or an API was asked and left out what rules decide by. nullopt: it is another user.
std::optional<session::Session> renewed(const Site& site, const providers::Settings& settings,
                                        const session::Session& before, SignedIn signed_in);

// The next epoch with new tokens alone, to be checked again in so many seconds: the provider gave them, and
// then did not say who it is.
session::Session with_tokens(const Site& site, const session::Session& before, const SignedIn& tokens,
                             std::int64_t again_in);

} // namespace oauth::flow
