// SPDX-License-Identifier: MIT
// What the exchanges of this folder share: form bodies, error codes, JSON answers. Used in this folder only.
#pragma once

#include "../core/json.hpp"
#include "../core/result.hpp"
#include "../net/http.hpp"

#include <string>
#include <string_view>

namespace oauth::oidc {

// RFC 6749 Appendix B. Appends "name=value" to a form body, after a "&" unless it is empty. The value is
// percent-encoded.
void append_form_parameter(std::string& body, std::string_view name, std::string_view value);

// RFC 6749 A.7 without the space, 1..64 characters: fit for a log line.
bool is_error_code(std::string_view text);

// What an answer says of an error; empty: nothing.
struct ErrorAnswer {
    std::string error;
    std::string description;
};

// RFC 6749 5.2, RFC 7009 2.2.1: from JSON, or from a form as GitHub has it, whatever its media type says and
// whatever status it comes with.
ErrorAnswer error_of(const net::HttpResponse& response);

// The same for a log line: where the answer itself says nothing, what its challenge does (RFC 6750 3,
// RFC 9449 7.1), as resources have it.
ErrorAnswer told_error_of(const net::HttpResponse& response);

// provider_error, with the status and the error code where is_error_code holds, and nothing else of the
// answer.
core::Error error_response(const net::HttpResponse& response);

// provider_error: a page is no answer.
core::Error no_json(const net::HttpResponse& response);

// application/json, or application/<anything>+json (RFC 6839 3.1). `media_type` is a
// net::HttpResponse::content_type.
bool is_json_media_type(std::string_view media_type);

// The JSON object of an answer: that status, a JSON media type, strict JSON, at most 1 MiB. Anything else is
// provider_error.
core::Result<core::Json> parse_json_object(const net::HttpResponse& response, int status = 200);

} // namespace oauth::oidc
