// SPDX-License-Identifier: MIT
// Shared by the functions of the rows: reading facts from JSON, with the same bounds for all, and asking an
// API.
#pragma once

#include "provider.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace oauth::providers {

constexpr std::size_t max_list = 10000;

// A text, or a number as it was sent; nullopt for a list, an object or a text that is too long.
std::optional<std::string> text_fact(core::JsonView value);
// A list of texts, and of numbers as they were sent; one alone counts as a list of one. An element that is
// null counts as absent. nullopt if it has anything else in it.
std::optional<session::Strings> list_fact(core::JsonView value);
// True for true, and for "true" if the provider is known to write it as a text.
bool is_true(core::JsonView value, Type::VerifiedFlag flag);

// "uuid, name": which members an object has, for a message. No values, and at most 256 bytes.
std::string member_names(core::JsonView object);

// Adds the elements that are not there yet.
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
