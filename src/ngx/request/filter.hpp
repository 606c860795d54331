// SPDX-License-Identifier: MIT
// The header filter: what our answers, and the application's, must carry and must not. A module of its own in
// the same object, because nginx's own header filter module, initialised after ours, would forget it. It runs
// after `expires` and `add_header`, for every status, upgraded connections and error pages.
#pragma once

#include "../ngx.hpp"

namespace oauth::ngx {

// Puts it in front of the filters that are there.
void add_header_filter();

} // namespace oauth::ngx
