// SPDX-License-Identifier: MIT
// The variables $oauth_... (docs/directives.md). Each is computed only when it is read.
#pragma once

#include "../ngx.hpp"

namespace oauth::ngx {

ngx_int_t add_variables(ngx_conf_t* cf);

} // namespace oauth::ngx
