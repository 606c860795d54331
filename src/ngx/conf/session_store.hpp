// SPDX-License-Identifier: MIT
// oauth_session, and what it needs of other directives.
#pragma once

#include "conf.hpp"

namespace oauth::ngx {

// After all of the configuration has been read. False: an error has been logged.
bool check_session_stores(ngx_conf_t* cf, const MainConf::Compiled& compiled);

} // namespace oauth::ngx
