// SPDX-License-Identifier: MIT
// Starts a sign-in: one sealed cookie and a redirect to the provider.
#pragma once

#include "../core/task.hpp"
#include "../session/sign_in.hpp"
#include "../web/answer.hpp"
#include "../web/pages.hpp"
#include "request.hpp"
#include "site.hpp"

#include <string>
#include <string_view>

namespace oauth::flow {

// `return_to` has been checked by core::safe_return_to. Authorize parameters with variables are already
// evaluated.
// `offer` is what else the visitor may choose.
core::Task<web::Answer> sign_in(Site& site, const Request& request, Provider& provider, const Offer& offer,
                                std::string return_to, Account account = Account::any);

// The same for a page that asks more of a sign-in than that somebody is signed in. `step_up` outlives it.
core::Task<web::Answer> sign_in(Site& site, const Request& request, Provider& provider, const Offer& offer,
                                std::string return_to, const session::StepUp& step_up);

// For an answer that says that too many wait.
web::Answer come_again(web::Answer answer);

} // namespace oauth::flow
