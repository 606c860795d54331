// SPDX-License-Identifier: MIT
// What comes back from the provider: checked, exchanged, verified, and made into a session.
#pragma once

#include "../core/task.hpp"
#include "../session/cache.hpp"
#include "../web/answer.hpp"
#include "request.hpp"
#include "site.hpp"

namespace oauth::flow {

// `current` is the session that the browser has already, if any.
core::Task<web::Answer> callback(Site& site, const Request& request, Provider& provider,
                                 session::OpenedSessionPointer current);

} // namespace oauth::flow
