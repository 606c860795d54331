// SPDX-License-Identifier: MIT
// What an administrator has to know of a configuration, at notice: each server's base URL, what to register
// at which provider, and what the rules need of it.
#pragma once

#include "conf.hpp"

namespace oauth::ngx {

void report(ngx_conf_t* cf, const MainConf::Compiled& compiled);

} // namespace oauth::ngx
