// SPDX-License-Identifier: MIT
// See login.hpp. One draw of randomness per sign-in; everything else is derived, so the cookie stays small.
#include "login.hpp"

#include "../core/bytes.hpp"
#include "../core/crypto.hpp"
#include "../core/record.hpp"

#include <algorithm>

namespace oauth::session {

namespace {

constexpr std::uint64_t record_version = 1;
constexpr int time_bytes = 5;

std::string derive(const std::string& seed, std::string_view what) {
    return core::base64url_encode(core::hmac(core::Hash::sha256, seed, what));
}

// Seconds, from an id; 0 for what is no id of ours: the first to go.
std::uint64_t id_time(std::string_view id) {
    const auto bytes = core::base64url_decode(id);
    if (!bytes || bytes->size() != time_bytes + Login::id_random_size) {
        return 0;
    }
    std::uint64_t seconds = 0;
    for (int i = 0; i < time_bytes; ++i) {
        seconds = seconds << 8 | static_cast<unsigned char>((*bytes)[static_cast<std::size_t>(i)]);
    }
    return seconds;
}

} // namespace

std::string Login::state() const {
    return id + derive(seed, "state");
}

std::string Login::nonce() const {
    return derive(seed, "nonce");
}

std::string Login::code_verifier() const {
    return derive(seed, "code_verifier");
}

Login make_login(std::string_view random, std::int64_t now) {
    std::string id;
    for (int shift = 8 * (time_bytes - 1); shift >= 0; shift -= 8) {
        id.push_back(static_cast<char>(now >> shift & 0xff));
    }
    id.append(random.substr(Login::seed_size, Login::id_random_size));
    Login login;
    login.id = core::base64url_encode(id);
    login.seed = random.substr(0, Login::seed_size);
    login.started_at = now;
    return login;
}

std::string serialize(const Login& login) {
    core::RecordWriter record;
    record.number(record_version);
    record.text(login.id);
    record.text(login.seed);
    record.number(static_cast<std::uint64_t>(login.started_at));
    record.text(login.provider);
    record.text(login.token_endpoint);
    record.text(login.userinfo_endpoint);
    record.text(login.return_to);
    return std::move(record).finish();
}

std::optional<Login> deserialize_login(std::string_view bytes) {
    core::RecordReader record(bytes);
    if (record.number() != record_version) {
        return std::nullopt;
    }
    Login login;
    login.id = record.text();
    login.seed = record.text();
    login.started_at = static_cast<std::int64_t>(record.number());
    login.provider = record.text();
    login.token_endpoint = record.text();
    login.userinfo_endpoint = record.text();
    login.return_to = record.text();
    if (!record.complete() || login.seed.size() != Login::seed_size) {
        return std::nullopt;
    }
    return login;
}

std::optional<std::string_view> login_id(std::string_view state) {
    if (state.size() <= Login::id_size) {
        return std::nullopt;
    }
    return state.substr(0, Login::id_size);
}

std::string login_cookie_name(std::string_view cookie_name, std::string_view id) {
    std::string name(cookie_name);
    name.append("_login_").append(id);
    return name;
}

std::vector<std::string> logins_to_evict(std::vector<LoginCookie> present, std::string_view cookie_name,
                                         std::size_t new_size) {
    const std::size_t prefix = login_cookie_name(cookie_name, "").size();
    const auto time_of = [prefix](const LoginCookie& cookie) {
        return id_time(std::string_view(cookie.name).substr(std::min(prefix, cookie.name.size())));
    };
    std::stable_sort(present.begin(), present.end(),
                     [&](const LoginCookie& a, const LoginCookie& b) { return time_of(a) < time_of(b); });
    std::size_t total = new_size;
    for (const LoginCookie& cookie : present) {
        total += cookie.name.size() + cookie.size;
    }
    std::vector<std::string> evicted;
    for (const LoginCookie& cookie : present) {
        const std::size_t left = present.size() - evicted.size();
        if (left < max_logins && total <= max_login_bytes) {
            break;
        }
        total -= cookie.name.size() + cookie.size;
        evicted.push_back(cookie.name);
    }
    return evicted;
}

} // namespace oauth::session
