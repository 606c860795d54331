// SPDX-License-Identifier: MIT
// What the libcurl that this process has loaded can do. The configuration asks, so that nginx -t finds what
// each worker would find.
#pragma once

namespace oauth::net {

// What it lacks of asynchronous name resolution and TLS by OpenSSL 3; nullptr: nothing.
const char* what_libcurl_lacks() noexcept;

} // namespace oauth::net
