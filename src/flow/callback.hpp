// SPDX-License-Identifier: MIT
// The callback: the provider's answer is checked, the code exchanged, the tokens verified, and a session
// made.
#pragma once

#include "../core/task.hpp"
#include "../web/answer.hpp"
#include "admission.hpp"
#include "request.hpp"
#include "site.hpp"

namespace oauth::flow {

// `offer`: what else the visitor may choose. `visitor`: whose session, if there is one, the new one replaces.
core::Task<web::Answer> callback(Site& site, const Request& request, Provider& provider, const Offer& offer,
                                 Visitor& visitor);

} // namespace oauth::flow
