// SPDX-License-Identifier: MIT
// What comes back from the provider: checked, exchanged, verified, and made into a session.
#pragma once

#include "../core/task.hpp"
#include "../web/answer.hpp"
#include "admission.hpp"
#include "request.hpp"

namespace oauth::flow {

// `visitor`: whose session, if there is one, the new one replaces.
core::Task<web::Answer> callback(Site& site, const Request& request, Provider& provider, Visitor& visitor);

} // namespace oauth::flow
