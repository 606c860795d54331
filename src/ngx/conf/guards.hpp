// SPDX-License-Identifier: MIT
// What each location asks of whoever comes, and whose cookies are cut out of requests, put together once
// everything has been read and the rules are compiled.
#pragma once

#include "conf.hpp"

namespace oauth::ngx {

// The names of cookies that are cut out of requests.
void collect_cookie_names(MainConf::Compiled& compiled);

// Throws bad_alloc.
void make_guards(ngx_conf_t* cf, MainConf::Compiled& compiled);

} // namespace oauth::ngx
