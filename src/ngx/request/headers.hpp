// SPDX-License-Identifier: MIT
// Changes a request's header list, because nginx can neither remove an element nor hide one from an upstream.
// All memory is from the request's pool.
#pragma once

#include "../conf/conf.hpp"

namespace oauth::ngx {

// Marks an element of the list, which the next removal takes along.
inline void mark_removed(ngx_table_elt_t& header) {
    header.value = ngx_null_string;
}

// What of the header list is about such names, in any spelling that reaches an upstream as the same name.
struct Sighting {
    bool header = false;    // there is one
    bool nominated = false; // a Connection header may name one
};
Sighting look_for(const ngx_http_request_t* r, const std::vector<std::string>& normalised_names);

// Takes such names out of what a client calls hop-by-hop: where Connection is passed on, what is named there
// is dropped by the next server. A header with nothing else in it is marked as removed: true if there is one.
// Throws bad_alloc.
bool clean_connection_headers(ngx_http_request_t* r, const std::vector<std::string>& normalised_names);

// The first header of that name, which is in lower case; nullptr: there is none.
const ngx_table_elt_t* find_header(const ngx_http_request_t* r, std::string_view name);

// Is there a header of such a name, in any spelling that reaches an upstream as the same name?
bool has_header(const ngx_http_request_t* r, const std::vector<std::string>& normalised_names);

// Removes every header of such a name, however often it is there, and the elements that are marked, by one
// copy of the list. Throws bad_alloc.
void remove_headers(ngx_http_request_t* r, const std::vector<std::string>& normalised_names);

// Adds the location's identity header. `reuse`, if not NULL, is an element of the list that is no longer
// needed. NULL: no memory, or a request without headers.
ngx_table_elt_t* add_identity_header(ngx_http_request_t* r, const LocationConf& location,
                                     std::string_view value, ngx_table_elt_t* reuse);

} // namespace oauth::ngx
