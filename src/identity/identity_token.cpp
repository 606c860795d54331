// SPDX-License-Identifier: MIT
// See identity_token.hpp. Unknown facts are left out, because every byte is sent with every request.
#include "identity_token.hpp"

#include "../core/bytes.hpp"
#include "../core/crypto.hpp"
#include "../core/json.hpp"
#include "../core/record.hpp"
#include "../jose/jws.hpp"

#include <algorithm>

namespace oauth::identity {

namespace {

void add_user(core::JsonObjectWriter& claims, const session::Session& session) {
    const session::Identity& identity = session.identity;
    claims.add("provider", identity.provider);
    claims.add("user", identity.user);
    if (identity.email) {
        claims.add("email", *identity.email);
        claims.add_bool("email_verified", identity.email_verified);
    }
    if (identity.name) {
        claims.add("name", *identity.name);
    }
    if (identity.picture) {
        claims.add("picture", *identity.picture);
    }
    if (identity.groups && !session.groups_are_cut) {
        claims.add_json("groups", core::json_string_array(*identity.groups));
    }
    if (session.signed_in_at != 0) { // an access token may not say it
        claims.add_integer("auth_time", session.signed_in_at);
    }
}

// It goes to applications in any language: see dump_interoperable.
void add_claim(core::JsonObjectWriter& claims, std::string_view name, const std::string& value) {
    if (const auto json = core::Json::parse(value)) {
        claims.add_json(name, json->root().dump_interoperable());
    }
}

// Names that an extra claim must not have.
bool is_own_claim(std::string_view name) {
    static constexpr std::string_view own[] = {"iss",      "aud",       "sub",   "iat",           "exp",
                                               "provider", "user",      "email", "name",          "picture",
                                               "groups",   "auth_time", "sid",   "email_verified"};
    return std::find(std::begin(own), std::end(own), name) != std::end(own);
}

void add_extra(core::JsonObjectWriter& claims, const session::Identity& identity,
               const std::vector<std::string>& paths) {
    for (auto path = paths.begin(); path != paths.end(); ++path) {
        const std::string* value = identity.find_claim(*path);
        const bool is_repeated = std::find(paths.begin(), path, *path) != path; // no name twice: RFC 7519 4
        if (value != nullptr && !is_own_claim(*path) && !is_repeated) {
            add_claim(claims, *path, *value);
        }
    }
}

} // namespace

void KeyRing::add(jose::SigningKey key) {
    if (keys_.empty()) {
        core::RecordWriter record;
        record.text(key.alg());
        record.text(key.kid());
        record.text(key.public_jwk());
        record.text(key.secret().empty() ? "" : core::hmac(core::Hash::sha256, key.secret(), "mark"));
        mark_ = core::digest(core::Hash::sha256, std::move(record).finish()).substr(0, 16);
    }
    keys_.push_back(std::move(key));
}

bool KeyRing::has_kid(std::string_view kid) const {
    return std::any_of(keys_.begin(), keys_.end(), [kid](const auto& key) { return key.kid() == kid; });
}

std::string KeyRing::jwks() const {
    std::string keys = "{\"keys\":[";
    bool first = true;
    for (const jose::SigningKey& key : keys_) {
        const std::string jwk = key.public_jwk();
        if (jwk.empty()) {
            continue;
        }
        keys.append(first ? "" : ",").append(jwk);
        first = false;
    }
    return keys + "]}";
}

std::string qualified_subject(const session::Identity& identity) {
    return identity.provider + "|" + identity.subject;
}

std::optional<std::string> make_token(const session::Session& session, const jose::SigningKey& key,
                                      const TokenParameters& parameters) {
    core::JsonObjectWriter header;
    header.add("alg", key.alg());
    header.add("typ", "JWT");
    header.add("kid", key.kid());

    core::JsonObjectWriter claims;
    claims.add("iss", parameters.issuer);
    claims.add("aud", parameters.audience);
    claims.add("sub", qualified_subject(session.identity));
    claims.add_integer("iat", parameters.now);
    claims.add_integer("exp", std::min(parameters.now + parameters.lifetime, session.expires_at));
    add_user(claims, session);
    claims.add("sid", core::base64url_encode(session.id));
    if (parameters.extra_claims != nullptr) {
        add_extra(claims, session.identity, *parameters.extra_claims);
    }
    return jose::sign_compact(key, std::move(header).finish(), std::move(claims).finish());
}

std::string describe(const session::Session& session, std::int64_t ends_at) {
    core::JsonObjectWriter claims;
    claims.add("sub", qualified_subject(session.identity));
    add_user(claims, session);
    claims.add_integer("expires_at", ends_at);
    return std::move(claims).finish();
}

} // namespace oauth::identity
