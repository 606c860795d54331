// SPDX-License-Identifier: MIT
// The address that another proxy asks about at oauth_path/auth, as its headers tell it: X-Original-URL, else
// X-Forwarded-Proto, -Host and -Uri. Nothing here is believed: whether the headers count is decided by where
// they come from, and which location the path falls into by nginx (src/ngx/request/original.hpp).
#pragma once

#include "../core/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::flow {

// All values that came of each header.
struct OriginalHeaders {
    using Values = std::vector<std::string>;

    Values url;    // X-Original-URL
    Values proto;  // X-Forwarded-Proto
    Values host;   // X-Forwarded-Host
    Values uri;    // X-Forwarded-Uri
    Values method; // X-Original-Method and X-Forwarded-Method

    // The list for a header of that name, in any case; nullptr: it is none of these.
    Values* find(std::string_view name);
};

struct Original {
    std::string origin;    // "https://host[:port]", normalised
    std::string host;      // lower case, without a port and a final dot
    std::string authority; // the host and its port, as told
    std::string target;    // path and query, as told; begins with "/"
    std::string method;    // empty: not told
};

// The longest address that is read, in bytes.
constexpr std::size_t max_original_size = 16384;

// nullopt: the headers name no address. request_invalid, with a sentence for the log and none of the values:
// one of them comes twice, they contradict each other, or what they say is no address of a page.
core::Result<std::optional<Original>> read_original(const OriginalHeaders& headers);

} // namespace oauth::flow
