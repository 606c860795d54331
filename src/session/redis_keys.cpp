// SPDX-License-Identifier: MIT
// See redis_keys.hpp.
#include "redis_keys.hpp"

#include "../core/bytes.hpp"
#include "../core/crypto.hpp"
#include "../core/record.hpp"

#include <utility>

namespace oauth::session {

std::optional<RedisKeys> RedisKeys::create(std::string prefix, const std::vector<std::string>& secrets) {
    RedisKeys keys;
    keys.prefix_ = std::move(prefix);
    for (const std::string& secret : secrets) {
        auto derived = core::hkdf_sha256(secret, "ngx_http_oauth_module", "names in redis", 32);
        if (!derived) {
            return std::nullopt;
        }
        keys.secrets_.push_back(std::move(*derived));
    }
    return keys;
}

std::string RedisKeys::session(std::string_view handle, std::string_view base_url) const {
    core::RecordWriter record;
    record.text(handle);
    record.text(base_url);
    const std::string hash = core::digest(core::Hash::sha256, std::move(record).finish());
    return prefix_ + "s:" + core::base64url_encode(hash);
}

std::string RedisKeys::lock(std::string_view session) const {
    return prefix_ + "l:" + core::base64url_encode(core::digest(core::Hash::sha256, session));
}

std::string RedisKeys::once(std::string_view value) const {
    return prefix_ + "j:" + core::base64url_encode(core::digest(core::Hash::sha256, value));
}

std::vector<std::string> RedisKeys::all(const char* kind, std::string_view mark) const {
    std::vector<std::string> names;
    names.reserve(secrets_.size());
    for (const std::string& secret : secrets_) {
        names.push_back(prefix_ + kind +
                        core::base64url_encode(core::hmac(core::Hash::sha256, secret, mark)));
    }
    return names;
}

} // namespace oauth::session
