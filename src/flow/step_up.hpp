// SPDX-License-Identifier: MIT
// Step-up: pages that ask for a stronger or more recent sign-in than somebody has (oauth_step_up). It is
// asked for once, and only an answer that fulfils it becomes a session: what is not fulfilled is told, and
// leads nowhere by itself. OpenID Connect Core 3.1.2.1, RFC 9470.
#pragma once

#include "../core/task.hpp"
#include "../oidc/authorization.hpp"
#include "../session/sign_in.hpp"
#include "admission.hpp"
#include "endpoints.hpp"
#include "inquiry.hpp"
#include "site.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace oauth::flow {

// How a user was authenticated, whatever that is known from.
struct Authentication {
    std::optional<std::string_view> acr;
    std::optional<std::int64_t> time; // seconds since 1970
};

// `skew`: oauth_clock_skew. What is not known meets nothing.
bool meets(const session::StepUp& wanted, const Authentication& authentication, std::int64_t now,
           std::int64_t skew);
bool meets(const session::StepUp& wanted, const session::Session& session, const Site& site);

// Why an answer of the provider does not meet it, for the log; empty: it does.
std::string why_unmet(const Site& site, const session::StepUp& wanted, const SignedIn& signed_in);

// The max_age that a request has already, of authorize_param. What is no number of seconds is 0, which only a
// sign-in of this moment fulfils.
std::optional<std::int64_t> requested_max_age(const oidc::AuthorizationRequest& request);
// Adds what makes the provider of that type fulfil it, in place of what the request said of it.
void ask_for_step_up(const providers::Type& type, const session::StepUp& wanted,
                     oidc::AuthorizationRequest& request);

// Of a request with which a sign-in begins. The page whose location says what it has to fulfil: that of the
// parameter step_up, else the one to return to.
std::string asked_step_up(const Request& request); // empty: there is none
std::string page_to_sign_in_for(const Request& request);

// RFC 9470 3: the value of WWW-Authenticate.
std::string step_up_challenge(const session::StepUp& wanted);

// The answer to a request whose session does not meet it: a page load goes to the provider of the session,
// which is all of `offer`; whatever else gets 401, with an address at which such a sign-in begins. References
// outlive the task.
core::Task<web::Answer> step_up(Site& site, const Request& request, const Offer& offer, Unauthenticated how,
                                const session::StepUp& wanted);

// Does the provider itself say that it cannot? OpenID Connect Core Unmet Authentication Requirements 1.0.
bool is_unmet(const session::StepUp& wanted, const core::Parameters& answer);

// For the page that says that the provider's answer did not meet it. `identity`: null where it named nobody.
void tell_of_step_up(const Site& site, const session::Identity* identity, const Page& page,
                     web::Audience& to);

} // namespace oauth::flow
