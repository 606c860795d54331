// SPDX-License-Identifier: MIT
// The provider that a browser has chosen last, in a cookie of its own, NAME_last: the sign-in page shows it
// first. After a sign-out where the provider goes on knowing its user, it is to ask for the account, so that
// signing out does not end signed in. Nothing of it is secret, and nothing is decided by it.
#pragma once

#include "../web/answer.hpp"
#include "request.hpp"
#include "site.hpp"

#include <string>

namespace oauth::flow {

constexpr std::int64_t last_provider_lifetime = 180 * 86400; // seconds

// Is it that one?
bool is_last_provider(const Site& site, const Request& request, const Provider& provider);
// Has the browser signed out of a session of that provider, and the provider not ended its own?
bool has_left(const Site& site, const Request& request, const Provider& provider);

enum class Stay { signed_in, left };
void remember_provider(const Site& site, const Request& request, const Provider& provider, Stay stay,
                       web::Answer& answer);

} // namespace oauth::flow
