// SPDX-License-Identifier: MIT
// What oauth_path/auth answers another proxy, once the rules have been asked: 204, 401, 403, or the way to
// the sign-in. Called by src/ngx/request/original.cpp. `request` is as the visitor sent it to the other
// proxy: its path, target and origin are those that the proxy tells, not those of `auth`.
#pragma once

#include "endpoints.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace oauth::flow {

// 204. `admission`: of whom the rules let pass; null: the location is open to everybody, or nobody is told.
// `identity` is the signed one, null where the location has none.
web::Answer pass(const Admission* admission, std::string_view identity_header,
                 const std::shared_ptr<const std::string>& identity);

// Nobody is signed in. automatic and redirect: 302 to the sign-in where a page is loaded, else 401.
core::Task<web::Answer> ask_to_sign_in(Site& site, const Request& request, const Offer& offer,
                                       Unauthenticated how);

// Somebody is, by a sign-in that is not enough: the same, to the provider of the session, which is all of
// `offer`.
core::Task<web::Answer> ask_to_step_up(Site& site, const Request& request, const Offer& offer,
                                       Unauthenticated how, const session::StepUp& wanted);

// It cannot be decided.
web::Answer cannot_decide(const Site& site, const Request& request, const core::Error& error);

// Does the query of `auth` ask for a redirect in place of 401?
bool wants_redirect(std::string_view arguments);

} // namespace oauth::flow
