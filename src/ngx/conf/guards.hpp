// SPDX-License-Identifier: MIT
// What each location asks of whoever comes, put together once everything has been read and the rules are
// compiled.
#pragma once

#include "conf.hpp"

namespace oauth::ngx {

// Throws bad_alloc.
void make_guards(ngx_conf_t* cf, MainConf::Compiled& compiled);

} // namespace oauth::ngx
