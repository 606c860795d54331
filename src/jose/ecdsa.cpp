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
using Number = core::Owned<BIGNUM, BN_free>;

Number number(std::string_view bytes) {
    return Number(BN_bin2bn(core::bytes_of(bytes), static_cast<int>(bytes.size()), nullptr));
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
    const core::QuietErrors quiet;
    // RFC 7518 3.4: r and s have the full size each
    auto size = coordinate_size(curve);
    if (size == 0 || raw.size() != 2 * size) {
        return std::nullopt;
    }
    Signature signature(ECDSA_SIG_new());
    auto r = number(raw.substr(0, size));
    auto s = number(raw.substr(size));
    if (!signature || !r || !s || ECDSA_SIG_set0(signature.get(), r.get(), s.get()) != 1) {
        return std::nullopt;
    }
    // The signature owns both numbers from here on.
    static_cast<void>(r.release());
    static_cast<void>(s.release());
    int length = i2d_ECDSA_SIG(signature.get(), nullptr);
    if (length <= 0) {
        return std::nullopt;
    }
    std::string der(static_cast<std::size_t>(length), '\0');
    auto* end = core::bytes_of(der);
    return i2d_ECDSA_SIG(signature.get(), &end) == length ? std::optional(der) : std::nullopt;
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
