// SPDX-License-Identifier: MIT
// $oauth_...: docs/directives.md. Cheap when unused: each is computed when it is asked for.
#pragma once

#include "../ngx.hpp"

namespace oauth::ngx {

ngx_int_t add_variables(ngx_conf_t* cf);

} // namespace oauth::ngx
