// SPDX-License-Identifier: MIT
// Variables of the environment that nginx was started with. nginx keeps none of them for the next binary
// (USR2), and a module such as perl takes them away while the configuration is read: what is read here is
// read all the same, and kept, as if there were an `env` line for it.
#pragma once

#include "conf.hpp"

#include <string>

namespace oauth::ngx {

// The value, which lives as long as the configuration; nullptr: not set. `env NAME=VALUE;` counts as set.
// Throws bad_alloc.
const char* read_environment(ngx_conf_t* cf, const std::string& name);

// Says at warn which variables of the environment have been set in vain, as far as their names tell.
void warn_of_unread_variables(ngx_conf_t* cf, MainConf::Compiled& compiled);
// The same of `env NAME=VALUE;` below the http block, which is read by then. Of a whole configuration.
void warn_of_late_variables(ngx_cycle_t* cycle);
// Is it set, and not empty? Its value is not looked at, and not kept. Throws bad_alloc.
bool is_in_environment(ngx_conf_t* cf, const std::string& name);

} // namespace oauth::ngx
