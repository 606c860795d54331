// SPDX-License-Identifier: MIT
// oauth_allow, oauth_deny and oauth_policy. They are compiled after the whole configuration has been read, so
// that the order in the files does not matter.
#pragma once

#include "conf.hpp"

namespace oauth::ngx {

// Compiles all levels and policies; false: an error has been logged with file and line.
bool compile_rules(ngx_conf_t* cf, MainConf::Compiled& compiled);

// Once every location has its providers: a rule that can match none of their sessions, wherever it is used,
// is refused where it stands. False: an error has been logged.
bool check_prospects(ngx_conf_t* cf, const MainConf::Compiled& compiled);

} // namespace oauth::ngx
