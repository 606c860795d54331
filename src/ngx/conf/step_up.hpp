// SPDX-License-Identifier: MIT
// oauth_step_up, and whether the providers of its locations can fulfil it.
#pragma once

#include "conf.hpp"

namespace oauth::ngx {

char* set_step_up(ngx_conf_t* cf, ngx_command_t* cmd, void* conf);

// Once every location has its providers. False: an error has been logged.
bool check_step_ups(ngx_conf_t* cf, const MainConf::Compiled& compiled);

} // namespace oauth::ngx
