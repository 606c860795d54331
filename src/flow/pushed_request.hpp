// SPDX-License-Identifier: MIT
// How an authorization request gets to the provider: as an address for the browser, or, where the
// configuration or the metadata say so, pushed to it first (RFC 9126).
#pragma once

#include "../core/task.hpp"
#include "../oidc/authorization.hpp"
#include "site.hpp"

#include <string>

namespace oauth::flow {

// Will a sign-in have to wait for the push? As far as it is known without asking for metadata.
bool is_pushed(Provider& provider);

// Where the browser is sent. What cannot be pushed is an error, and never becomes a plain request.
// provider_error, provider_unreachable or provider_timeout. The references outlive the task.
core::Task<core::Result<std::string>> authorization_url(Site& site, Provider& provider,
                                                        Provider::MetadataPointer metadata,
                                                        oidc::AuthorizationRequest request);

} // namespace oauth::flow
