// SPDX-License-Identifier: MIT
// The directive oauth_status: a location whose content is the figures, for Prometheus or as JSON. Who may
// read them is said by the location's own rules, as of any other.
#pragma once

#include "../conf/conf.hpp"

namespace oauth::ngx {

char* set_status(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);
// Once all has been read. False, and logged: a location has other content as well.
bool check_status(ngx_conf_t* cf, const MainConf::Compiled& compiled);

} // namespace oauth::ngx
