// SPDX-License-Identifier: MIT
// Verifies the tokens of a sign-in or a refresh with the provider's keys: the ID token, from the token
// endpoint or through the browser, a signed userinfo answer, and the access token if the provider's type
// reads it.
#pragma once

#include "../core/task.hpp"
#include "../oidc/id_token.hpp"
#include "site.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace oauth::flow {

// What is asked of a provider about one user. Its references outlive the flow that awaits.
struct Inquiry {
    Site& site;
    Provider& provider;
    Provider::MetadataPointer metadata;
    std::string userinfo_endpoint; // empty: it is not asked
    std::string nonce;             // of the sign-in; empty: none was sent
    enum class Occasion { sign_in, check } occasion = Occasion::sign_in;
    std::string state = {};                             // of the sign-in, for s_hash
    std::optional<std::int64_t> max_age = std::nullopt; // that was sent, and is enforced

    const providers::Settings& settings() const { return provider.settings(); }
};

struct IdTokenFacts {
    std::string id_token;
    std::string access_token; // for at_hash; empty: not checked
    std::string code;         // for c_hash
    oidc::IdTokenExpectation::CodeHash code_hash = oidc::IdTokenExpectation::CodeHash::optional;
};

// How a token of this provider has to be, whatever kind it is of.
oidc::TokenExpectation token_expectation(const Site& site, const providers::Settings& settings,
                                         const oidc::Metadata& metadata);

// The iss that it claims, unverified; empty: none.
std::string claimed_issuer(const jose::Jws& jws);

core::Task<core::Result<oidc::IdToken>> verify_id_token(Inquiry inquiry, IdTokenFacts facts);

// A userinfo answer that is signed (application/jwt), and what it has to be about.
struct SignedUserinfo {
    std::string answer;
    std::string issuer;  // the ID token's; empty: there was none, and it is one of the provider's
    std::string subject; // empty: the caller compares it
};

core::Task<core::Result<core::Json>> verify_userinfo(Inquiry inquiry, SignedUserinfo userinfo);

// The claims of the access token; nullopt: it is no valid JWT of the same issuer for this client and user.
// An error: the keys could not be had.
core::Task<core::Result<std::optional<core::Json>>>
verify_access_token(Inquiry inquiry, std::string access_token, std::string subject);

} // namespace oauth::flow
