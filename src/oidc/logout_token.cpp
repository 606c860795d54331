// SPDX-License-Identifier: MIT
// See logout_token.hpp. What a logout token shares with an ID token is checked by the same functions; what
// tells the two apart is checked here.
#include "logout_token.hpp"

#include "../core/bytes.hpp"

#include <algorithm>

namespace oauth::oidc {

namespace {

constexpr std::size_t max_jti_size = 1024;

// Back-Channel Logout 1.0 2.4, RFC 8725 3.11: logout+jwt is recommended, and many servers send JWT or none
Complaint check_type(const jose::Jws& jws) {
    const bool fits = jws.typ.empty() || jws.typ == "jwt" || jws.typ == "logout+jwt";
    return fits ? Complaint() : "its typ is another token's (accepted: logout+jwt, JWT, or none)";
}

// Back-Channel Logout 1.0 2.4: exp is required. Without one iat has to be of the last two minutes.
Complaint check_end(core::JsonView claims, const TokenExpectation& expected) {
    if (claims.get("exp").exists()) {
        return check_expiry(claims, expected);
    }
    const auto issued_at = claims.get("iat").as_integer(); // whether it is there is another check
    return !issued_at || expected.now <= *issued_at + max_age_without_expiry
               ? Complaint()
               : "it has no exp, and its iat is more than two minutes ago";
}

// 2.4, 2.6 (6): the member says that it is about a sign-out
Complaint check_events(core::JsonView claims) {
    const core::JsonView events = claims.get("events");
    if (!events.is_object()) {
        return "events is missing or not an object";
    }
    return logout_event(claims).is_object()
               ? Complaint()
               : "events has no member for a sign-out, or one that is not an object";
}

// 2.4, 2.6 (7): no nonce, so that no ID token passes for a logout token
Complaint check_no_nonce(core::JsonView claims) {
    return claims.get("nonce").exists() ? "it has a nonce" : Complaint();
}

// 2.4, 2.6 (5): a subject, a session or both
Complaint check_target(core::JsonView claims) {
    const core::JsonView sid = claims.get("sid");
    if (sid.exists() && !is_usable_sid(sid.as_string().value_or(""))) {
        return "sid is empty, too long, not a string, or has control characters";
    }
    if (claims.get("sub").exists()) {
        return check_subject(claims);
    }
    return sid.exists() ? Complaint() : "it has neither sub nor sid";
}

// 2.4: jti is required
Complaint check_id(core::JsonView claims) {
    const auto jti = claims.get("jti").as_string();
    const bool fits = jti && !jti->empty() && jti->size() <= max_jti_size;
    return fits ? Complaint() : "jti is missing, empty, too long or not a string";
}

Complaint find_complaint(core::JsonView claims, const TokenExpectation& expected) {
    for (const auto check : {check_issuer, check_audience, check_end, check_issue_time, check_not_before}) {
        if (Complaint complaint = check(claims, expected); !complaint.empty()) {
            return complaint;
        }
    }
    for (const auto check : {check_events, check_no_nonce, check_target, check_id}) {
        if (Complaint complaint = check(claims); !complaint.empty()) {
            return complaint;
        }
    }
    return {};
}

// The first moment at which its times refuse it.
std::int64_t end_of(core::JsonView claims, const TokenExpectation& expected) {
    const std::int64_t issued_at = claims.get("iat").as_integer().value_or(0);
    const auto expires_at = claims.get("exp").as_integer();
    const std::int64_t too_old = issued_at + expected.max_age_of_iat + 1;
    return expires_at ? std::min(*expires_at + expected.clock_skew, too_old)
                      : issued_at + max_age_without_expiry + 1;
}

} // namespace

bool is_usable_sid(std::string_view sid) {
    return !sid.empty() && sid.size() <= max_sid_size && !core::has_control_characters(sid);
}

core::Result<LogoutToken> validate_logout_token(const jose::Jws& jws, const jose::JwkSet& keys,
                                                const TokenExpectation& expected) {
    Complaint complaint = check_signature(jws, keys, expected);
    if (complaint.empty()) {
        complaint = check_type(jws);
    }
    if (!complaint.empty()) {
        return refused_token(std::move(complaint));
    }
    const core::JsonView claims = jws.claims();
    if (!claims.exists()) {
        return refused_token("its claims are not a strict JSON object");
    }
    if (complaint = find_complaint(claims, expected); !complaint.empty()) {
        return refused_token(std::move(complaint));
    }
    const auto text = [claims](std::string_view name) {
        return std::string(claims.get(name).as_string().value_or(""));
    };
    return LogoutToken{text("sub"), text("sid"), text("jti"), end_of(claims, expected)};
}

} // namespace oauth::oidc
