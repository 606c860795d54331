// SPDX-License-Identifier: MIT
// What an API client gets that no token, or no rule, lets in: RFC 6750 3 and 3.1, RFC 9728 5.1. Always JSON,
// and always the way to a token that would do.
#pragma once

#include "../web/answer.hpp"
#include "admission.hpp"
#include "protected_resource.hpp"
#include "request.hpp"
#include "site.hpp"

#include <string>
#include <vector>

namespace oauth::flow {

// Is it for a program, where the location takes tokens? False for who loads a page: that one signs in.
bool is_for_program(const ProtectedResource& resource, const Request& request);

// 401, or 400 for a token that came twice (not of an MCP server, whose clients take 400 for something else).
web::Answer challenge_program(const Site& site, const Request& request, const ProtectedResource& resource,
                              const Admission& admission);

// 403. `lacking`: the scopes with which a rule would let it in; empty: that would not help. `reason` is for
// the log.
web::Answer refuse_program(const Site& site, const Request& request, const ProtectedResource& resource,
                           const std::vector<std::string>& lacking, std::string reason);

// 401: the token does not tell of an authentication that is enough here (RFC 9470 3).
web::Answer challenge_for_step_up(const Site& site, const Request& request, const ProtectedResource& resource,
                                  const session::StepUp& wanted);

// What clients of the Model Context Protocol look for at an origin, taking it for an authorization server, or
// for the metadata of a resource that is none.
bool is_discovery_path(std::string_view path);
// 404 in JSON, without a sign-in.
web::Answer nothing_to_discover(const Site& site, const Request& request);

// CORS, of any origin without credentials: the answer to a preflight, for whatever headers it asks for.
web::Answer preflight(std::string_view requested_headers);

} // namespace oauth::flow
