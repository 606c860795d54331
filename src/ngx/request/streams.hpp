// SPDX-License-Identifier: MIT
// Answers that may go on after their session has ended: upgraded connections, events, whatever has no known
// length. The header filter registers them, each in memory of its request, and a timer of the worker looks
// after them: a stream whose session is over is closed, within seconds, also while a reload replaces this
// worker. Nothing runs while there is none.
#pragma once

#include "../ngx.hpp"

#include <string_view>

namespace oauth::ngx {

inline bool is_event_stream(const ngx_http_request_t* r) {
    constexpr std::string_view events = "text/event-stream";
    return r->headers_out.content_type_len == events.size() &&
           ngx_strncasecmp(r->headers_out.content_type.data, // NOLINT(*-const-cast)
                           reinterpret_cast<u_char*>(const_cast<char*>(events.data())), events.size()) == 0;
}

// Whatever tells its length ends by itself. Asked for every answer.
inline bool may_be_endless(const ngx_http_request_t* r) {
    return r->headers_out.content_length_n == -1 || (r->upstream != nullptr && r->upstream->upgrade) ||
           is_event_stream(r);
}

// In the header filter, for such an answer: of a session, it is watched from now on. May be called again.
// Throws bad_alloc.
void watch_stream(ngx_http_request_t* r);

} // namespace oauth::ngx
