// SPDX-License-Identifier: MIT
// Where the module meets a request: POST_READ hides a callback's query, PREACCESS strips, decides and serves
// the endpoints, ACCESS acts on the decision.
#pragma once

#include "conf.hpp"

#include <string>
#include <string_view>

namespace oauth::ngx {

bool add_phase_handlers(ngx_conf_t* cf);

// A variable's name without "oauth_claim_" as a dotted path: "__" is a dot.
std::string claim_path(std::string_view variable);

} // namespace oauth::ngx
