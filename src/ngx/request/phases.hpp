// SPDX-License-Identifier: MIT
// Where the module meets a request: POST_READ hides a callback's query, PREACCESS strips, decides and serves
// the endpoints, ACCESS acts on the decision.
#pragma once

#include "../conf/conf.hpp"

namespace oauth::ngx {

bool add_phase_handlers(ngx_conf_t* cf);

} // namespace oauth::ngx
