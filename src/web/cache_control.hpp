// SPDX-License-Identifier: MIT
// Cache-Control of an answer that carries somebody's cookie: no cache that serves several people may keep it
// (RFC 9111 7.3: a cookie alone does not keep an answer out of one). Pure text, a line at a time.
#pragma once

#include <string>
#include <string_view>

namespace oauth::web {

// The line as it may stand on an answer for one person: "public" becomes "private", "s-maxage" goes, and so
// do a "private" that is limited to some fields and what has no end to its quotes. Other members stay as they
// were.
std::string for_one_person(std::string_view line);

// Does it keep an answer out of every shared cache: "private" without a list of fields, or "no-store"?
bool excludes_shared_caches(std::string_view line);

} // namespace oauth::web
