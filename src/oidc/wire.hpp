// SPDX-License-Identifier: MIT
// What the exchanges of this folder have in common on the wire: form bodies, error codes, JSON answers. For
// this folder only.
#pragma once

#include "../core/json.hpp"
#include "../core/result.hpp"
#include "../net/http.hpp"

#include <string>
#include <string_view>

namespace oauth::oidc {

// Appends "name=value" to a form body, with "&" where something precedes; the value is percent-encoded.
void append_form_parameter(std::string& body, std::string_view name, std::string_view value);

// 1..64 characters an error code of RFC 6749 may have, without the space: fit for a log line.
bool is_error_code(std::string_view text);

// application/json, or application/<anything>+json (RFC 6839); `media_type` as in
// net::HttpResponse::content_type.
bool is_json_media_type(std::string_view media_type);

// Status 200, a JSON media type, and a strict JSON object of at most 1 MiB; else provider_error.
core::Result<core::Json> parse_json_object(const net::HttpResponse& response);

} // namespace oauth::oidc
