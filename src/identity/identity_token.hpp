// SPDX-License-Identifier: MIT
// What the application is told: a short-lived JWT about a session, docs/identity.md. Pure: keys, time and
// audience are given.
#pragma once

#include "../jose/jwk.hpp"
#include "../session/session.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::identity {

// Our keys: the first signs, all are published.
class KeyRing {
public:
    void add(jose::SigningKey key) { keys_.push_back(std::move(key)); }
    bool empty() const { return keys_.empty(); }
    const jose::SigningKey& signing() const { return keys_.front(); }
    bool has_kid(std::string_view kid) const;
    // {"keys":[...]}: public members only; HS256 keys are not in it.
    std::string jwks() const;

private:
    std::vector<jose::SigningKey> keys_;
};

struct TokenParameters {
    std::string_view issuer; // the base URL
    std::string_view audience;
    std::int64_t now = 0;
    std::int64_t lifetime = 300;                            // seconds
    const std::vector<std::string>* extra_claims = nullptr; // paths of identity.claims
};

// "PROVIDER|SUBJECT"
std::string qualified_subject(const session::Identity& identity);

// exp is never beyond the session's own end. Nothing if signing fails.
std::optional<std::string> make_token(const session::Session& session, const jose::SigningKey& key,
                                      const TokenParameters& parameters);

// The claims about the user as JSON members without time and audience, for the userinfo endpoint: a whole
// object.
std::string describe(const session::Session& session);

} // namespace oauth::identity
