// SPDX-License-Identifier: MIT
// Signing out: first here, then at the provider if it has an end-session endpoint. An end that cannot be
// recorded is no sign-out: 503. Only by the user's own will: where another page may have asked, ours asks
// back.
#pragma once

#include "../core/task.hpp"
#include "../web/answer.hpp"
#include "admission.hpp"
#include "request.hpp"

#include <optional>
#include <string>

namespace oauth::flow {

core::Task<web::Answer> sign_out(Site& site, const Request& request, Visitor& visitor);

// The page to which providers lead back, and from which a sign-out's return_to is followed. It is true: who
// is signed in is told so.
core::Task<web::Answer> signed_out(Site& site, const Request& request, Visitor& visitor);

// A request that ends sessions: what it asks for again once the user has confirmed it.
struct Asked {
    web::Leaving what;
    std::string path;      // of ours
    std::string arguments; // empty, or "&..." encoded
    std::string return_to;
};

// Ends all sessions that the visitor has here. Something else to answer: a page that asks back, or a failure;
// nullopt: there are none any more.
core::Task<std::optional<web::Answer>> end_sessions(Site& site, const Request& request, Visitor& visitor,
                                                    Asked asked);

// Deletes the session's cookies in the browser, and leaves sign-ins and sign-outs that are under way.
void delete_session_cookies(const Site& site, const Request& request, web::Answer& answer);

// The way out for a page of ours, which need not ask back. Empty return_to: to our page "signed out".
std::string confirmed_sign_out_url(const Site& site, const Request& request, const session::Session& session,
                                   const std::string& return_to);

// The same to another account at that provider, and back to the page.
std::string confirmed_switch_url(const Site& site, const Provider& provider, const Page& return_to,
                                 const session::Session& session);

} // namespace oauth::flow
