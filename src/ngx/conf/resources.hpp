// SPDX-License-Identifier: MIT
// Locations as protected resources: oauth_bearer and oauth_mcp, put together and checked once everything has
// been read and the rules are compiled.
#pragma once

#include "conf.hpp"

#include <string_view>

namespace oauth::ngx {

// False: an error has been logged. Throws bad_alloc.
bool make_resources(ngx_conf_t* cf, MainConf::Compiled& compiled);

// Whose metadata a request for that path asks for; nullptr: nobody's, or it is no such request.
const flow::ProtectedResource* find_resource(const ServerConf& server, std::string_view path);

} // namespace oauth::ngx
