// SPDX-License-Identifier: MIT
// oauth_cookie, and the settings of a server that only together say whether browsers take its cookies and
// send them where they are needed: the cookie's, the base URL, the names, oauth_path and the providers'.
#pragma once

#include "conf.hpp"

namespace oauth::ngx {

// Once every location has its providers: settings with which no sign-in could succeed are refused where they
// stand. False: an error has been logged.
bool check_cookies(ngx_conf_t* cf, const MainConf::Compiled& compiled);

} // namespace oauth::ngx
