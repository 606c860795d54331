// SPDX-License-Identifier: MIT
// nginx's variables evaluated anew. It keeps the value of an indexed variable, as of a `map`, for the whole
// of a request, its internal redirects and subrequests: a rule would be told what was true of another
// location.
#pragma once

#include "../ngx.hpp"

#include <vector>

namespace oauth::ngx {

// As long as it lives, the request's variables are evaluated when they are asked for, and what that changes
// is forgotten afterwards: cached values and captures are again what they were. What exists nowhere but in
// the cache, values made by `set`, by captures with a name and by auth_request_set, stays.
class FreshVariables {
public:
    explicit FreshVariables(ngx_http_request_t* r);
    FreshVariables(const FreshVariables&) = delete;
    FreshVariables& operator=(const FreshVariables&) = delete;
    ~FreshVariables();

    // $1 and the like are again what the request has.
    void restore_captures() const;

    // Has a variable been read that `set` makes, and that has no value, because it has not run?
    bool has_read_unset() const;

private:
    ngx_http_request_t* r_;
    ngx_http_variable_value_t* variables_;
#if (NGX_PCRE)
    int* captures_;
    ngx_uint_t captures_size_;
    u_char* captures_data_;
    unsigned realloc_captures_ : 1;
#endif
    std::vector<ngx_http_variable_value_t> fresh_;
};

} // namespace oauth::ngx
