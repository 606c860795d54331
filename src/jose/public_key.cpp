// SPDX-License-Identifier: MIT
// Makes OpenSSL keys from the numbers of a JWK, and reads the numbers back. A key is checked once, when it is
// loaded; verifying relies on that. Called by jwk.cpp and signing_key.cpp; keys are shared pointers.
#include "public_key.hpp"
#include "../core/bytes.hpp"
#include "../core/crypto.hpp"
#include "../core/openssl.hpp"
#include "ecdsa.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>

namespace oauth::jose {
namespace {

using Number = core::Owned<BIGNUM, BN_free>;
using KeyContext = core::Owned<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using ParameterBuilder = core::Owned<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Parameters = core::Owned<OSSL_PARAM, OSSL_PARAM_free>;

constexpr int min_modulus_bits = 2048;
constexpr int max_modulus_bits = 8192; // the cost of a verification grows with the square
constexpr int max_exponent_bits = 64;
constexpr std::size_t max_number_size = 2048;

const char* group_name(Curve curve) {
    switch (curve) {
    case Curve::p256:
        return "P-256";
    case Curve::p384:
        return "P-384";
    case Curve::p521:
        return "P-521";
    case Curve::ed25519:
        return "Ed25519";
    case Curve::none:
        break;
    }
    return "";
}

KeyPointer key_from(const char* type, OSSL_PARAM_BLD* builder) {
    Parameters parameters(OSSL_PARAM_BLD_to_param(builder));
    KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* key = nullptr;
    if (!parameters || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
        return nullptr;
    }
    return KeyPointer(key, FreeKey());
}

// RFC 7518 3.3: at least 2048 bits; RFC 8017 3.1: n and e are odd, e is at least 3
bool is_sane(const BIGNUM* modulus, const BIGNUM* exponent) {
    int bits = BN_num_bits(modulus);
    return bits >= min_modulus_bits && bits <= max_modulus_bits && BN_is_odd(modulus) == 1 &&
           BN_is_odd(exponent) == 1 && BN_is_one(exponent) == 0 && BN_num_bits(exponent) <= max_exponent_bits;
}

// RFC 8725 3.4: the point is on the curve
bool is_on_curve(EVP_PKEY* key) {
    KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    return context && EVP_PKEY_public_check(context.get()) == 1;
}

// The seven encodings of points of small order, without the sign bit. With such a key one signature can fit
// any message.
bool has_small_order(std::string_view x) {
    static const std::string zeros(30, '\0');
    static const std::string ones(30, '\xff');
    static const std::string points[] = {
        '\x00' + zeros + '\x00',
        '\x01' + zeros + '\x00',
        // NOLINTNEXTLINE(bugprone-suspicious-missing-comma): 32 bytes on two lines
        "\x26\xe8\x95\x8f\xc2\xb2\x27\xb0\x45\xc3\xf4\x89\xf2\xef\x98\xf0"
        "\xd5\xdf\xac\x05\xd3\xc6\x33\x39\xb1\x38\x02\x88\x6d\x53\xfc\x05",
        "\xc7\x17\x6a\x70\x3d\x4d\xd8\x4f\xba\x3c\x0b\x76\x0d\x10\x67\x0f"
        "\x2a\x20\x53\xfa\x2c\x39\xcc\xc6\x4e\xc7\xfd\x77\x92\xac\x03\x7a",
        '\xec' + ones + '\x7f',
        '\xed' + ones + '\x7f',
        '\xee' + ones + '\x7f',
    };
    std::string unsigned_x(x);
    unsigned_x.back() = static_cast<char>(unsigned_x.back() & 0x7f);
    return std::find(std::begin(points), std::end(points), unsigned_x) != std::end(points);
}

Number number_of(const EVP_PKEY* key, const char* name) {
    BIGNUM* number = nullptr;
    static_cast<void>(EVP_PKEY_get_bn_param(key, name, &number));
    return Number(number);
}

// Big-endian, base64url; padded to `size` bytes, or as short as possible if that is 0. Empty on failure.
std::string encoded_number(const EVP_PKEY* key, const char* name, std::size_t size) {
    auto number = number_of(key, name);
    if (!number) {
        return "";
    }
    std::string bytes(size == 0 ? static_cast<std::size_t>(BN_num_bytes(number.get())) : size, '\0');
    int width = static_cast<int>(bytes.size());
    return BN_bn2binpad(number.get(), core::bytes_of(bytes), width) == width ? core::base64url_encode(bytes)
                                                                             : "";
}

std::string encoded_raw_key(const EVP_PKEY* key) {
    std::string bytes(coordinate_size(Curve::ed25519), '\0');
    std::size_t size = bytes.size();
    bool read = EVP_PKEY_get_raw_public_key(key, core::bytes_of(bytes), &size) == 1 && size == bytes.size();
    return read ? core::base64url_encode(bytes) : "";
}

} // namespace

void FreeKey::operator()(EVP_PKEY* key) const {
    EVP_PKEY_free(key);
}

KeyPointer make_rsa_key(std::string_view modulus, std::string_view exponent) {
    core::QuietErrors quiet;
    if (modulus.size() > max_number_size || exponent.size() > max_number_size) {
        return nullptr;
    }
    Number n(BN_bin2bn(core::bytes_of(modulus), static_cast<int>(modulus.size()), nullptr));
    Number e(BN_bin2bn(core::bytes_of(exponent), static_cast<int>(exponent.size()), nullptr));
    ParameterBuilder builder(OSSL_PARAM_BLD_new());
    if (!n || !e || !builder || !is_sane(n.get(), e.get()) ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
        OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
        return nullptr;
    }
    return key_from("RSA", builder.get());
}

KeyPointer make_ec_key(Curve curve, std::string_view x, std::string_view y) {
    core::QuietErrors quiet;
    // RFC 7518 6.2.1.2, 6.2.1.3: coordinates have the full size
    auto size = coordinate_size(curve);
    ParameterBuilder builder(OSSL_PARAM_BLD_new());
    if (x.size() != size || y.size() != size || !builder) {
        return nullptr;
    }
    std::string point = "\x04"; // uncompressed
    point.append(x).append(y);
    if (OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, group_name(curve), 0) !=
            1 ||
        OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                         point.size()) != 1) {
        return nullptr;
    }
    auto key = key_from("EC", builder.get());
    return key && is_on_curve(key.get()) ? key : nullptr;
}

