// SPDX-License-Identifier: MIT
// The header list of an answer. What has been taken out of it (hash 0) is passed over.
#pragma once

#include "../ngx.hpp"

#include "../../core/bytes.hpp"

#include <string_view>

namespace oauth::ngx {

template <class Visit>
void for_each_header(ngx_http_request_t* r, Visit visit) {
    for (ngx_list_part_t* part = &r->headers_out.headers.part; part != nullptr; part = part->next) {
        auto* headers = static_cast<ngx_table_elt_t*>(part->elts);
        for (ngx_uint_t i = 0; i < part->nelts; ++i) {
            if (headers[i].hash != 0) {
                visit(headers[i]);
            }
        }
    }
}

// Of that name, in any case.
template <class Visit>
void for_each_header_of(ngx_http_request_t* r, std::string_view name, Visit visit) {
    for_each_header(r, [&](ngx_table_elt_t& header) {
        if (header.key.len == name.size() && core::equal_ignoring_case(view(header.key), name)) {
            visit(header);
        }
    });
}

} // namespace oauth::ngx
