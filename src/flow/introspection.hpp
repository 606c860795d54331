// SPDX-License-Identifier: MIT
// Opaque access tokens: RFC 7662. The location's providers that have an introspection endpoint are asked, in
// order of configuration.
#pragma once

#include "token_verdict.hpp"

namespace oauth::flow {

// Only where no provider knows it and all have answered, it is known to be none. An error as of
// verify_token().
core::Task<core::Result<TokenVerdict>> introspect(TokenQuestion question);

} // namespace oauth::flow
