// SPDX-License-Identifier: MIT
// One sign-in under way: what must be remembered until the browser comes back from the provider. It is sealed
// into its own cookie, NAME_login_<id>, so that strangers cost no memory, every tab works, and any node can
// finish what another began. The state begins with the id, which finds the cookie.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace oauth::session {

// What a page asks of a sign-in: oauth_step_up.
struct StepUp {
    std::vector<std::string> acr;        // one of these; empty: any
    std::optional<std::int64_t> max_age; // seconds since the user was authenticated; absent: any

    bool empty() const { return acr.empty() && !max_age; }
};

struct SignIn {
    static constexpr std::size_t seed_size = 32;
    static constexpr std::size_t id_random_size = 4;
    static constexpr std::size_t id_size = 12; // characters

    std::string id;   // base64url of 5 bytes of time and 4 random ones
    std::string seed; // seed_size random bytes: state, nonce and verifier come from it by HMAC-SHA256
    std::int64_t started_at = 0;
    std::int64_t begun_at = 0;   // the same moment in milliseconds
    std::int64_t expires_at = 0; // by the configuration it began under; a later one may end it sooner
    std::string provider;
    std::string provider_fingerprint; // as it was configured: providers::fingerprint
    // The code and the token go to the endpoints that the sign-in began with, even if the metadata changes.
    std::string token_endpoint;
    std::string userinfo_endpoint;
    std::string return_to; // as checked by core::safe_return_to
    std::string origin;    // where it began, of a family of hosts (flow/site.hpp); empty: the base URL
    std::string offer;     // of the page to return to (flow/site.hpp); empty: all pages have one
    // What the answer has to fulfil, since it was asked for.
    std::optional<std::int64_t> max_age; // seconds, by authorize_param
    StepUp step_up;

    std::string state() const;         // id and 43 characters
    std::string nonce() const;         // 43 characters
    std::string code_verifier() const; // 43 characters, RFC 7636 4.1
};

// `random`: seed_size + id_random_size bytes.
SignIn make_sign_in(std::string_view random, std::int64_t now);

std::string serialize(const SignIn& sign_in);
std::optional<SignIn> deserialize_sign_in(std::string_view record);

// The id at the beginning of a state; nullopt if the state is too short to be one of ours.
std::optional<std::string_view> sign_in_id(std::string_view state);
std::string sign_in_cookie_name(std::string_view cookie_name, std::string_view id);

struct SignInCookie {
    std::string name;
    std::size_t size = 0; // of the value
};

constexpr std::size_t max_sign_ins = 5;
constexpr std::size_t max_sign_in_bytes = 5000; // all together
// With the session's cookies beside them, so that nginx's header line of 8 KB is never reached by ours.
constexpr std::size_t max_own_bytes = 8000;
// So long after its end a sign-in still tells where it was to lead.
constexpr std::int64_t sign_in_afterlife = 3600;

// The names to delete, the oldest first, so that one more of new_size bytes fits both bounds. `others`: the
// bytes of cookies that are no sign-ins.
std::vector<std::string> sign_ins_to_evict(std::vector<SignInCookie> present, std::string_view cookie_name,
                                           std::int64_t now, std::size_t new_size, std::size_t others = 0);

} // namespace oauth::session
