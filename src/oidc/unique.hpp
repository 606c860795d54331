// SPDX-License-Identifier: MIT
// Identifiers that nobody makes twice: the jti of what this client signs. Used in this folder only.
#pragma once

#include "../core/bytes.hpp"
#include "../core/crypto.hpp"

#include <array>
#include <new>
#include <string>

namespace oauth::oidc {

// 128 random bits, base64url. Throws std::bad_alloc where there is no randomness: what OpenSSL lacks then is
// memory.
inline std::string unique_id(core::Random& random) {
    std::array<char, 16> bytes{};
    if (!random.fill(bytes.data(), bytes.size())) {
        throw std::bad_alloc();
    }
    return core::base64url_encode({bytes.data(), bytes.size()});
}

} // namespace oauth::oidc
