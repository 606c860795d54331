// SPDX-License-Identifier: MIT
// Where the module meets a request, phase by phase:
//
// clang-format off
//   request ---> POST_READ        cleaned: forged headers, own cookies, a callback's query. An endpoint?
//                    |
//     +-------> SERVER_REWRITE    an endpoint is carried past `return` and `rewrite` of the server
//     |              |
//     |         FIND_CONFIG       nginx finds the location
//     |              |
//     |         REWRITE           an endpoint is carried past those of the location. A subrequest: is
//     |              |            answered if it is to an endpoint, else admitted, or refused
//     |         PREACCESS         an endpoint is served; every other request is admitted (may wait)
//     |              |
//     |         ACCESS            acts on the admission: on, 403, 401, or to the provider (may wait)
//     |              |
//     +-- redirect --+            internal redirects begin again, and are admitted again
//                    |
//                 content ---> header filter (filter.hpp) ---> log: variables read the admission
// clang-format on
//
// Order within a phase: POST_READ after realip; the rewrite phases before the rewrite module; PREACCESS after
// limit_req and limit_conn; ACCESS after allow/deny, auth_basic and auth_request. `config` arranges that.
#pragma once

#include "../conf/conf.hpp"

namespace oauth::ngx {

bool add_phase_handlers(ngx_conf_t* cf);

// Those that have to come before the rewrite module's, and so are added after them.
bool add_rewrite_handlers(ngx_conf_t* cf);

} // namespace oauth::ngx
