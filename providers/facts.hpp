// SPDX-License-Identifier: MIT
// What the rows' functions share: reading facts out of JSON with the bounds that every mapping has, and
// asking an API.
#pragma once

#include "provider.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace oauth::providers {

constexpr std::size_t max_list = 10000;

// A scalar as text; nothing for a list, an object, or text that is too long to be what it says it is.
std::optional<std::string> text_fact(core::JsonView value);
// A list of strings; one string is a list of one; anything else in it makes it nothing.
std::optional<session::Strings> list_fact(core::JsonView value);
// true; "true" counts where the provider is known to write it so.
bool is_true(core::JsonView value, Type::VerifiedFlag flag);

// Adds what is not there yet.
void append_missing(session::Strings& list, const session::Strings& more);

// One GET with the access token: 200 and strict JSON, or an error that names `what`.
struct ApiAnswer {
    core::Json json;
    std::string next; // the Link header's rel="next"; empty: none
};
core::Task<core::Result<ApiAnswer>> get_json(ApiCall call, std::string url, std::string what,
                                             std::vector<net::Header> headers);

bool same_origin(std::string_view a, std::string_view b);

} // namespace oauth::providers
