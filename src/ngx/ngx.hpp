// SPDX-License-Identifier: MIT
// The only place that includes nginx's headers. Every file of this folder includes it first, because nginx's
// headers define off_t with 64 bits.
#pragma once

extern "C" {
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
}

#include <string>
#include <string_view>

extern ngx_module_t ngx_http_oauth_module;
extern ngx_module_t ngx_http_oauth_filter_module;

namespace oauth::ngx {

inline std::string_view view(const ngx_str_t& text) {
    return {reinterpret_cast<const char*>(text.data), text.len};
}

inline std::string string(const ngx_str_t& text) {
    return std::string(view(text));
}

// A copy in the pool; data is NULL if the pool has no memory.
inline ngx_str_t copy(ngx_pool_t* pool, std::string_view text) {
    ngx_str_t result = ngx_null_string;
    result.data = static_cast<u_char*>(ngx_pnalloc(pool, text.size() + 1));
    if (result.data != nullptr) {
        result.len = text.size();
        ngx_memcpy(result.data, text.data(), text.size());
        result.data[text.size()] = '\0';
    }
    return result;
}

inline char* conf_failed() {
    return static_cast<char*>(NGX_CONF_ERROR);
}

} // namespace oauth::ngx
