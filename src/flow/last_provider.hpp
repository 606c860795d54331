// SPDX-License-Identifier: MIT
// The providers that a browser has used, the last one first, in a cookie of their own, NAME_last: the sign-in
// page shows that one first. Those that may go on knowing their user after a sign-out have a mark: the next
// sign-in there asks for the account, so that signing out does not end signed in. Nothing of it is secret,
// and nothing is decided by it.
#pragma once

#include "../web/answer.hpp"
#include "request.hpp"
#include "site.hpp"

#include <string>
#include <vector>

namespace oauth::flow {

constexpr std::int64_t last_provider_lifetime = 180 * 86400; // seconds
constexpr std::size_t max_remembered = 32;                   // providers

// Is it that one?
bool is_last_provider(const Site& site, const Request& request, const Provider& provider);
// Is it to ask for the account?
bool has_left(const Site& site, const Request& request, const Provider& provider);

// It has signed somebody in.
void remember_sign_in(const Site& site, const Request& request, const Provider& provider,
                      web::Answer& answer);
// Its user wants to be somebody else.
void remember_switch(const Site& site, const Request& request, const Provider& provider, web::Answer& answer);
// Sessions of those providers have ended here; and whoever signs out means every provider that this browser
// has used. `ended_there`: the one that ends its own; null: none.
void remember_sign_out(const Site& site, const Request& request, const std::vector<const Provider*>& left,
                       const Provider* ended_there, web::Answer& answer);

} // namespace oauth::flow
