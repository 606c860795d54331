// SPDX-License-Identifier: MIT
// What a request gets that does not pass: the way to the provider, 401, 403, or an error.
#pragma once

#include "context.hpp"

#include <optional>
#include <string>

namespace oauth::ngx {

// All of these return what a phase handler returns.

// Nobody is signed in, or no rule lets this one in. Entered again until a flow is done.
ngx_int_t turn_away(ngx_http_request_t* r, const flow::Admission& admission);
ngx_int_t refuse_subrequest(ngx_http_request_t* r, const flow::Admission& admission);

// The admission could not be decided: Context::failure.
ngx_int_t fail_request(ngx_http_request_t* r);
ngx_int_t fail_subrequest(ngx_http_request_t* r);

// By the rules of RFC 6750, where it is a program that the tokens of the request's location are for; nullopt:
// it is none.
std::optional<web::Answer> answer_program(ngx_http_request_t* r, const flow::Site& site,
                                          const flow::Request& facts, const flow::Admission& admission);

// A preflight for an MCP server, whose clients may be pages of any origin, and its answer.
bool is_preflight_of_mcp(ngx_http_request_t* r);
ngx_int_t answer_preflight(ngx_http_request_t* r);

// request_invalid, with a status of its own.
ngx_int_t refuse_request(ngx_http_request_t* r, int status, std::string detail);
ngx_int_t refuse_host(ngx_http_request_t* r);

// Starts a flow that answers; the facts that it refers to are in the context's UnderWay.
ngx_int_t start_answer(ngx_http_request_t* r, Context& context, core::Task<web::Answer> task);
// The handler was entered again: NGX_AGAIN while the flow waits.
ngx_int_t continue_answer(ngx_http_request_t* r, Context& context);

} // namespace oauth::ngx
