// SPDX-License-Identifier: MIT
// A family of hosts: servers with one base URL and the cookies of one domain. What makes no sign-in of such a
// server succeed is told by nginx -t: that the callbacks come to another server, which cannot finish them,
// and that its servers do not take one another's sessions.
#pragma once

#include "conf.hpp"

namespace oauth::ngx {

// What the sessions of a family need is the same for all its servers. False: an error has been logged.
bool check_families(ngx_conf_t* cf, const MainConf::Compiled& compiled);

void warn_of_broken_families(ngx_conf_t* cf, const MainConf::Compiled& compiled);

} // namespace oauth::ngx
