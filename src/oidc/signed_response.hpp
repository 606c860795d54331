// SPDX-License-Identifier: MIT
// Signed authorization responses: JWT Secured Authorization Response Mode for OAuth 2.0 (JARM). The answer
// comes as one parameter, a JWT whose claims are what the parameters would have been.
#pragma once

#include "../core/result.hpp"
#include "../core/url.hpp"
#include "signed_token.hpp"

#include <optional>
#include <string>

namespace oauth::oidc {

// An answer that nothing has been verified of.
struct SignedResponse {
    std::string jwt;
    core::Parameters claims; // only to find the sign-in that it may be of
};

// JARM 2.3. nullopt: the answer has no parameter "response". request_invalid if it is repeated, or has
// another parameter of the protocol beside it; if it is encrypted, unsigned or no JWT.
core::Result<std::optional<SignedResponse>> find_signed_response(const core::Parameters& parameters);

// JARM 2.4, after the keys have been had: the signature by an asymmetric algorithm that is allowed, typ
// (absent or "jwt"), iss, aud, exp, and iat and nbf where they are there; token_invalid. What it gives is
// checked as parameters that came plainly are: the texts among the claims that are parameters.
core::Result<core::Parameters> process_signed_response(const jose::Jws& jws, const jose::JwkSet& keys,
                                                       const TokenExpectation& expected);

// Those of `configured`, else of `supported`, else of those for ID tokens; never a shared secret's.
std::vector<std::string> response_algorithms(const std::vector<std::string>& configured,
                                             const std::vector<std::string>& supported,
                                             const std::vector<std::string>& of_id_tokens);

} // namespace oauth::oidc
