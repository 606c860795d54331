// SPDX-License-Identifier: MIT
// The two forms of an ECDSA signature: r || s in big-endian of the field's size (RFC 7518 section 3.4), and
// the DER that OpenSSL takes and gives. Used inside src/jose only.
#pragma once

#include "jwk.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace oauth::jose {

// Bytes of one coordinate: 32, 48, 66; Ed25519 32; 0 for none.
std::size_t coordinate_size(Curve curve);

// Nothing unless the signature has exactly twice the coordinate's size.
std::optional<std::string> ecdsa_to_der(std::string_view raw, Curve curve);
std::optional<std::string> ecdsa_to_raw(std::string_view der, Curve curve);

} // namespace oauth::jose
