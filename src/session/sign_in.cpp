// SPDX-License-Identifier: MIT
// See sign_in.hpp. One draw of randomness per sign-in; everything else is derived, so the cookie stays small.
#include "sign_in.hpp"

#include "../core/bytes.hpp"
#include "../core/crypto.hpp"
#include "../core/record.hpp"

#include <algorithm>

namespace oauth::session {

namespace {

constexpr std::uint64_t record_version = 6;
constexpr int time_bytes = 5;

std::string derive(const std::string& seed, std::string_view what) {
    return core::base64url_encode(core::hmac(core::Hash::sha256, seed, what));
}

// The time in an id, in seconds; 0 if it is not one of our ids, or of a time to come, which somebody planted
// to outlast ours, so that it is removed first.
std::uint64_t id_time(std::string_view id, std::int64_t now) {
    const auto bytes = core::base64url_decode(id);
    if (!bytes || bytes->size() != time_bytes + SignIn::id_random_size) {
        return 0;
    }
    std::uint64_t seconds = 0;
    for (int i = 0; i < time_bytes; ++i) {
        seconds = seconds << 8 | static_cast<unsigned char>((*bytes)[static_cast<std::size_t>(i)]);
    }
    return seconds > static_cast<std::uint64_t>(now) ? 0 : seconds;
}

void write_age(core::RecordWriter& record, std::optional<std::int64_t> age) {
    record.number(age ? static_cast<std::uint64_t>(*age) + 1 : 0);
}

std::optional<std::int64_t> read_age(core::RecordReader& record) {
    const std::uint64_t number = record.number();
    return number == 0 ? std::nullopt : std::optional(static_cast<std::int64_t>(number - 1));
}

} // namespace

std::string SignIn::state() const {
    return id + derive(seed, "state");
}

std::string SignIn::nonce() const {
    return derive(seed, "nonce");
}

std::string SignIn::code_verifier() const {
    return derive(seed, "code_verifier");
}

SignIn make_sign_in(std::string_view random, std::int64_t now) {
    std::string id;
    for (int shift = 8 * (time_bytes - 1); shift >= 0; shift -= 8) {
        id.push_back(static_cast<char>(now >> shift & 0xff));
    }
    id.append(random.substr(SignIn::seed_size, SignIn::id_random_size));
    SignIn sign_in;
    sign_in.id = core::base64url_encode(id);
    sign_in.seed = random.substr(0, SignIn::seed_size);
    sign_in.started_at = now;
    return sign_in;
}

std::string serialize(const SignIn& sign_in) {
    core::RecordWriter record;
    record.number(record_version);
    record.text(sign_in.id);
    record.text(sign_in.seed);
    record.number(static_cast<std::uint64_t>(sign_in.started_at));
    record.number(static_cast<std::uint64_t>(sign_in.begun_at));
    record.number(static_cast<std::uint64_t>(sign_in.expires_at));
    record.text(sign_in.provider);
    record.text(sign_in.provider_fingerprint);
    record.text(sign_in.token_endpoint);
    record.text(sign_in.userinfo_endpoint);
    record.text(sign_in.return_to);
    record.text(sign_in.origin);
    record.text(sign_in.offer);
    write_age(record, sign_in.max_age);
    write_age(record, sign_in.step_up.max_age);
    record.number(sign_in.step_up.acr.size());
    for (const std::string& acr : sign_in.step_up.acr) {
        record.text(acr);
    }
    return std::move(record).finish();
}

std::optional<SignIn> deserialize_sign_in(std::string_view bytes) {
    core::RecordReader record(bytes);
    if (record.number() != record_version) {
        return std::nullopt;
    }
    SignIn sign_in;
    sign_in.id = record.text();
    sign_in.seed = record.text();
    sign_in.started_at = static_cast<std::int64_t>(record.number());
    sign_in.begun_at = static_cast<std::int64_t>(record.number());
    sign_in.expires_at = static_cast<std::int64_t>(record.number());
    sign_in.provider = record.text();
    sign_in.provider_fingerprint = record.text();
    sign_in.token_endpoint = record.text();
    sign_in.userinfo_endpoint = record.text();
    sign_in.return_to = record.text();
    sign_in.origin = record.text();
    sign_in.offer = record.text();
    sign_in.max_age = read_age(record);
    sign_in.step_up.max_age = read_age(record);
    for (std::uint64_t left = record.number(); left != 0 && !record.failed(); --left) {
        sign_in.step_up.acr.emplace_back(record.text());
    }
    if (!record.complete() || sign_in.seed.size() != SignIn::seed_size) {
        return std::nullopt;
    }
    return sign_in;
}

std::optional<std::string_view> sign_in_id(std::string_view state) {
    if (state.size() <= SignIn::id_size) {
        return std::nullopt;
    }
    return state.substr(0, SignIn::id_size);
}

std::string sign_in_cookie_name(std::string_view cookie_name, std::string_view id) {
    std::string name(cookie_name);
    name.append("_login_").append(id);
    return name;
}

std::vector<std::string> sign_ins_to_evict(std::vector<SignInCookie> present, std::string_view cookie_name,
                                           std::int64_t now, std::size_t new_size, std::size_t others) {
    const std::size_t room = std::min(max_sign_in_bytes, max_own_bytes - std::min(others, max_own_bytes));
    const std::size_t prefix = sign_in_cookie_name(cookie_name, "").size();
    const auto time_of = [prefix, now](const SignInCookie& cookie) {
        return id_time(std::string_view(cookie.name).substr(std::min(prefix, cookie.name.size())), now);
    };
    std::stable_sort(present.begin(), present.end(),
                     [&](const SignInCookie& a, const SignInCookie& b) { return time_of(a) < time_of(b); });
    std::size_t total = new_size;
    for (const SignInCookie& cookie : present) {
        total += cookie.name.size() + cookie.size;
    }
    std::vector<std::string> evicted;
    for (const SignInCookie& cookie : present) {
        const std::size_t left = present.size() - evicted.size();
        if (left < max_sign_ins && total <= room) {
            break;
        }
        total -= cookie.name.size() + cookie.size;
        evicted.push_back(cookie.name);
    }
    return evicted;
}

} // namespace oauth::session
