// SPDX-License-Identifier: MIT
// A key's OpenSSL context, made ready once. To make one takes OpenSSL longer than to check an RSA signature,
// because it looks up several things by name. Used in src/jose only.
#pragma once

#include "../core/openssl.hpp"
#include "algorithm.hpp"

#include <openssl/evp.h>

namespace oauth::jose {

using DigestContext = core::Owned<EVP_MD_CTX, EVP_MD_CTX_free>;

class KeptContext {
public:
    enum class Use { sign, verify };

    explicit KeptContext(Use use) : use_(use) {}

    // For one call of EVP_DigestSign or EVP_DigestVerify. Null if OpenSSL fails or the key does not fit.
    DigestContext for_one(const Algorithm& algorithm, EVP_PKEY* key);

private:
    DigestContext make(const Algorithm& algorithm, EVP_PKEY* key) const;

    Use use_;
    const Algorithm* algorithm_ = nullptr; // that context_ is for, and the key, which it keeps
    const EVP_PKEY* key_ = nullptr;
    DigestContext context_;
};

} // namespace oauth::jose
