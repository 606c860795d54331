// SPDX-License-Identifier: MIT
// Converts ECDSA signatures between r || s and DER. Called by jws.cpp for each ES256, ES384 and ES512
// signature. The caller owns what is returned.
#include "ecdsa.hpp"
#include "../core/openssl.hpp"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>

namespace oauth::jose {
namespace {

using Signature = core::Owned<ECDSA_SIG, ECDSA_SIG_free>;
// X.690 8.3: an integer as short as it can be, which is positive
std::string der_integer(std::string_view bytes) {
    while (bytes.size() > 1 && bytes.front() == '\0') {
        bytes.remove_prefix(1);
    }
    const bool looks_negative = (static_cast<unsigned char>(bytes.front()) & 0x80) != 0;
    std::string integer = "\x02";
    integer.push_back(static_cast<char>(bytes.size() + (looks_negative ? 1 : 0)));
    integer.append(looks_negative ? 1 : 0, '\0').append(bytes);
    return integer;
}

} // namespace

std::size_t coordinate_size(Curve curve) {
    switch (curve) {
    case Curve::p256:
    case Curve::ed25519:
        return 32;
    case Curve::p384:
        return 48;
    case Curve::p521:
        return 66;
    case Curve::none:
        break;
    }
    return 0;
}

std::optional<std::string> ecdsa_to_der(std::string_view raw, Curve curve) {
    constexpr std::size_t longest_short_form = 127; // X.690 8.1.3.4
    // RFC 7518 3.4: r and s have the full size each
    auto size = coordinate_size(curve);
    if (size == 0 || raw.size() != 2 * size) {
        return std::nullopt;
    }
    const std::string numbers = der_integer(raw.substr(0, size)) + der_integer(raw.substr(size));
    std::string der = numbers.size() > longest_short_form ? "\x30\x81" : "\x30";
    der.push_back(static_cast<char>(numbers.size()));
    return der.append(numbers);
}

std::optional<std::string> ecdsa_to_raw(std::string_view der, Curve curve) {
    const core::QuietErrors quiet;
    auto size = coordinate_size(curve);
    const auto* end = core::bytes_of(der);
    Signature signature(d2i_ECDSA_SIG(nullptr, &end, static_cast<long>(der.size())));
    if (!signature || size == 0) {
        return std::nullopt;
    }
    std::string raw(2 * size, '\0');
    auto width = static_cast<int>(size);
    if (BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), core::bytes_of(raw), width) != width ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), core::bytes_of(raw) + size, width) != width) {
        return std::nullopt;
    }
    return raw;
}

} // namespace oauth::jose
