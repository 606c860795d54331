// SPDX-License-Identifier: MIT
// Who a user is, by the tokens that a provider has given: the ID token's validation, userinfo, the calls of
// the type's API. The same for a sign-in and for every later check.
#pragma once

#include "../core/task.hpp"
#include "../oidc/token.hpp"
#include "id_tokens.hpp"
#include "site.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace oauth::flow {

struct Tokens {
    oidc::TokenSet set;
    std::string code;                           // for c_hash; empty: none
    std::optional<oidc::IdToken> front;         // the ID token that came through the browser
    std::optional<std::string> response_issuer; // that the ID token must have
    std::string subject;                        // that userinfo must be about; empty: the ID token's
};

struct SignedIn {
    session::Identity identity;
    bool had_id_token = false;
    std::optional<std::int64_t> auth_time;
    std::string sid; // the provider's session; empty: not told, or not usable
    std::string id_token;
    std::string access_token;
    std::string refresh_token;
    std::optional<std::int64_t> expires_in; // of the access token, in seconds
    std::optional<std::string> scope;       // as answered; absent: as asked
    std::string nonce;                      // that ID tokens of refreshes must have, if any; empty: none
    std::string missing; // what rules need and the provider did not tell, a sentence; empty: nothing
    std::string note;    // for the log line of the sign-in: what was missing and did no harm; empty: nothing
};

// access_denied: the provider does not know the access token any more, or the user.
core::Task<core::Result<SignedIn>> inquire(Inquiry inquiry, Tokens tokens);

// With which the token endpoint is asked. provider_error: it takes no way of authenticating that we know.
core::Result<oidc::ClientCredentials> token_credentials(const Provider& provider,
                                                        const oidc::Metadata& metadata);

// "where: " before the detail.
core::Error at(std::string_view where, const core::Error& error);

} // namespace oauth::flow
