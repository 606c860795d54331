// SPDX-License-Identifier: MIT
// Who an API client is, by the access token in its request: verified here or introspected once, and
// remembered by the worker as sessions are, so that rules, identities and streams need not know the
// difference.
#pragma once

#include "../core/result.hpp"
#include "../core/task.hpp"
#include "../session/cache.hpp"
#include "protected_resource.hpp"
#include "site.hpp"

#include <string>
#include <string_view>

namespace oauth::flow {

// What a request brings in Authorization, and in its query. RFC 6750 2.
struct Credentials {
    enum class Kind {
        none,      // no Bearer: cookies decide
        token,     // one, in the header
        malformed, // Bearer, and nothing behind it that could be one
        twice,     // in the header and in the query
    } kind = Kind::none;
    std::string_view token;
    bool has_foreign_origin = false; // a page of another site has sent it

    bool decide() const { return kind != Kind::none; }
};

constexpr std::size_t max_bearer_token = 16384; // bytes

// RFC 6750 2.1: "Bearer" in any case, one space, and a token, whose characters are looked at only if it is
// not known. The views are kept.
Credentials read_credentials(std::string_view authorization, std::string_view query);

// What a token turned out to be.
struct TokenVerdict {
    session::OpenedSessionPointer session; // null: it is none
    core::Error error;                     // then: why
};

// What is known of a token without waiting: the session that stands for it. null: nothing is known.
session::OpenedSessionPointer find_token(const Site& site, const ProtectedResource& resource,
                                         std::string_view token, std::string_view base_url);

// Of a token, and of a session that the configuration takes: has it not come to its end, by its time or by a
// sign-out? Two comparisons, as long as nobody has been signed out since it was asked last.
bool goes_on(const Site& site, session::OpenedSession& opened);

// An error: whether it is one is not known, since a provider does not answer (provider_error,
// provider_unreachable, provider_timeout). `client`: whose turns are counted together. References outlive it.
core::Task<core::Result<TokenVerdict>> verify_token(Site& site, const ProtectedResource& resource,
                                                    std::string token, std::string base_url,
                                                    std::string client);

} // namespace oauth::flow
