// SPDX-License-Identifier: MIT
// Surgery on a request's header list: nginx can neither remove an element nor hide one from an upstream. All
// memory is the request's pool's.
#pragma once

#include "../conf/conf.hpp"

namespace oauth::ngx {

// Removes every header of such a name, in any spelling, however often it is there. Where something was found,
// `spare` goes too, and is NULL afterwards: the list is another one then. False: no memory.
bool strip_headers(ngx_http_request_t* r, const std::vector<std::string>& normalised_names,
                   ngx_table_elt_t*& spare);

// Removes exactly this element of the list. False: no memory.
bool remove_header(ngx_http_request_t* r, const ngx_table_elt_t* gone);

// Adds the location's identity header; `reuse`, if not NULL, is an element of the list that is not needed any
// more.
bool add_identity_header(ngx_http_request_t* r, const LocationConf& location, std::string_view value,
                         ngx_table_elt_t* reuse);

// A request's own copy of the list, so that a subrequest never writes into its parent's.
bool detach_headers(ngx_http_request_t* r);

} // namespace oauth::ngx
