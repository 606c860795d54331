// SPDX-License-Identifier: MIT
// The identity token: a short-lived JWT that tells the application about a session (docs/identity.md). Pure
// functions: keys, time and audience are given.
#pragma once

#include "../jose/jwk.hpp"
#include "../session/session.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::identity {

// Our keys. The first one signs; all are published.
class KeyRing {
public:
    void add(jose::SigningKey key);
    bool empty() const { return keys_.empty(); }
    const jose::SigningKey& signing() const { return keys_.front(); }
    // 16 bytes that stand for the key that signs: what it signed is what another one of that mark would have.
    const std::string& mark() const { return mark_; }
    bool has_kid(std::string_view kid) const;
    // RFC 7517 5. {"keys":[...]} with public members only, and without HS256 keys.
    std::string jwks() const;

private:
    std::vector<jose::SigningKey> keys_;
    std::string mark_;
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

// RFC 7519. exp is never after the session's end. nullopt if signing fails.
std::optional<std::string> make_token(const session::Session& session, const jose::SigningKey& key,
                                      const TokenParameters& parameters);

// The claims about the user as a JSON object, and when the session ends: the answer of the userinfo endpoint.
std::string describe(const session::Session& session, std::int64_t ends_at);

} // namespace oauth::identity
