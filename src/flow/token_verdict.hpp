// SPDX-License-Identifier: MIT
// What an access token turns out to be, once its provider's word for it is known: the same for a token that
// was verified here and for one that was introspected. For bearer.cpp and introspection.cpp.
#pragma once

#include "../oidc/access_token.hpp"
#include "bearer.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace oauth::flow {

// What is asked about one token. Its references outlive the flow that awaits.
struct TokenQuestion {
    Site& site;
    const ProtectedResource& resource;
    const std::string& token;
    const std::string& base_url;
    const std::string& client;
    std::string_view mark; // no other token has it: the signature where it is known to be one, or all of it
};

// Do tokens of that provider count there?
bool takes_provider(const ProtectedResource& resource, const Provider& provider);

// How a token has to be.
oidc::AccessTokenExpectation expectation_of(const TokenQuestion& question, const Provider& provider,
                                            const oidc::Metadata& metadata);

// token_invalid. null: no provider's.
core::Error refused_access_token(const Provider* provider, std::string_view why);

// The session that stands for it, which the worker remembers until that moment, or until the token's own end
// if that is sooner.
TokenVerdict accept_token(const TokenQuestion& question, const Provider& provider, oidc::AccessToken token,
                          std::int64_t remembered_until);

} // namespace oauth::flow
