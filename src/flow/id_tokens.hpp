// SPDX-License-Identifier: MIT
// Verifies the tokens of one sign-in with the provider's keys: the ID token, from the token endpoint or
// through the browser, and the access token if the provider's type reads it.
#pragma once

#include "../core/task.hpp"
#include "../oidc/id_token.hpp"
#include "../session/sign_in.hpp"
#include "site.hpp"

#include <string>

namespace oauth::flow {

// One sign-in under way. Its references point into the flow that awaits.
struct Attempt {
    Site& site;
    Provider& provider;
    const session::SignIn& sign_in;
    Provider::MetadataPointer metadata;

    const providers::Settings& settings() const { return provider.settings(); }
};

struct IdTokenFacts {
    std::string id_token;
    std::string access_token; // for at_hash; empty: not checked
    std::string code;         // for c_hash
    oidc::IdTokenExpectation::CodeHash code_hash = oidc::IdTokenExpectation::CodeHash::optional;
};

core::Task<core::Result<oidc::IdToken>> verify_id_token(Attempt attempt, IdTokenFacts facts);

// The claims of the access token; nullopt: it is no valid JWT of the same issuer for this client and user.
// An error: the keys could not be had.
core::Task<core::Result<std::optional<core::Json>>>
verify_access_token(Attempt attempt, std::string access_token, std::string subject);

} // namespace oauth::flow
