// SPDX-License-Identifier: MIT
// A certificate by which this client proves itself to a server, with its key: RFC 8705, or what names the key
// in a statement that it signs. Made once, when the
// configuration is read; no file is read afterwards. The key is written out for libcurl here and nowhere
// else, and wiped with the object.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

namespace oauth::net {

class ClientCertificate {
public:
    // PEM text, at most 64 KiB: the certificate, then those that lead from it to an authority, if any. Null,
    // with a reason in `error` ("holds no certificate"), if one is broken or the first is not that key's.
    static std::shared_ptr<const ClientCertificate> create(std::string_view pem, EVP_PKEY* key,
                                                           std::string& error);
    ClientCertificate(const ClientCertificate&) = delete;
    ClientCertificate& operator=(const ClientCertificate&) = delete;
    ~ClientCertificate();

    const std::string& chain() const { return chain_; } // PEM
    const std::string& key() const { return key_; }     // PEM, a secret
    bool has_ended() const { return has_ended_; }       // when it was made
    // Of the certificate in DER, base64url: RFC 7515 4.1.7, 4.1.8.
    const std::string& sha1_thumbprint() const { return sha1_thumbprint_; }
    const std::string& sha256_thumbprint() const { return sha256_thumbprint_; }

private:
    ClientCertificate() = default;

    std::string chain_;
    std::string key_;
    std::string sha1_thumbprint_;
    std::string sha256_thumbprint_;
    bool has_ended_ = false;
};

} // namespace oauth::net
