// SPDX-License-Identifier: MIT
// The two forms of an ECDSA signature: r || s, big-endian and padded to the size of the curve's field (RFC
// 7518 3.4), and the DER that OpenSSL uses. Used in src/jose only.
#pragma once

#include "jwk.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace oauth::jose {

// RFC 7518 6.2.1.2. Bytes of one coordinate: P-256 32, P-384 48, P-521 66, Ed25519 32; 0 for Curve::none.
std::size_t coordinate_size(Curve curve);

// RFC 7518 3.4. nullopt unless `raw` has exactly twice the size of a coordinate.
std::optional<std::string> ecdsa_to_der(std::string_view raw, Curve curve);
// nullopt if `der` is not an ECDSA signature or its numbers are too large for the curve.
std::optional<std::string> ecdsa_to_raw(std::string_view der, Curve curve);

} // namespace oauth::jose
