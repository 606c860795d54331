// SPDX-License-Identifier: MIT
// The endpoints under oauth_path, and what a request without a session gets. Called by src/ngx/ with the
// facts of a request; the references outlive the flow.
#pragma once

#include "../core/task.hpp"
#include "../policy/policy.hpp"
#include "../session/cache.hpp"
#include "../web/answer.hpp"
#include "request.hpp"
#include "site.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::flow {

using Offer = std::vector<Provider*>; // the providers of the location: oauth_providers

enum class Endpoint { none, login, logout, userinfo, providers, jwks, start, callback, not_found };

struct Route {
    Endpoint endpoint = Endpoint::none;
    std::string_view provider; // of start and callback: a view into the path
};

// Exact match only: "/auth/oauth/github/callback/" is not the callback.
Route find_route(std::string_view path, std::string_view oauth_path);

// Does this route take a body, which is to be read before serve() is called? (form_post; POST logout does not
// need its own.)
bool takes_body(const Site& site, const Route& route, std::string_view method);

core::Task<web::Answer> serve(Site& site, const Request& request, const Offer& offer,
                              session::OpenedSessionPointer current);

enum class Unauthenticated { automatic, redirect, status_401 };

// No session where one is needed: to the provider, to the sign-in page, or 401.
core::Task<web::Answer> challenge(Site& site, const Request& request, const Offer& offer,
                                  Unauthenticated how);

// A session that no rule lets in.
web::Answer refuse(const Site& site, const Request& request, const session::Session& session,
                   const policy::Verdict& verdict, std::string reason);

} // namespace oauth::flow
