// SPDX-License-Identifier: MIT
// What nginx does before anybody is asked to sign in, and what it never does: said by nginx -t, because
// neither is seen from the outside until somebody looks for it.
#pragma once

#include "conf.hpp"

namespace oauth::ngx {

// Where the location that is being merged has its `return` and `rewrite`; nullptr: this nginx has none.
const void* find_rewrite_conf(ngx_conf_t* cf);

// One line at `warn` for each location with `oauth on` where `return` or `rewrite` answers, and for each one
// under oauth_path with a handler that is never reached.
void warn_of_bypasses(ngx_conf_t* cf, const MainConf::Compiled& compiled);

} // namespace oauth::ngx