KeyPointer make_ed25519_key(std::string_view x) {
    core::QuietErrors quiet;
    // RFC 8032 5.1.5: 32 bytes
    if (x.size() != coordinate_size(Curve::ed25519) || has_small_order(x)) {
        return nullptr;
    }
    EVP_PKEY* key = EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, core::bytes_of(x), x.size());
    return key != nullptr ? KeyPointer(key, FreeKey()) : nullptr;
}

bool is_sane_rsa_key(const EVP_PKEY* key) {
    auto n = number_of(key, OSSL_PKEY_PARAM_RSA_N);
    auto e = number_of(key, OSSL_PKEY_PARAM_RSA_E);
    return n && e && is_sane(n.get(), e.get());
}

Members public_members(const EVP_PKEY* key, KeyType type, Curve curve) {
    core::QuietErrors quiet;
    Members members;
    if (type == KeyType::rsa) {
        members = {{"e", encoded_number(key, OSSL_PKEY_PARAM_RSA_E, 0)},
                   {"kty", "RSA"},
                   {"n", encoded_number(key, OSSL_PKEY_PARAM_RSA_N, 0)}};
    } else if (type == KeyType::ec) {
        auto size = coordinate_size(curve);
        members = {{"crv", group_name(curve)},
                   {"kty", "EC"},
                   {"x", encoded_number(key, OSSL_PKEY_PARAM_EC_PUB_X, size)},
                   {"y", encoded_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, size)}};
    } else if (type == KeyType::okp) {
        members = {{"crv", group_name(curve)}, {"kty", "OKP"}, {"x", encoded_raw_key(key)}};
    }
    bool failed =
        std::any_of(members.begin(), members.end(), [](const auto& member) { return member.second.empty(); });
    return failed ? Members() : members;
}

std::string thumbprint_of(const Members& members) {
    core::JsonObjectWriter writer;
    for (const auto& [name, value] : members) {
        writer.add(name, value);
    }
    return core::base64url_encode(core::digest(core::Hash::sha256, std::move(writer).finish()));
}

} // namespace oauth::jose
