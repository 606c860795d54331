// SPDX-License-Identifier: MIT
// Sets of trusted certificates. Each is parsed once from PEM text and shared by all connections of a client,
// so that no certificate file is opened or parsed while requests are served.
#pragma once

#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

namespace oauth::net {

struct TrustDeleter {
    void operator()(X509_STORE* store) const noexcept { X509_STORE_free(store); }
};
using Trust = std::unique_ptr<X509_STORE, TrustDeleter>;

// Trusts every certificate in the text. Null, with a reason in `error`, if there is none or one is broken.
// Both throw std::bad_alloc.
Trust trust_certificates(std::string_view pem, std::string& error);

// Trusts the certificates in the file that can be read, and none if there is no such file. Throws
// std::runtime_error, with the file's name, if it cannot be opened or read, or holds none.
Trust trust_certificates_file(const char* path);

// PEM text that libcurl can read and that no other set of certificates has: one of them, and a hash of all.
// Throws std::bad_alloc.
std::string mark_of_trust(X509_STORE* store, std::string_view pem);

} // namespace oauth::net
