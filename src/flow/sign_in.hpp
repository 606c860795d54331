// SPDX-License-Identifier: MIT
// The way to the provider: one sealed sign-in cookie and a redirect.
#pragma once

#include "../core/task.hpp"
#include "../web/answer.hpp"
#include "../web/pages.hpp"
#include "request.hpp"
#include "site.hpp"

#include <string>
#include <string_view>

namespace oauth::flow {

std::string redirect_uri(const Site& site, const std::string& base_url, const std::string& provider);
std::string login_url(const Site& site, const std::string& base_url, const std::string& return_to);

// Where to go back to, from a parameter of the request: a path of our own origin, "/" for whatever is not.
std::string local_return_to(std::string_view value, const std::string& base_url);

// What pages and JSON for this request have in common; login_url leads to a fresh sign-in.
web::Audience audience(const SiteState& state, const Request& request, const std::string& return_to);

// `return_to` has been checked by core::safe_return_to. Authorize parameters with variables are already
// evaluated.
core::Task<web::Answer> sign_in(SiteState& state, const Request& request, ProviderState& provider,
                                std::string return_to);

} // namespace oauth::flow
