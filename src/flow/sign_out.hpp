// SPDX-License-Identifier: MIT
// Signing out: first here, then at the provider if it has an end-session endpoint. An end that cannot be
// recorded is no sign-out: 503.
#pragma once

#include "../core/task.hpp"
#include "../web/answer.hpp"
#include "admission.hpp"
#include "request.hpp"

namespace oauth::flow {

core::Task<web::Answer> sign_out(Site& site, const Request& request, Visitor& visitor);

} // namespace oauth::flow
