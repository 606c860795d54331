// SPDX-License-Identifier: MIT
// Signing out: here first, then at the provider where it has an end-session endpoint.
#pragma once

#include "../core/task.hpp"
#include "../session/cache.hpp"
#include "../web/answer.hpp"
#include "request.hpp"
#include "site.hpp"

namespace oauth::flow {

core::Task<web::Answer> sign_out(Site& site, const Request& request, session::OpenedSessionPointer current);

} // namespace oauth::flow
