// SPDX-License-Identifier: MIT
// See kept_context.hpp. The context that is kept is never used itself: each signature gets a copy.
#include "kept_context.hpp"

#include <openssl/rsa.h>

namespace oauth::jose {
namespace {

// Null for EdDSA, which does its own hashing.
const char* hash_name(const Algorithm& algorithm) {
    if (algorithm.family == Family::eddsa) {
        return nullptr;
    }
    switch (algorithm.hash) {
    case core::Hash::sha256:
        return "SHA256";
    case core::Hash::sha384:
        return "SHA384";
    case core::Hash::sha512:
        break;
    }
    return "SHA512";
}

bool set_padding(EVP_PKEY_CTX* context, Family family) {
    if (family != Family::rsa_pss) {
        return true;
    }
    // RFC 7518 3.5: the salt is as long as the hash, and MGF1 uses the same hash (OpenSSL's default)
    return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

} // namespace

DigestContext KeptContext::make(const Algorithm& algorithm, EVP_PKEY* key) const {
    DigestContext context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* settings = nullptr;
    const auto init = use_ == Use::sign ? EVP_DigestSignInit_ex : EVP_DigestVerifyInit_ex;
    const bool is_ready =
        context &&
        init(context.get(), &settings, hash_name(algorithm), nullptr, nullptr, key, nullptr) == 1 &&
        set_padding(settings, algorithm.family);
    return is_ready ? std::move(context) : nullptr;
}

DigestContext KeptContext::for_one(const Algorithm& algorithm, EVP_PKEY* key) {
    core::QuietErrors quiet;
    if (algorithm.family == Family::eddsa) { // some releases of OpenSSL 3 copy no context without a hash
        return make(algorithm, key);
    }
    if (!context_ || algorithm_ != &algorithm || key_ != key) {
        context_ = make(algorithm, key);
        algorithm_ = &algorithm;
        key_ = key;
    }
    DigestContext copy(EVP_MD_CTX_new());
    if (!context_ || !copy || EVP_MD_CTX_copy_ex(copy.get(), context_.get()) != 1) {
        return nullptr;
    }
    EVP_MD_CTX_set_flags(copy.get(), EVP_MD_CTX_FLAG_FINALISE); // it may use up the copy, and makes none
    return copy;
}

} // namespace oauth::jose
