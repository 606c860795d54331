// SPDX-License-Identifier: MIT
// The endpoints under oauth_path, one row each, and what a request without a session gets. Called by src/ngx/
// with the facts of a request; the references outlive the flow.
#pragma once

#include "../core/task.hpp"
#include "../web/answer.hpp"
#include "admission.hpp"
#include "request.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace oauth::flow {

struct Endpoint; // a row of the table in endpoints.cpp

// Which endpoint a path is of.
struct Route {
    const Endpoint* endpoint = nullptr; // null: the path is not under oauth_path
    std::string_view provider;          // of an endpoint of one provider: a view into the path

    explicit operator bool() const { return endpoint != nullptr; }
};

// Exact match only: "/auth/oauth/github/callback/" is not the callback.
Route find_route(std::string_view path, std::string_view oauth_path);

// The metadata of a protected resource, which are not under oauth_path (protected_resource.hpp).
Route resource_metadata_route();

// Of oauth_login_page's value, as nginx will match it: without the query, decoded, merged.
std::string login_page_path(std::string_view login_page);

// For logs and tests: "login", "callback", "start" (of a provider), "not_found", "none".
std::string_view endpoint_name(const Route& route);

// Is it a name under oauth_path that no provider can have?
bool is_endpoint_name(std::string_view name);

// Does the query of this endpoint hold what must not be seen: a code, a state, a token?
bool has_secret_query(const Route& route);

// Does this route take a body, which is to be read before serve() is called?
bool takes_body(const Site& site, const Route& route, std::string_view method);

// Does a sign-in begin at this endpoint, which is for a page?
bool begins_sign_in(const Route& route);

// `page`: of the location of that page; null: it asks for nothing, or is not known.
core::Task<web::Answer> serve(Site& site, const Request& request, const Offer& offer, Visitor& visitor,
                              const Guard* page = nullptr);

enum class Unauthenticated { automatic, redirect, status_401 };

// The answer if there is no session but one is needed: a redirect to the provider or to the sign-in page, or
// 401. `step_up` is what the page asks of a sign-in; null: nothing more.
core::Task<web::Answer> challenge(Site& site, const Request& request, const Offer& offer, Unauthenticated how,
                                  const session::StepUp* step_up = nullptr);

// Where to go back to after signing in, when a form or a script was refused: the page with it, if it is ours.
std::string own_page(const Request& request);
// The path that was asked for, as an address has it.
std::string page_path(const Request& request);

// Why a sign-in for a page would lead back to the same question for ever; empty: it does not.
std::string why_endless(const Site& site, const Request& request, const Offer& offer);

// A session that no rule lets in: `denied` is its admission, `reason` for the log.
web::Answer refuse(const Site& site, const Request& request, const Offer& offer, const Admission& denied,
                   std::string reason);

} // namespace oauth::flow
