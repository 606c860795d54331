// SPDX-License-Identifier: MIT
// Which location of this server a path falls into is nginx's own doing: a subrequest is sent there, which
// ends in its REWRITE phase (phases.hpp), and of whose location nothing runs.
#pragma once

#include "original.hpp"

namespace oauth::ngx {

struct Target {
    ngx_str_t uri;
    ngx_str_t arguments;
};

// In the request's pool. Throws bad_alloc.
ngx_str_t stored(ngx_http_request_t* r, std::string_view text);

// nullopt: nginx would answer 400.
std::optional<Target> parse_target(ngx_http_request_t* r, const ngx_str_t& target);

// NGX_AGAIN: it is under way, as the decision's `asked`; else it failed.
ngx_int_t send_there(ngx_http_request_t* r, Decision& decision, Target target);

// Has it to be sent once more, with a "/" at the end?
bool needs_slash(Decision& decision);

// For an endpoint where a sign-in begins: what the page that it is for asks of whoever comes; null: nothing,
// or it is not known. NGX_OK; NGX_AGAIN: to wait; or why it failed.
ngx_int_t find_page(ngx_http_request_t* r, Context& context, const flow::Guard*& page);

} // namespace oauth::ngx
